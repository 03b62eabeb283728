import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { Learner } from "../../d2l_rnn/web/src/playground/learner.js";
import { Engine } from "../../d2l_rnn/web/src/rnn/engine.js";

const wasm = new WebAssembly.Module(readFileSync(new URL("../../d2l_rnn/engine/bin/engine.wasm", import.meta.url)));
const TEXT = "the time traveller came to the river and was wet to the knees. ".repeat(60);
const SETTING = { theta: 1, lr: 1, seed: 0, numHiddens: 16, batchSize: 8, numSteps: 10, isRandom: false };

/** A learner that works when it is told to, and what it has posted. */
function begin(text = TEXT) {
  const posted = [];
  let next = null;
  const learner = new Learner(new Engine(wasm), (message) => posted.push(message), (act) => (next = act));
  const turn = () => {
    const act = next;
    next = null;
    act?.();
    return act !== null;
  };
  const all = () => {
    for (let i = 0; turn(); i += 1) assert.ok(i < 1e5, "it does not come to an end");
  };
  const of = (kind) => posted.filter((each) => each.kind === kind);
  const ask = async (message) => {
    await learner.receive(message);
  };
  const learn = (id, more = {}, numEpochs = 5) => ask({ kind: "learn", id, text: "story", setting: { ...SETTING, ...more }, numEpochs });
  return { learner, posted, turn, all, of, ask, learn, ready: ask({ kind: "text", id: "story", text, isClean: false }) };
}

test("a run is trained to its goal, told, and writes", async () => {
  const { all, of, learn, ready } = begin();
  await ready;
  await learn(0);
  all();
  const last = of("state").at(-1);
  assert.deepEqual([last.id, last.numEpochs, last.isRunning, last.curve.byteLength], [0, 5, false, 5 * 5 * 8]);
  const written = of("written").at(-1);
  assert.deepEqual([written.epoch, written.H, written.states.length], [5, 16, 16 * written.passage.length]);
  for (const { most } of written.likely) assert.ok(most[0].p >= most[1].p && most.reduce((sum, { p }) => sum + p, 0) <= 1.000001);
});

test("the last setting asked for is the one that is trained", async () => {
  const { all, turn, of, learn, ready } = begin();
  await ready;
  for (let id = 0; id < 20; id += 1) {
    await learn(id, { lr: 1 + id / 10 });
    turn();
  }
  all();
  const last = of("state").at(-1);
  assert.deepEqual([last.id, last.numEpochs], [19, 5]);
});

test("a run that is left goes on where it was", async () => {
  const one = begin();
  await one.ready;
  await one.learn(0);
  one.all();
  const two = begin();
  await two.ready;
  await two.learn(0);
  two.turn();
  await two.learn(1, { seed: 1 });
  two.turn();
  await two.learn(0);
  two.all();
  const numbers = ({ of }) => [...new Float64Array(of("state").at(-1).curve.buffer)];
  assert.deepEqual(numbers(two), numbers(one));
});

test("to pause, and to go by minibatches and epochs", async () => {
  const { all, of, ask, learn, ready } = begin();
  const last = () => of("state").at(-1);
  await ready;
  await learn(0, {}, 100);
  await ask({ kind: "go", isPaused: true });
  all();
  assert.deepEqual([last().isPaused, last().isRunning], [true, false]);
  const { numEpochs, at } = last();
  await ask({ kind: "step", unit: "minibatch" });
  all();
  assert.deepEqual([last().numEpochs * last().count + last().at, last().isPaused], [numEpochs * last().count + at + 1, true]);
  await ask({ kind: "step", unit: "epoch" });
  all();
  assert.deepEqual([last().numEpochs, last().at, last().isPaused], [numEpochs + 1, 0, true]);
});

test("an epoch may follow a run that is done", async () => {
  const { all, of, ask, learn, ready } = begin();
  await ready;
  await learn(0);
  all();
  await ask({ kind: "step", unit: "epoch" });
  all();
  assert.equal(of("state").at(-1).numEpochs, 6);
});

test("a text that is too short is refused, with its length", async () => {
  const { of, ready } = begin("a few letters");
  await ready;
  assert.deepEqual(of("refused").map(({ of: what, values }) => [what, values]), [["text", { n: 13, least: 100 }]]);
});

test("a text of one letter, of emoji, of one line, of signs of HTML", async () => {
  for (const text of ["a".repeat(500), "😀👩‍🚀🎈".repeat(300), "x y ".repeat(12_500), "<script>alert(1)</script>&amp;".repeat(99)]) {
    const { all, of, learn, ready } = begin(text);
    await ready;
    await learn(0);
    all();
    assert.equal(of("state").at(-1).numEpochs, 5);
    assert.deepEqual(of("refused"), []);
    assert.ok(of("written").at(-1).isSound);
  }
});

test("a run that diverges says so, and writes nothing", async () => {
  const { all, of, learn, ready } = begin();
  await ready;
  await learn(0, { lr: 1e30, theta: null }, 50);
  all();
  const last = of("state").at(-1);
  assert.deepEqual([last.hasDiverged, last.isRunning], [true, false]);
});

test("old runs give their models away, and are trained again when they are asked for", async () => {
  const { learner, all, of, learn, ready } = begin();
  await ready;
  for (let id = 0; id < 12; id += 1) {
    await learn(id, { seed: id, numHiddens: 512 }, 1);
    all();
  }
  assert.ok(learner.runs.size > 4 && learner.runs.size < 12);
  await learn(0, { numHiddens: 512 }, 1);
  all();
  const [first, again] = [of("state").find(({ id, isRunning }) => id === 0 && !isRunning), of("state").at(-1)];
  assert.deepEqual(new Float64Array(again.curve.buffer), new Float64Array(first.curve.buffer));
});

test("what fails is told, and does not end the learner", async () => {
  const { all, of, ask, learn, ready } = begin();
  await ready;
  await ask({ kind: "save", id: 77 });
  await ask({ kind: "open", id: 5, text: "story", bytes: new Uint8Array(3), fallback: SETTING });
  assert.deepEqual(of("refused").map(({ of: what }) => what), ["save", "open"]);
  await learn(0);
  all();
  assert.equal(of("state").at(-1).numEpochs, 5);
});
