// Corpus into minibatches, as `d2l_rnn.batching` cuts it, with the same random numbers.

import { Random } from "./random.js";

/**
 * An epoch's minibatches in sequential partitioning: row i of one goes on where row i of
 * the one before ended. {X, Y, count}: tokens and labels, (count, B, T), one row after
 * another.
 */
export function sequential(corpus, batchSize, numSteps, offset) {
  const length = Math.floor((corpus.length - offset - 1) / batchSize); // of a row
  const count = Math.floor(length / numSteps);
  const starts = [];
  for (let i = 0; i < count; i += 1) {
    for (let row = 0; row < batchSize; row += 1) starts.push(offset + row * length + i * numSteps);
  }
  return { ...cut(corpus, starts, numSteps), count };
}

/** The same in random sampling: neighbouring minibatches have nothing to do with each other. */
export function random(corpus, batchSize, numSteps, rng) {
  const offset = rng.randint(0, numSteps - 1);
  const many = Math.floor((corpus.length - offset - 1) / numSteps);
  const starts = Array.from({ length: many }, (_, i) => offset + i * numSteps);
  rng.shuffle(starts);
  const count = Math.floor(many / batchSize);
  return { ...cut(corpus, starts.slice(0, count * batchSize), numSteps), count };
}

/** The subsequences that begin at these places, and the same moved by one token. */
function cut(corpus, starts, numSteps) {
  const X = new Int32Array(starts.length * numSteps);
  const Y = new Int32Array(X.length);
  starts.forEach((start, i) => {
    X.set(corpus.subarray(start, start + numSteps), i * numSteps);
    Y.set(corpus.subarray(start + 1, start + numSteps + 1), i * numSteps);
  });
  return { X, Y };
}

/** Minibatches of a corpus: each call of `epoch` draws a new offset, and a new order. */
export class SequenceLoader {
  constructor(corpus, { batchSize, numSteps, isRandom, seed }) {
    Object.assign(this, { corpus, batchSize, numSteps, isRandom });
    this.rng = new Random(seed);
  }

  epoch() {
    const { corpus, batchSize, numSteps, rng } = this;
    if (this.isRandom) return random(corpus, batchSize, numSteps, rng);
    return sequential(corpus, batchSize, numSteps, rng.randint(0, numSteps));
  }
}

/** True if there is a minibatch of this size in so many tokens, whatever the offset. */
export function fits(numTokens, batchSize, numSteps) {
  return numTokens >= batchSize * numSteps + numSteps + 1;
}
