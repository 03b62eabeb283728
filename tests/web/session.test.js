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
});

test("trouble is told, with what may help", () => {
  const { session, learn } = begin();
  session.hear(LEVELS);
  learn({ theta: "off", lr: 5 });
  answer(session, 0, [20, 5000, 9000]);
  assert.equal(session.store.get("trouble"), "lost at epoch 2:\ntry a smaller learning rate or clip the gradient");
  answer(session, 0, [20, Infinity], { hasDiverged: true });
  assert.match(session.store.get("trouble"), /^diverged at epoch 2/);
  answer(session, 0, [20, 15]);
  assert.equal(session.store.get("trouble"), "");
});

test("a smaller batch, of a short text, is told", () => {
  const { session, learn } = begin();
  learn({});
  answer(session, 0, [20], { batchSize: 2, numSteps: 35 });
  assert.match(session.store.get("readout"), /a short text: batch 2, 35 time steps/);
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
  assert.deepEqual(session.store.get("levels"), { guessing: 28, bigram: 9, "7-grams,\nheld out": 5.4 });
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

test("a file in pieces is opened as one, and its run is current", () => {
  const { session, asked, learn } = begin();
  learn({});
  const piece = (at, length) => session.store.send({ event: "piece", view: "x", name: "m", at, size: 5 }, undefined, [new Uint8Array(length).fill(at).buffer]);
  piece(0, 3);
  assert.equal(asked.at(-1).kind, "learn");
  piece(3, 2);
  assert.deepEqual([asked.at(-1).kind, [...asked.at(-1).bytes]], ["open", [0, 0, 0, 3, 3]]);
  const { id } = asked.at(-1);
  session.hear({ kind: "opened", id, setting: { theta: null, numHiddens: 16, lr: 2, numSteps: 35, batchSize: 32, seed: 4, isRandom: false }, numEpochs: 7 });
  assert.equal(session.store.get("current"), id);
  assert.deepEqual(asked.at(-1), { kind: "learn", id, numEpochs: 7 });
  session.hear({ kind: "refused", of: "open", words: "it is not a file of safetensors" });
  assert.equal(session.store.get("refused"), "m cannot be opened: it is not a file of safetensors");
});
