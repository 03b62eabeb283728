// Training, as `d2l_rnn.training` does it, but so that it may stop between any two
// minibatches: a Trainer trains one Run at a time, and others wait where they were.

import { COLUMNS } from "../columns.js";
import { fits, sequential, SequenceLoader } from "./batching.js";
import { initialParams, Model } from "./rnn.js";

const MEASURED = { B: 4, T: 20 }; // minibatches of the held-out text
const MOST = 128; // minibatches in a call

/**
 * A setting, and what has been learned with it so far. `text` is {corpus, heldOut,
 * vocab}; `setting` is {theta, lr, seed, numHiddens, batchSize, numSteps, isRandom}.
 */
export class Run {
  constructor(text, setting) {
    Object.assign(this, { text, setting, hasDiverged: false });
    this.speeds = []; // tokens per second in each epoch
    this.milliseconds = 0; // of this epoch so far
    this.params = initialParams(text.vocab.length, setting.numHiddens, setting.seed);
    this.kept = this.params; // after the last whole epoch
    this.loader = new SequenceLoader(text.corpus, setting);
    this.state = new Float32Array(setting.batchSize * setting.numHiddens);
    this.columns = COLUMNS.map(() => []);
    this.minibatches = null; // of the epoch that has begun
    this.count = 0; // how many an epoch has
    this.losses = [];
    this.norms = [];
  }

  /** A run that has come so far already: `columns` and `speeds` of its epochs. */
  static restored(text, setting, { params, columns, speeds }) {
    const run = new Run(text, setting);
    Object.assign(run, { params, kept: params, columns, speeds });
    run.hasDiverged = columns[0].some((perplexity) => !Number.isFinite(perplexity));
    for (let i = 0; i < run.numEpochs; i += 1) run.loader.epoch(); // draws what they drew
    return run;
  }

  get numEpochs() {
    return this.columns[0].length;
  }

  /** Minibatches of this epoch that have been learned from. */
  get at() {
    return this.losses.length;
  }

  /** The columns one after the other, as the curves' view reads them. */
  curve() {
    return new DataView(Float64Array.from(this.columns.flat()).buffer);
  }

  /** Add the record of an epoch, and begin another. */
  add(heldOut) {
    const radius = this.setting.theta ?? Infinity;
    const perplexity = this.hasDiverged ? Infinity : perplexityOf(this.losses);
    const norms = this.norms.filter(Number.isFinite);
    const record = [perplexity, mean(norms), mean(norms.map((norm) => Math.min(norm, radius))), mean(norms.map((norm) => Number(norm > radius))), heldOut];
    record.forEach((number, i) => this.columns[i].push(number));
    const numTokens = this.losses.length * this.setting.batchSize * this.setting.numSteps;
    this.speeds.push((1000 * numTokens) / this.milliseconds);
    Object.assign(this, { minibatches: null, losses: [], norms: [], milliseconds: 0 });
  }
}

/** exp of the mean cross-entropy; infinite where that is not a number, or too large. */
function perplexityOf(losses) {
  const perplexity = Math.exp(mean(losses));
  return Number.isNaN(perplexity) ? Infinity : perplexity;
}

const mean = (numbers) => (numbers.length ? numbers.reduce((a, b) => a + b, 0) / numbers.length : Number.NaN);

/** Trains one run at a time, in the memory of an engine. */
export class Trainer {
  constructor(engine) {
    Object.assign(this, { engine, run: null, each: 0 }); // milliseconds that a minibatch takes
  }

  /** Go on with this run: the one before it waits, as it is. */
  take(run) {
    if (run === this.run) return;
    this.leave();
    const { text, setting } = run;
    const sizes = { V: text.vocab.length, H: setting.numHiddens };
    this.engine.begin();
    this.room = this.engine.layOut({ ...sizes, B: setting.batchSize, T: setting.numSteps }, MOST);
    this.heldOut = heldOutOf(text);
    this.reading = this.heldOut && this.engine.layOut({ ...sizes, ...MEASURED }, this.heldOut.count, this.room);
    this.engine.params(this.room).forEach((param, i) => param.set(run.params[i]));
    this.engine.state(this.room).set(run.state);
    Object.assign(this, { run, each: 0 });
  }

  leave() {
    if (!this.run) return;
    this.run.params = this.run.at ? this.copies() : this.run.kept;
    this.run.state = this.engine.state(this.room).slice();
    this.run = null;
  }

  copies() {
    return this.engine.params(this.room).map((param) => param.slice());
  }

  /** A run's model as it is now. */
  model(run) {
    return new Model(run === this.run ? this.engine.params(this.room) : run.params);
  }

  /**
   * Learn for about so many milliseconds, from `most` minibatches at most, and to the end
   * of the epoch at most: true if it has come to that.
   */
  advance(milliseconds, most = MOST) {
    const { run, engine, room } = this;
    if (run.hasDiverged) return false;
    run.minibatches ??= this.begin();
    const { X, Y, count } = run.minibatches;
    const size = room.B * room.T;
    const wanted = this.each ? Math.max(1, Math.floor(milliseconds / this.each)) : 1;
    const end = run.at + Math.min(wanted, most, MOST, count - run.at);
    const part = [run.at * size, end * size];
    const began = performance.now();
    const steps = engine.train(room, X.subarray(...part), Y.subarray(...part), { ...run.setting, isFresh: run.setting.isRandom });
    this.measure(performance.now() - began, steps.losses.length);
    run.losses.push(...steps.losses);
    run.norms.push(...steps.norms);
    run.hasDiverged = steps.diverged;
    if (run.at < count && !run.hasDiverged) return false;
    this.end();
    return true;
  }

  /** An epoch begins with a state of zeros. */
  begin() {
    this.engine.state(this.room).fill(0);
    const minibatches = this.run.loader.epoch();
    this.run.count = minibatches.count;
    return minibatches;
  }

  measure(milliseconds, numMinibatches) {
    this.each = milliseconds / numMinibatches || 0.01;
    this.run.milliseconds += milliseconds;
  }

  end() {
    const { run } = this;
    run.hasDiverged ||= perplexityOf(run.losses) === Infinity;
    run.add(run.hasDiverged ? Number.NaN : this.heldOutPerplexity());
    this.engine.params(this.room).forEach((param, i) => run.kept[i].set(param));
  }

  /** The perplexity on the text that nothing is learned from, or NaN without one. */
  heldOutPerplexity() {
    if (!this.reading) return Number.NaN;
    this.engine.state(this.reading).fill(0);
    return perplexityOf(this.engine.read(this.reading, this.heldOut.X, this.heldOut.Y));
  }
}

function heldOutOf({ heldOut }) {
  const { B, T } = MEASURED;
  return fits(heldOut.length, B, T) ? sequential(heldOut, B, T, 0) : null;
}
