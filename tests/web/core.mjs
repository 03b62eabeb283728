// What the page computes with, asked from Python: node core.mjs < questions > answers
//
// A question is {name, …}; an answer is what JSON can hold.

import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto; // Node 18 has it under another name
const web = new URL("../../d2l_rnn/web/src/", import.meta.url);
const [batching, engine, files, generating, ngrams, random, rnn, settings, text, training, corpus] = await Promise.all(
  ["rnn/batching", "rnn/engine", "playground/files", "rnn/generating", "rnn/ngrams", "rnn/random", "rnn/rnn", "playground/settings", "rnn/text", "rnn/training", "playground/corpus"].map(
    (name) => import(new URL(`${name}.js`, web)),
  ),
);
const wasm = new WebAssembly.Module(readFileSync(new URL("../../d2l_rnn/engine/bin/engine.wasm", import.meta.url)));
const trainer = new training.Trainer(new engine.Engine(wasm));
const list = (numbers) => Array.from(numbers);
const setting = { theta: 1, lr: 1, seed: 0, numHiddens: 32, batchSize: 32, numSteps: 35, isRandom: false };

/** Go on with a run to an epoch, in slices of so many minibatches. */
function goOn(run, numEpochs, most) {
  trainer.take(run);
  while (run.numEpochs < numEpochs && !run.hasDiverged) trainer.advance(1e9, most);
}

const answers = {
  settings: () => settings.SETTINGS,
  random({ seed }) {
    const rng = new random.Random(seed);
    const order = list({ length: 40 }).map((_, i) => i);
    const numbers = [1, 7, 35, 2 ** 20].map((high) => rng.randint(0, high));
    rng.shuffle(order);
    return { numbers, order, share: rng.random() };
  },
  params: ({ V, H, seed }) => rnn.initialParams(V, H, seed).map(list),
  minibatches({ tokens, numEpochs, ...how }) {
    const loader = new batching.SequenceLoader(Int32Array.from(tokens), how);
    return list({ length: numEpochs }).map(() => {
      const { X, Y, count } = loader.epoch();
      return { X: list(X), Y: list(Y), count };
    });
  },
  text({ whole, isClean }) {
    const tokens = text.characters(whole, isClean);
    const vocab = new text.Vocab(tokens);
    return { tokens: list(vocab.encode(tokens)), vocab: vocab.tokens, freqs: vocab.freqs };
  },
  ngrams({ seen, fresh, vocabSize }) {
    const [old, more] = [seen, fresh].map((tokens) => Int32Array.from(tokens));
    return { bigram: ngrams.bigramPerplexity(old, vocabSize), best: ngrams.bestNgram(old, more, vocabSize) };
  },
  gradient({ params, X, Y, B, T }) {
    const machine = new engine.Engine(wasm);
    const [H, V] = [params[2].length, params[4].length];
    const room = machine.layOut({ T, B, H, V }, 1);
    machine.params(room).forEach((param, i) => param.set(params[i]));
    const { losses, norms } = machine.train(room, Int32Array.from(X), Int32Array.from(Y), { lr: 0, theta: null, isFresh: true });
    return { losses, norms, gradients: machine.params(room, "gradient").map(list) };
  },
  run({ whole, isClean, numEpochs, prefix, most, apart = false, ...how }) {
    const learned = corpus.corpusOf(whole, isClean);
    const run = new training.Run(learned, { ...setting, ...how });
    if (apart) {
      // Another run takes the engine in the middle of an epoch, and again.
      const other = new training.Run(learned, { ...setting, numHiddens: 48, numSteps: 20 });
      for (let i = 0; i < 5; i += 1) {
        for (const each of [run, other]) {
          trainer.take(each);
          trainer.advance(1e9, 3);
        }
      }
    }
    goOn(run, numEpochs, most);
    const indices = learned.vocab.encode([...prefix]);
    const greedy = learned.vocab.decode(generating.predict([...indices], 50, trainer.model(run))).join("");
    return { columns: run.columns, greedy, hasDiverged: run.hasDiverged, levels: learned.levels, numLearned: learned.corpus.length, numHeldOut: learned.heldOut.length };
  },
  async saved({ whole, isClean, numEpochs, ...how }) {
    const run = new training.Run(corpus.corpusOf(whole, isClean), { ...setting, ...how });
    goOn(run, numEpochs);
    return { bytes: Buffer.from(await files.fileOf(run, "test")).toString("base64"), params: run.kept.map(list), columns: run.columns };
  },
  async opened({ bytes, whole, isClean, numEpochs }) {
    const run = await files.runFrom(new Uint8Array(Buffer.from(bytes, "base64")), corpus.corpusOf(whole, isClean), setting);
    const [params, before] = [run.kept.map(list), run.columns.map(list)];
    goOn(run, numEpochs);
    return { params, before, columns: run.columns, setting: run.setting, vocab: run.text.vocab.tokens };
  },
};

const told = [];
for (const { name, ...question } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    told.push({ answer: await answers[name](question) });
  } catch (error) {
    told.push({ error: error.message });
  }
}
const words = (_, each) => (typeof each === "number" && !Number.isFinite(each) ? String(each) : each);
process.stdout.write(JSON.stringify(told, words));
