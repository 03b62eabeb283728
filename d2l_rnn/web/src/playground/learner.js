// What the worker does: it trains runs, and tells the page of it. No page, no worker's
// globals: messages come by `receive` and go by `post(message, transferred)`.
//
// To it, {kind, …}:
//   text     {id, text, isClean}
//   learn    {id, text, setting, numEpochs}   show this run; begin it if it is new
//   go       {isPaused}      step  {unit}     "minibatch" or "epoch", then pause
//   remove   {id}            drop  {id}       a text that no run reads any more
//   ask      {prefix, temperature, draw}      what to write with
//   beside   {ids}           kept runs, whose texts stand beside that of the current one
//   save     {id, version}   open  {id, text, bytes, fallback}
// From it: state, levels, best, written, file, opened, refused; session.js hears them.

import { predict, readThrough, sample } from "../rnn/generating.js";
import { Random } from "../rnn/random.js";
import { Run, Trainer } from "../rnn/training.js";
import { Refusal } from "../words.js";
import { corpusOf, fitted, toBeat } from "./corpus.js";
import { fileOf, runFrom } from "./files.js";

const SLICE = 6; // milliseconds of training between two looks at the messages
const FRAME = 30; // and between two states that are posted
const WRITE = 300; // and between two texts
const SHARE = 10; // of the time, writing may take one part in so many
const LENGTH = 80; // characters that a model writes
const PASSAGE = 120; // characters of the text that it reads
const UNITS = 24; // hidden units whose states are told: all would be much to send
const MOST_NUMBERS = 2_000_000; // parameters of all the models that are kept
const LIKELY = 5; // next characters that are told

export class Learner {
  /** `later(act)` calls `act` after the messages that have come meanwhile. */
  constructor(engine, post, later) {
    Object.assign(this, { trainer: new Trainer(engine), post, later });
    Object.assign(this, { texts: new Map(), runs: new Map(), current: null, beside: [] });
    Object.assign(this, { isPaused: false, step: null, isAwake: false, posted: 0, wrote: 0, writing: 0 });
    this.goal = 0; // the epoch that the current run learns to
    this.asked = { prefix: "", temperature: 1, draw: 0 };
  }

  async receive({ kind, ...what }) {
    try {
      await this[`on_${kind}`](what);
    } catch (error) {
      this.post({ kind: "refused", of: kind, id: what.id, words: error.words ?? error.message, values: error.values });
    }
    this.wake();
  }

  // ---- What is asked for ----

  on_text({ id, text, isClean }) {
    this.know(id, corpusOf(text, isClean));
  }

  know(id, text) {
    this.texts.set(id, text);
    const { levels, numCharacters, numUnknown } = text;
    this.post({ kind: "levels", id, levels, numCharacters, numUnknown });
  }

  on_learn({ id, text, setting, numEpochs }) {
    if (!this.runs.has(id) && !this.texts.has(text)) return; // it was refused
    const run = this.runs.get(id) ?? this.begin(this.texts.get(text), setting);
    this.trainer.take(run); // which fails where memory is short, and then nothing changes
    this.runs.delete(id); // so that the latest is the last
    this.runs.set(id, run);
    Object.assign(this, { current: id, goal: numEpochs, isPaused: false, step: null, wrote: 0 });
    this.forget();
    this.tell(); // if it is done already, nothing else will
  }

  begin(text, setting) {
    return new Run(text, { ...setting, ...fitted(text.corpus.length, setting) });
  }

  /**
   * Of many runs the oldest are forgotten: to train one again gives the same curve. One
   * from a file would begin anew without what it had learned, and is kept.
   */
  forget() {
    let numbers = 0;
    for (const [id, run] of [...this.runs].reverse()) {
      numbers += run.kept.reduce((sum, param) => sum + param.length, 0);
      if (numbers > MOST_NUMBERS && id !== this.current && !run.isFromFile) this.runs.delete(id);
    }
  }

  on_go({ isPaused }) {
    Object.assign(this, { isPaused, step: null });
    this.tell();
  }

  on_step({ unit }) {
    if (!this.run || this.run.hasDiverged) return;
    Object.assign(this, { isPaused: false, step: unit });
    this.goal = Math.max(this.goal, this.run.numEpochs + 1);
  }

  on_remove({ id }) {
    if (id === this.current) {
      this.trainer.leave();
      this.current = null;
    }
    this.runs.delete(id);
  }

  on_drop({ id }) {
    this.texts.delete(id);
  }

  on_ask(asked) {
    Object.assign(this, { asked, wrote: 0 });
  }

  on_beside({ ids }) {
    this.beside = ids;
  }

  async on_save({ id, version }) {
    const run = this.runs.get(id);
    const numEpochs = run?.numEpochs; // it may learn on while the file is made
    const bytes = await fileOf(run, version);
    this.post({ kind: "file", setting: run.setting, numEpochs, bytes }, [bytes.buffer]);
  }

  async on_open({ id, text, bytes, fallback }) {
    const known = this.texts.get(text);
    if (!known) throw new Refusal("there is no text for it to read: choose one first");
    const run = await runFrom(bytes, known, fallback);
    const isOwn = run.text !== known; // by another vocabulary
    const read = isOwn ? `${text}, as ${id} reads it` : text;
    this.runs.set(id, run);
    this.post({ kind: "opened", id, text: read, setting: run.asked, numEpochs: run.numEpochs });
    if (isOwn) this.know(read, run.text); // now that a run reads it, the page keeps it
  }

  // ---- Work ----

  get run() {
    return this.runs.get(this.current);
  }

  get isRunning() {
    return Boolean(this.run) && !this.isPaused && !this.run.hasDiverged && this.run.numEpochs < this.goal;
  }

  wake() {
    if (this.isAwake) return;
    this.isAwake = true;
    this.later(() => {
      this.isAwake = false;
      if (this.work()) this.wake();
    });
  }

  /** A slice of what there is to do; true if there is more. */
  work() {
    if (!this.run) return false;
    const wasRunning = this.isRunning;
    if (wasRunning) this.train();
    const now = performance.now();
    const isOver = wasRunning && !this.isRunning;
    if (isOver || (wasRunning && now - this.posted > FRAME)) this.tell();
    if (this.isTimeToWrite(now) || isOver) this.write(this.current);
    else if (this.isToBeat) this.beat();
    else if (this.outdated !== undefined) this.write(this.outdated);
    return this.isRunning || !this.wrote || this.isToBeat || this.outdated !== undefined;
  }

  /** A kept run that has written with another prefix, temperature or draw than the current one. */
  get outdated() {
    if (!this.wrote) return undefined; // the current one first
    return this.beside.find((id) => {
      const run = this.runs.get(id);
      return run?.text === this.run.text && run.wroteWith !== this.asked;
    });
  }

  /** True if the n-grams of this text are not known yet: they wait for the first point. */
  get isToBeat() {
    return this.run.numEpochs > 0 && this.run.text.best === undefined;
  }

  train() {
    const { run, trainer, step } = this;
    trainer.take(run);
    const isFirst = run.numEpochs === 0;
    const hasEnded = trainer.advance(SLICE, step === "minibatch" ? 1 : undefined);
    if (step === "minibatch" || (step && hasEnded)) this.isPaused = true;
    if (hasEnded && isFirst) this.tell();
  }

  isTimeToWrite(now) {
    if (this.isRunning && !this.run.numEpochs) return false; // the first point first
    return !this.wrote || (this.isRunning && now - this.wrote > Math.max(WRITE, SHARE * this.writing));
  }

  /** How the current run stands. */
  tell() {
    const { run } = this;
    if (!run) return;
    this.posted = performance.now();
    const curve = run.curve();
    const { batchSize, numSteps } = run.setting;
    this.post({
      kind: "state",
      id: this.current,
      curve,
      numEpochs: run.numEpochs,
      goal: this.goal,
      at: run.at,
      count: run.count,
      loss: run.losses.at(-1),
      norm: run.norms.at(-1),
      speed: run.speeds.at(-1),
      hasDiverged: run.hasDiverged,
      isRunning: this.isRunning,
      isPaused: this.isPaused,
      batchSize,
      numSteps,
    }, [curve.buffer]);
  }

  /** What a model writes, and what it does with a passage that it has not learned. */
  write(id) {
    const began = performance.now();
    const { asked } = this;
    const run = this.runs.get(id);
    const { vocab, heldOut, corpus } = run.text;
    const model = this.trainer.model(run);
    const prefix = [...vocab.encode([...asked.prefix])];
    const passage = passageOf(heldOut.length ? heldOut : corpus, vocab);
    const letters = (indices) => vocab.decode(indices).join("");
    const { states, probabilities } = readThrough(passage, model);
    const units = Math.min(UNITS, model.H);
    const told = leftOf(states, model.H, units);
    this.post({
      kind: "written",
      id,
      epoch: run.numEpochs,
      isSound: states.every(Number.isFinite) && probabilities.every(Number.isFinite),
      read: [...letters(prefix)].length,
      greedy: letters(predict(prefix, LENGTH, model)),
      drawn: letters(sample(prefix, LENGTH, model, asked.temperature, new Random(asked.draw))),
      passage: vocab.decode(passage),
      isLearned: heldOut.length === 0,
      likely: likely(probabilities, passage, vocab),
      states: told,
      units,
      H: model.H,
    }, [told.buffer]);
    run.wroteWith = asked;
    this.wrote = performance.now();
    this.writing = this.wrote - began;
  }

  beat() {
    const { text } = this.run;
    text.best = toBeat(text);
    if (text.best) this.post({ kind: "best", id: this.textOf(text), ...text.best });
  }

  textOf(text) {
    return [...this.texts].find(([, each]) => each === text)?.[0];
  }
}

/** The beginning of a text, from its first whole word on if that is near. */
function passageOf(tokens, vocab) {
  const start = 1 + tokens.subarray(0, PASSAGE).indexOf(vocab.indices.get(" "));
  return tokens.slice(start, start + PASSAGE);
}

/** The first columns of a matrix. */
function leftOf(numbers, width, columns) {
  const rows = numbers.length / width;
  const left = new Float32Array(rows * columns);
  for (let t = 0; t < rows; t += 1) left.set(numbers.subarray(t * width, t * width + columns), t * columns);
  return left;
}

/** For each place, the most probable next characters, and that of the one that came. */
function likely(probabilities, passage, vocab) {
  const V = vocab.length;
  return Array.from(passage, (_, t) => {
    const row = probabilities.subarray(t * V, (t + 1) * V);
    const order = Array.from(row.keys()).sort((a, b) => row[b] - row[a]).slice(0, LIKELY);
    const came = t + 1 < passage.length ? { token: vocab.tokens[passage[t + 1]], p: row[passage[t + 1]] } : null;
    return { most: order.map((index) => ({ token: vocab.tokens[index], p: row[index] })), came };
  });
}
