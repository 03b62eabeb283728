import assert from "node:assert/strict";
import test from "node:test";

import { Session } from "../../d2l_rnn/web/src/playground/session.js";
import { start } from "../../d2l_rnn/web/src/playground/settings.js";

/** A session, what it has asked the learner, and a clock that stands until it is moved. */
function begin() {
  const clock = { now: 0 };
  const asked = [];
  const session = new Session((message) => asked.push(message), () => clock.now);
  const learn = (values, how) => session.learn({ ...start(), ...values }, how);
  return { session, asked, clock, learn };
}

/** The learner's answer: a run has come to an epoch with this perplexity. */
function answer(session, id, perplexities, more = {}) {
  const rows = perplexities.map((each) => [each, 0.3, 0.3, 0, each + 1]);
  const curve = new DataView(Float64Array.from([0, 1, 2, 3, 4].flatMap((i) => rows.map((row) => row[i]))).buffer);
  session.hear({ kind: "state", id, curve, numEpochs: perplexities.length, goal: 100, at: 0, count: 8, speed: 1e6, isRunning: true, isPaused: false, hasDiverged: false, batchSize: 32, numSteps: 35, ...more });
}

const LEVELS = { kind: "levels", id: "story", levels: { guessing: 28, bigram: 9 } };

test("a setting is a run, and the same setting the same run", () => {
  const { session, asked, learn } = begin();
  learn({ theta: 1 });
  learn({ theta: 2 });
  learn({ theta: 1, epochs: 200, temperature: 2 });
  const learned = asked.filter(({ kind }) => kind === "learn");
  assert.deepEqual(learned.map(({ id, numEpochs }) => [id, numEpochs]), [[0, 100], [1, 100], [0, 200]]);
  assert.deepEqual(session.store.get("runs").map(({ label }) => label), ["theta 1", "theta 2"]);
  assert.equal(session.store.get("current"), 0);
});

test("what the learner gets are the names of the training", () => {
  const { asked, learn } = begin();
  learn({ theta: "off", H: 128, lr: 2, T: 10, B: 4, seed: 3, sampling: "random" });
  assert.deepEqual(asked[0].setting, { theta: null, numHiddens: 128, lr: 2, numSteps: 10, batchSize: 4, seed: 3, isRandom: true });
});

test("a state that comes late is that of its own run", () => {
  const { session, learn } = begin();
  session.hear(LEVELS);
  learn({ theta: 1 });
  learn({ theta: 2 });
  answer(session, 1, [20]);
  answer(session, 0, [20, 10, 5]);
  assert.match(session.store.get("readout"), /epoch <b>1<\/b> of 100 · perplexity <b>20.0<\/b> \(held out <b>21.0<\/b>\)/);
  answer(session, 99, [1]); // of a run that has been removed
});

test("a drag puts aside what it only passed over", () => {
  const { session, clock, learn } = begin();
  for (const theta of [1, 2, 5]) {
    learn({ theta }, { byHand: true });
    clock.now += 100;
  }
  clock.now += 1000;
  learn({ theta: 10 }, { byHand: true });
  const { store } = session;
  assert.deepEqual(store.get("runs").filter(({ left }) => left).map(({ theta }) => theta), [1, 2]);
  assert.deepEqual(store.get("hidden"), [0, 1]);
  learn({ theta: 1 });
  assert.deepEqual(store.get("hidden"), [1]); // it is looked at again
});

test("a kept run is not put aside, and is not cleared", () => {
  const { session, learn } = begin();
  learn({ theta: 1 }, { byHand: true });
  session.store.set("pinned", [0]);
  learn({ theta: 2 }, { byHand: true });
  assert.deepEqual(session.store.get("hidden"), []);
  session.clear();
  assert.deepEqual(session.store.get("runs").map(({ id }) => id), [0]);
});

test("to start anew keeps the colour, and asks for another run", () => {
  const { session, asked, learn } = begin();
  learn({});
  learn({}, { anew: true });
  assert.deepEqual(asked.map(({ kind, id }) => `${kind} ${id}`), ["learn 0", "remove 0", "learn 1"]);
  assert.deepEqual(session.store.get("runs").map(({ number }) => number), [0]);
  session.store.set("pinned", [1]);
  learn({}, { anew: true });
  assert.deepEqual(session.store.get("pinned"), [2]); // it is still kept
  assert.deepEqual(session.store.get("runs").map(({ id, number }) => [id, number]), [[2, 0]]);
});

test("trouble is told, with what may help", () => {
  const { session, learn } = begin();
  session.hear(LEVELS);
  learn({ theta: "off", lr: 5 });
  answer(session, 0, [20, 5000, 9000]);
  assert.equal(session.store.get("trouble"), "lost at epoch 2:\ntry a smaller learning rate or clip the gradient");
  answer(session, 0, [20, Infinity], { hasDiverged: true });
  assert.match(session.store.get("trouble"), /^diverged at epoch 2/);
  answer(session, 0, [20, 5000, 29]);
  assert.match(session.store.get("trouble"), /^lost at epoch 2/); // still worse than guessing
  answer(session, 0, [20, 5000, 15]);
  assert.equal(session.store.get("trouble"), "");
  answer(session, 0, [20, 15]);
  assert.equal(session.store.get("trouble"), "");
});

test("a smaller batch, of a short text, is told", () => {
  const { session, learn } = begin();
  learn({});
  answer(session, 0, [20], { batchSize: 2, numSteps: 35 });
  assert.match(session.store.get("readout"), /a short text: batch 2, 35 time steps/);
});

test("characters that the vocabulary lacks are told", () => {
  const { session, learn } = begin();
  session.hear({ ...LEVELS, numUnknown: 1234 });
  learn({});
  answer(session, 0, [20]);
  assert.match(session.store.get("readout"), /1,234 characters of the text are unknown to it/);
});

test("what could not be measured is not told", () => {
  const { session, learn } = begin();
  learn({});
  const curve = new DataView(Float64Array.of(Infinity, NaN, NaN, NaN, NaN).buffer);
  session.hear({ kind: "state", id: 0, curve, numEpochs: 1, goal: 100, at: 0, count: 8, speed: Infinity, isRunning: false, isPaused: false, hasDiverged: true, batchSize: 32, numSteps: 35 });
  assert.equal(session.store.get("readout"), "epoch <b>1</b> of 100 · perplexity <b>∞</b>");
});

test("a file is named after what it holds", () => {
  const { session, learn } = begin();
  learn({});
  const heard = [];
  session.store.on("msg:custom", ({ name }) => heard.push(name));
  for (const theta of [0.5, null]) session.hear({ kind: "file", setting: { theta, numHiddens: 64, lr: 1 }, numEpochs: 3, bytes: new Uint8Array(1) });
  assert.deepEqual(heard, ["rnn-theta0.5-H64-lr1-epoch3.safetensors", "rnn-theta-off-H64-lr1-epoch3.safetensors"]);
});

test("a paused epoch tells its last minibatch", () => {
  const { session, learn } = begin();
  learn({});
  answer(session, 0, [], { at: 3, loss: 3.21, norm: 0.4, isPaused: true, isRunning: false });
  assert.equal(session.store.get("readout"), "minibatch 3 of 8: loss 3.21, gradient norm 0.400");
  assert.equal(session.store.get("is_paused"), true);
});

test("the levels are those of the run's text, and grow", () => {
  const { session, learn } = begin();
  session.hear(LEVELS);
  learn({});
  session.hear({ kind: "best", id: "story", n: 7, perplexity: 5.4 });
  assert.deepEqual(session.store.get("levels"), { guessing: 28, "bigram\nlearned text": 9, "7-grams\nheld out": 5.4 });
});

test("what kept models write stands beside", () => {
  const { session, learn } = begin();
  learn({ theta: 1 });
  session.hear({ kind: "written", id: 0, epoch: 3, read: 2, greedy: "a<b", drawn: "ab", isSound: true });
  session.store.set("pinned", [0]);
  learn({ theta: 2 });
  session.hear({ kind: "written", id: 1, epoch: 1, read: 2, greedy: "", drawn: "", isSound: false });
  const texts = session.store.get("texts");
  assert.deepEqual(texts.map(({ label, epoch }) => [label, epoch]), [["theta 2", 1], ["theta 1", 3]]);
  assert.match(texts[0].error, /no longer finite/);
});

const FROM_FILE = { theta: 0.3, numHiddens: 48, lr: 2, numSteps: 35, batchSize: 32, seed: 12345, isRandom: false };

/** A file's name and length as the view sends it, in one piece. */
function file(session, name, at = 0, length = 3, size = length) {
  session.store.send({ event: "piece", view: "x", name, at, size }, undefined, [new Uint8Array(length).fill(at).buffer]);
}

test("a file in pieces is opened as one, and its run is current", () => {
  const { session, asked, learn } = begin();
  learn({ theta: 2 });
  file(session, "m", 0, 3, 5);
  assert.equal(asked.at(-1).kind, "learn");
  file(session, "m", 3, 2, 5);
  const { id, kind, bytes } = asked.at(-1);
  assert.deepEqual([kind, [...bytes]], ["open", [0, 0, 0, 3, 3]]);
  session.hear({ kind: "opened", id, text: "story", setting: FROM_FILE, numEpochs: 7 });
  assert.equal(session.store.get("current"), id);
  assert.deepEqual(asked.at(-1), { kind: "learn", id, text: "story", setting: FROM_FILE, numEpochs: 7 });
  assert.match(session.store.get("code"), /theta=0.3, num_hiddens=48, lr=2, num_epochs=7, seed=12345/);
  assert.equal(session.values.theta, 2); // the controls stay as they are
});

test("two files at once keep their names, and one that is opened ends the complaint of another", () => {
  const { session, asked, learn } = begin();
  learn({});
  file(session, "good");
  const good = asked.at(-1).id;
  file(session, "odd");
  const odd = asked.at(-1).id;
  session.hear({ kind: "refused", of: "open", id: odd, words: "its cell is {cell}; this page trains the scratch RNN", values: { cell: "GRU" } });
  assert.equal(session.store.get("refused"), "odd cannot be opened: its cell is GRU; this page trains the scratch RNN");
  session.hear({ kind: "opened", id: good, text: "story", setting: FROM_FILE, numEpochs: 7 });
  assert.match(session.store.get("runs").at(-1).label, /, good$/);
  assert.equal(session.store.get("refused"), "");
});

test("a text that is refused leads back to the run before it, whatever that reads", () => {
  const { session, asked, learn } = begin();
  session.ownNumber = 1;
  learn({ text: "own", theta: 2 });
  session.ownNumber = 2;
  learn({ text: "own", theta: 2 });
  session.hear({ kind: "refused", of: "text", id: "own 2", words: "too short" });
  const { kind, id, text, setting } = asked.at(-1);
  assert.deepEqual([kind, id, text, setting.theta], ["learn", 0, "own 1", 2]);
  assert.deepEqual([session.store.get("current"), session.store.get("runs").length, session.store.get("refused")], [0, 1, "too short"]);
});

test("a text that is refused leads back to a run from a file", () => {
  const { session, asked, clock, learn } = begin();
  learn({});
  file(session, "m");
  const { id } = asked.at(-1);
  clock.now = 10;
  session.hear({ kind: "opened", id, text: "story", setting: FROM_FILE, numEpochs: 7 });
  clock.now = 20;
  session.ownNumber = 1;
  learn({ text: "own" });
  session.hear({ kind: "refused", of: "text", id: "own 1", words: "too short" });
  assert.deepEqual([asked.at(-1).id, session.store.get("current")], [id, id]);
  assert.deepEqual([session.values.text, session.values.theta], ["story", 1]);
});

test("a text that is refused where no run is left leads to the story", () => {
  const { session, asked, learn } = begin();
  session.ownNumber = 1;
  learn({ text: "own" });
  session.hear({ kind: "refused", of: "text", id: "own 1", words: "too short" });
  assert.deepEqual([session.store.get("current"), session.store.get("runs"), session.store.get("refused")], [-1, [], "too short"]);
  file(session, "m");
  assert.equal(asked.at(-1).text, "story");
});

test("what is removed leaves nothing behind", () => {
  const { session, asked, learn } = begin();
  learn({});
  answer(session, 0, [20]);
  session.remove(0);
  session.hear({ kind: "written", id: 0, epoch: 1, read: 0, greedy: "", drawn: "", isSound: true });
  answer(session, 0, [20]);
  assert.equal(session.store.get("curve_0"), undefined);
  assert.equal(session.said.size, 0);
  session.ownNumber = 1;
  learn({ text: "own" });
  session.hear({ ...LEVELS, id: "own 1" });
  session.ownNumber = 2;
  learn({ text: "own" });
  session.hear({ ...LEVELS, id: "own 2" });
  assert.deepEqual([...session.texts.keys()], ["own 1", "own 2"]); // a run reads it yet
  session.remove(1);
  assert.deepEqual(asked.at(-1), { kind: "drop", id: "own 1" });
  session.clear();
  assert.deepEqual([...session.texts.keys()], ["own 2"]); // it may be chosen again
});
