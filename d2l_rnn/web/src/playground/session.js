// The runs of the page: which setting is which run, and what the views are to show.
//
// The learner trains them, elsewhere: `post(message)` asks it, `hear(message)` is what it
// answers. The views read the store, as the training panel's do.

import { say } from "../words.js";
import { describe, labelsOf, levelsOf, OF_A_RUN, trouble } from "./run_words.js";
import { code, SETTINGS } from "./settings.js";
import { Store } from "./store.js";

const BRIEF = 700; // milliseconds: a run that a hand leaves so soon was only passed over
const MOST_LEFT = 12; // of these, that can be brought back
const BESIDE = 2; // kept runs whose texts stand beside that of the current one

export class Session {
  constructor(post, now = () => performance.now()) {
    Object.assign(this, { post, now, runs: [], texts: new Map(), said: new Map(), nextId: 0 });
    this.opening = new Map(); // files that the learner is reading
    this.beside = []; // kept runs whose texts are shown
    this.store = new Store({
      runs: [], current: -1, hidden: [], pinned: [], levels: {}, num_epochs: 1, readout: "", trouble: "",
      refused: "", texts: [], code: "", is_running: false, is_paused: false, has_model: false, passage: null,
    });
    this.store.on("send", (event, buffers) => this.told(event, buffers));
    for (const name of ["hidden", "pinned"]) this.store.on(`change:${name}`, () => this.show());
  }

  // ---- What a reader does ----

  /** Learn with these values. `byHand`: a slider moves, and may move on at once. */
  learn(values, { byHand = false, anew = false } = {}) {
    this.values = values;
    const key = this.keyOf(values);
    const before = this.runs.find((each) => each.key === key);
    const run = before && !anew ? before : this.begin(key, values, before?.number);
    if (before && before !== run) this.replace(before, run);
    run.values = values;
    this.goOn(run, values.epochs, byHand);
  }

  /** Show a run, and let it learn up to this epoch. */
  goOn(run, numEpochs, byHand = false) {
    this.passOver(run, byHand);
    Object.assign(run, { isLeft: false, byHand, since: this.now() });
    const { store } = this;
    store.set("hidden", store.get("hidden").filter((id) => id !== run.id));
    store.set("current", run.id);
    store.set("num_epochs", Math.max(numEpochs, run.state?.numEpochs ?? 0));
    store.set("refused", "");
    this.show();
    this.post({ kind: "learn", id: run.id, text: run.text, setting: settingOf(run.values), numEpochs });
  }

  /** True if these values have been learned for longer than they ask for. */
  isBeyond(values) {
    const key = this.keyOf(values);
    return this.runs.some((run) => run.key === key && run.state?.numEpochs > values.epochs);
  }

  begin(key, values, number = this.freeNumber()) {
    const run = { id: this.nextId, key, values, number, text: this.textOf(values) };
    this.nextId += 1;
    this.runs.push(run);
    return run;
  }

  /** A run that is kept stays so when it begins anew. */
  replace(before, run) {
    const pinned = this.store.get("pinned");
    this.forget(before.id);
    if (pinned.includes(before.id)) this.store.set("pinned", [...this.store.get("pinned"), run.id]);
  }

  freeNumber() {
    const used = new Set(this.runs.map((run) => run.number));
    return [...Array(used.size + 1).keys()].find((number) => !used.has(number));
  }

  keyOf(values) {
    return JSON.stringify([...OF_A_RUN.map((name) => values[name]), this.textOf(values)]);
  }

  /** The text is known to the learner by this name. */
  textOf({ text }) {
    return text === "own" ? `own ${this.ownNumber ?? 0}` : text;
  }

  /** A drag leaves runs behind that nobody has looked at: they are put aside. */
  passOver(run, byHand) {
    const before = this.current;
    if (!before || before === run || !byHand || !before.byHand) return;
    if (this.now() - before.since > BRIEF || this.store.get("pinned").includes(before.id)) return;
    before.isLeft = true;
    this.store.set("hidden", [...this.store.get("hidden"), before.id]);
    const left = this.runs.filter((each) => each.isLeft);
    for (const each of left.slice(0, -MOST_LEFT)) this.forget(each.id);
  }

  remove(id) {
    const wasCurrent = id === this.store.get("current");
    this.forget(id);
    if (wasCurrent) this.showNone();
    this.show();
  }

  /** No run is in view, and nothing that one remembers. */
  showNone() {
    this.store.set("current", -1);
    this.store.set("passage", null);
  }

  /** What the controls say now, where that changes no run. */
  note(values) {
    this.values = values;
    this.store.set("code", code(values));
  }

  forget(id) {
    this.runs = this.runs.filter((run) => run.id !== id);
    this.said.delete(id);
    this.store.set(`curve_${id}`, undefined); // which may be long
    for (const name of ["hidden", "pinned"]) this.store.set(name, this.store.get(name).filter((each) => each !== id));
    this.post({ kind: "remove", id });
    this.forgetTexts();
  }

  /** Of the reader's own texts the last one is kept, and those that a run reads. */
  forgetTexts() {
    const offered = SETTINGS.text.values.map((text) => this.textOf({ text }));
    const kept = new Set([...offered, ...this.runs.map(({ text }) => text)]);
    for (const id of [...this.texts.keys()].filter((each) => !kept.has(each))) {
      this.texts.delete(id);
      this.post({ kind: "drop", id });
    }
  }

  /** Forget all curves but those that are kept. */
  clear() {
    const pinned = this.store.get("pinned");
    for (const run of this.runs.filter(({ id }) => !pinned.includes(id))) this.remove(run.id);
  }

  told({ event, id, view, ...piece }, buffers) {
    if (event === "remove") this.remove(id);
    if (event === "save") this.save(view);
    if (event === "piece") this.open(piece, buffers);
  }

  save(view) {
    this.saving = view;
    this.post({ kind: "save", id: this.current.id });
  }

  /** A file may come in pieces: the last one completes it. */
  open({ name, at, size }, [bytes]) {
    if (at === 0) this.arriving = new Uint8Array(size);
    this.arriving.set(new Uint8Array(bytes), at);
    if (at + bytes.byteLength < size) return;
    const { values, arriving } = this;
    const id = this.nextId;
    this.nextId += 1;
    this.opening.set(id, { name, values });
    this.post({ kind: "open", id, text: this.textOf(values), bytes: arriving, fallback: settingOf(values) });
    this.arriving = null;
  }

  // ---- What the learner answers ----

  hear({ kind, ...what }) {
    this[`on_${kind}`](what);
  }

  on_levels({ id, ...text }) {
    this.texts.set(id, text);
    this.forgetTexts();
    this.show();
  }

  on_best({ id, n, perplexity }) {
    if (this.texts.has(id)) Object.assign(this.texts.get(id), { best: perplexity, n });
    this.show();
  }

  on_state({ id, curve, ...state }) {
    const run = this.runs.find((each) => each.id === id);
    if (!run) return;
    run.state = state;
    this.store.set(`curve_${id}`, curve);
    Object.assign(run, { last: lastOf(curve, state.numEpochs), perplexities: new Float64Array(curve.buffer, 0, state.numEpochs) });
    if (id === this.store.get("current")) this.showState();
  }

  on_written({ id, ...text }) {
    if (!this.runs.some((run) => run.id === id)) return;
    const { epoch, read, greedy, drawn, isSound } = text; // the rest is large
    this.said.set(id, { epoch, read, greedy, drawn, isSound });
    this.showTexts();
    if (id === this.store.get("current")) this.store.set("passage", text);
  }

  on_file({ setting: { theta, numHiddens, lr }, numEpochs, bytes }) {
    const name = `rnn-theta${theta ?? "-off"}-H${numHiddens}-lr${lr}-epoch${numEpochs}.safetensors`;
    this.store.emit("msg:custom", { event: "file", view: this.saving, name }, [bytes]);
  }

  /** A run from a file has no key: no setting of the controls leads to it. */
  on_opened({ id, text, setting, numEpochs }) {
    const { name, values } = this.opened(id);
    const its = { ...values, ...valuesOf(setting), epochs: Math.max(numEpochs, 1) };
    const run = { id, values: its, number: this.freeNumber(), text, file: name };
    this.runs.push(run);
    this.goOn(run, numEpochs);
  }

  /** What was asked for with a file, which the learner has now read. */
  opened(id) {
    const asked = this.opening.get(id);
    this.opening.delete(id);
    return asked;
  }

  on_refused({ of, id, words, values }) {
    const why = say(words, values);
    if (of === "text") this.goBackFrom(id);
    if (of === "open") this.refuse(say("{name} cannot be opened: {why}", { name: this.opened(id).name, why }));
    else if (of === "save") this.refuse(say("the model cannot be saved: {why}", { why }));
    else this.refuse(why);
  }

  /** A text that cannot be learned: to the last run of another. */
  goBackFrom(text) {
    for (const run of this.runs.filter((each) => each.text === text)) this.forget(run.id);
    const last = this.runs.filter(({ isLeft }) => !isLeft).sort((a, b) => a.since - b.since).at(-1);
    // The controls cannot show the setting of a file: only the text goes back.
    this.values = last && !last.file ? last.values : { ...this.values, text: last?.values.text ?? SETTINGS.text.start };
    if (last) return this.goOn(last, last.values.epochs);
    this.store.set("current", -1);
    this.show();
  }

  refuse(words) {
    this.store.set("refused", words);
  }

  // ---- What is shown ----

  get current() {
    return this.runs.find(({ id }) => id === this.store.get("current"));
  }

  show() {
    const { store } = this;
    const labels = labelsOf(this.runs, this.texts);
    store.set("runs", this.runs.map((run, i) => ({
      id: run.id, label: labels[i], number: run.number, theta: run.values.theta === "off" ? null : run.values.theta, left: Boolean(run.isLeft),
    })));
    const values = this.current?.values ?? this.values;
    if (values) store.set("code", code(values));
    this.showState();
    this.showTexts();
  }

  showState() {
    const { store, current } = this;
    const text = this.texts.get(current?.text);
    store.set("levels", levelsOf(text));
    store.set("readout", current?.state ? describe(current, text?.numUnknown) : "");
    store.set("trouble", current?.state && text ? trouble(current, text.levels.guessing) : "");
    store.set("is_running", Boolean(current?.state?.isRunning));
    store.set("is_paused", Boolean(current?.state?.isPaused));
    store.set("has_model", Boolean(current?.state?.numEpochs));
    if (current?.state) store.set("num_epochs", Math.max(current.state.goal, current.state.numEpochs));
  }

  showTexts() {
    const { store, current } = this;
    const labels = new Map(store.get("runs").map(({ id, label }) => [id, label]));
    const kept = store.get("pinned").filter((id) => id !== current?.id).slice(-BESIDE);
    if (String(kept) !== String(this.beside)) this.post({ kind: "beside", ids: kept });
    this.beside = kept;
    const ids = [current?.id, ...kept].filter((id) => this.said.has(id));
    store.set("texts", ids.map((id) => {
      const { epoch, read, greedy, drawn, isSound } = this.said.get(id);
      const written = isSound ? { read, greedy, drawn } : { error: say("its numbers are no longer finite: it writes nothing") };
      return { label: labels.get(id) ?? "", epoch, ...written };
    }));
  }
}

/** What the learner takes, of the page's values. */
export function settingOf({ theta, H, lr, T, B, seed, sampling }) {
  return { theta: theta === "off" ? null : theta, numHiddens: H, lr, numSteps: T, batchSize: B, seed, isRandom: sampling === "random" };
}

function valuesOf({ theta, numHiddens, lr, numSteps, batchSize, seed, isRandom }) {
  return { theta: theta ?? "off", H: numHiddens, lr, T: numSteps, B: batchSize, seed, sampling: isRandom ? "random" : "sequential" };
}

/** The last numbers of a curve, whose columns stand one after the other. */
function lastOf(curve, length) {
  const numbers = new Float64Array(curve.buffer);
  return Array.from({ length: numbers.length / length || 0 }, (_, i) => numbers[(i + 1) * length - 1]);
}
