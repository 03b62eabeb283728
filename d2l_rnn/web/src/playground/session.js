// The runs of the page: which setting is which run, and what the views are to show.
//
// The learner trains them, elsewhere: `post(message)` asks it, `hear(message)` is what it
// answers. The views read the store, as the training panel's do.

import { short } from "../scales.js";
import { say } from "../words.js";
import { code } from "./settings.js";
import { Store } from "./store.js";

const OF_A_RUN = ["theta", "H", "lr", "T", "B", "seed", "sampling", "text"];
const BRIEF = 700; // milliseconds: a run that a hand leaves so soon was only passed over
const MOST_LEFT = 12; // of these, that can be brought back
const BESIDE = 2; // kept runs whose texts stand beside that of the current one
const LOST = 100; // times the perplexity of guessing

export class Session {
  constructor(post, now = () => performance.now()) {
    Object.assign(this, { post, now, runs: [], texts: new Map(), said: new Map(), nextId: 0 });
    this.store = new Store({
      runs: [], current: -1, hidden: [], pinned: [], levels: {}, num_epochs: 1, readout: "", trouble: "",
      refused: "", texts: [], code: "", is_running: false, has_model: false,
    });
    this.store.on("send", (event, buffers) => this.told(event, buffers));
    for (const name of ["hidden", "pinned"]) this.store.on(`change:${name}`, () => this.show());
  }

  // ---- What a reader does ----

  /** Learn with these values. `byHand`: a slider moves, and may move on at once. */
  learn(values, { byHand = false, anew = false } = {}) {
    this.values = values;
    const key = this.keyOf(values);
    let run = this.runs.find((each) => each.key === key);
    if (run && anew) this.forget(run.id);
    if (!run || anew) run = this.begin(key, values, run?.number);
    this.passOver(run, byHand);
    Object.assign(run, { values, isLeft: false, byHand, since: this.now() });
    const { store } = this;
    store.set("hidden", store.get("hidden").filter((id) => id !== run.id));
    store.set("current", run.id);
    store.set("num_epochs", Math.max(values.epochs, run.state?.numEpochs ?? 0));
    store.set("refused", "");
    this.show();
    this.post({ kind: "learn", id: run.id, text: run.text, setting: settingOf(values), numEpochs: values.epochs });
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
    if (wasCurrent) this.store.set("current", -1);
    this.show();
  }

  forget(id) {
    this.runs = this.runs.filter((run) => run.id !== id);
    this.said.delete(id);
    for (const name of ["hidden", "pinned"]) this.store.set(name, this.store.get(name).filter((each) => each !== id));
    this.post({ kind: "remove", id });
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
    this.arriving = at === 0 ? [bytes] : [...(this.arriving ?? []), bytes];
    const length = this.arriving.reduce((sum, each) => sum + each.byteLength, 0);
    if (length < size) return;
    const id = this.nextId;
    this.nextId += 1;
    this.opening = { id, name };
    const whole = new Uint8Array(length);
    this.arriving.reduce((end, each) => (whole.set(new Uint8Array(each), end), end + each.byteLength), 0);
    this.post({ kind: "open", id, text: this.textOf(this.values), bytes: whole, fallback: settingOf(this.values) });
  }

  // ---- What the learner answers ----

  hear({ kind, ...what }) {
    this[`on_${kind}`]?.(what);
  }

  on_levels({ id, ...text }) {
    this.texts.set(id, text);
    this.show();
  }

  on_best({ id, n, perplexity }) {
    Object.assign(this.texts.get(id), { best: perplexity, n });
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
    const { epoch, read, greedy, drawn, isSound } = text; // the rest is large
    this.said.set(id, { epoch, read, greedy, drawn, isSound });
    this.showTexts();
    if (id === this.store.get("current")) this.store.set("passage", text);
  }

  on_file({ id, numEpochs, bytes }) {
    const { theta, H, lr } = this.runs.find((run) => run.id === id)?.values ?? {};
    const name = `rnn-theta${theta === "off" ? "-off" : theta}-H${H}-lr${lr}-epoch${numEpochs}.safetensors`;
    this.store.emit("msg:custom", { event: "file", view: this.saving, name }, [bytes]);
  }

  on_opened({ id, setting, numEpochs }) {
    const values = { ...this.values, ...valuesOf(setting), epochs: Math.max(numEpochs, 1) };
    const key = `${this.keyOf(values)} ${this.opening.name}`;
    this.runs.push({ id, key, values, number: this.freeNumber(), text: this.textOf(values), file: this.opening.name });
    this.values = values;
    this.store.set("current", id);
    this.show();
    this.post({ kind: "learn", id, numEpochs });
  }

  on_refused({ of, id, words, values }) {
    if (of === "text") this.goBackFrom(id);
    if (of === "open") this.refuse(say("{name} cannot be opened: {why}", { name: this.opening.name, why: say(words) }));
    else if (of === "save") this.refuse(say("the model cannot be saved: {why}", { why: say(words) }));
    else this.refuse(say(words, values));
  }

  /** A text that cannot be learned: to the last run of another. */
  goBackFrom(text) {
    for (const run of this.runs.filter((each) => each.text === text)) this.forget(run.id);
    const last = this.runs.filter(({ isLeft }) => !isLeft).sort((a, b) => a.since - b.since).at(-1);
    if (last) this.learn(last.values);
    else this.store.set("current", -1);
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
    if (this.values) store.set("code", code(this.values));
    this.showState();
    this.showTexts();
  }

  showState() {
    const { store, current } = this;
    const text = this.texts.get(current?.text);
    store.set("levels", levelsOf(text));
    store.set("readout", current?.state ? describe(current) : "");
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

/** A label for each run: the settings in which they differ. */
function labelsOf(runs, texts) {
  const caption = (name, { values, text }) => {
    const value = values[name];
    if (name === "text" && value === "own") return say("own text, {n} characters", { n: texts.get(text)?.numCharacters ?? "…" });
    return name === "sampling" || name === "text" ? say(`${name}: ${value}`) : `${name} ${value === "off" ? say("off") : value}`;
  };
  const valueOf = (name, run) => (name === "text" ? run.text : run.values[name]);
  const differing = OF_A_RUN.filter((name) => new Set(runs.map((run) => valueOf(name, run))).size > 1);
  const names = differing.length ? differing : ["theta"];
  return runs.map((run) => [...names.map((name) => caption(name, run)), ...(run.file ? [run.file] : [])].join(", "));
}

function levelsOf(text) {
  if (!text) return {};
  const { guessing, bigram } = text.levels;
  return { guessing, bigram, ...(text.best ? { [say("{n}-grams,\nheld out", { n: text.n })]: text.best } : {}) };
}

/** Where a run stands, as HTML. */
function describe({ state, last, values }) {
  const { numEpochs, goal, at, count, loss, norm, batchSize, numSteps } = state;
  const parts = [];
  if (numEpochs) {
    const [perplexity, before, , share, heldOut] = last;
    parts.push(say("epoch <b>{n}</b> of {all}", { n: numEpochs, all: Math.max(goal, numEpochs) }));
    parts.push(say("perplexity <b>{n}</b>", { n: short(perplexity) }) + (Number.isFinite(heldOut) ? ` (${say("held out <b>{n}</b>", { n: short(heldOut) })})` : ""));
    parts.push(say("{n} tokens/s", { n: Math.round(state.speed).toLocaleString("en-GB") }));
    parts.push(say("gradient norm {n}", { n: short(before) }));
    parts.push(say("{n}% of the steps clipped", { n: Math.round(100 * share) }));
  }
  if (at && state.isPaused) parts.push(say("minibatch {n} of {all}: loss {loss}, gradient norm {norm}", { n: at, all: count, loss: short(loss), norm: short(norm) }));
  if (batchSize < values.B || numSteps < values.T) parts.push(say("a short text: batch {b}, {t} time steps", { b: batchSize, t: numSteps }));
  return parts.join(" · ");
}

/** What went wrong in a run, and what may help; empty if all is well. */
function trouble({ state, perplexities, values }, guessing) {
  if (!state.hasDiverged && !(perplexities.at(-1) > LOST * guessing)) return "";
  const first = 1 + perplexities.findIndex((each) => each > LOST * guessing);
  const what = say(state.hasDiverged ? "diverged at epoch {n}:" : "lost at epoch {n}:", { n: state.hasDiverged ? state.numEpochs : first });
  return `${what}\n${say(values.theta === "off" ? "try a smaller learning rate or clip the gradient" : "try a smaller learning rate or a smaller theta")}`;
}
