import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { fileOf } from "../../d2l_rnn/web/src/playground/files.js";
import { Learner } from "../../d2l_rnn/web/src/playground/learner.js";
import { Engine } from "../../d2l_rnn/web/src/rnn/engine.js";
import { readThrough } from "../../d2l_rnn/web/src/rnn/generating.js";
import { unpack } from "../../d2l_rnn/web/src/rnn/saving.js";

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

test("of a large network it tells the states of the first units alone", async () => {
  const { learner, all, of, learn, ready } = begin();
  await ready;
  await learn(0, { numHiddens: 32 });
  all();
  const { states, units, H, passage } = of("written").at(-1);
  assert.deepEqual([units, H, states.length], [24, 32, 24 * passage.length]);
  const model = learner.trainer.model(learner.run);
  const tokens = learner.run.text.vocab.encode(passage);
  const { states: whole } = readThrough(tokens, model);
  for (let t = 0; t < passage.length; t += 1) {
    assert.deepEqual(states.slice(t * units, (t + 1) * units), whole.slice(t * H, t * H + units));
  }
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
  const { learner, all, of, ask, learn, ready } = begin();
  await ready;
  await learn(0, { lr: 1e30, theta: null }, 50);
  all();
  const last = of("state").at(-1);
  assert.deepEqual([last.hasDiverged, last.isRunning], [true, false]);
  await ask({ kind: "go", isPaused: true });
  await ask({ kind: "step", unit: "epoch" });
  all();
  assert.deepEqual([of("state").at(-1).isPaused, of("state").at(-1).goal, learner.isPaused], [true, 50, true]); // there is no step to take
});

test("old runs give their models away, and are trained again when they are asked for", async () => {
  const { learner, all, of, ask, learn, ready } = begin();
  await ready;
  await learn(99, {}, 1);
  all();
  await ask({ kind: "open", id: "from a file", text: "story", bytes: await fileOf(learner.run, "test"), fallback: SETTING });
  for (let id = 0; id < 12; id += 1) {
    await learn(id, { seed: id, numHiddens: 512 }, 1);
    all();
  }
  assert.ok(learner.runs.size > 4 && learner.runs.size < 12);
  assert.ok(learner.runs.has("from a file"));
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
  await ask({ kind: "open", id: 6, text: "own 1", bytes: new Uint8Array(3), fallback: SETTING });
  assert.deepEqual(of("refused").map(({ of: what, words }) => `${what}: ${words}`), [
    "save: it has not learned an epoch yet",
    "open: it is not a file of safetensors",
    "open: there is no text for it to read: choose one first",
  ]);
  await learn(0);
  all();
  assert.equal(of("state").at(-1).numEpochs, 5);
});

test("a run that is over is told again when it is shown again", async () => {
  const { all, of, ask, learn, ready } = begin();
  const last = () => of("state").at(-1);
  await ready;
  await learn(0);
  await ask({ kind: "step", unit: "epoch" });
  all();
  await learn(1, { seed: 1 });
  all();
  await learn(0, {}, 1);
  assert.deepEqual([last().id, last().numEpochs, last().goal, last().isPaused, last().isRunning], [0, 1, 1, false, false]);
});

test("a short run has n-grams to beat, too", async () => {
  const { all, of, learn, ready } = begin();
  await ready;
  await learn(0, {}, 1);
  all();
  assert.deepEqual(of("best").map(({ id }) => id), ["story"]);
});

test("a run may learn on while its file is made", async () => {
  const { learner, all, of, ask, learn, ready } = begin();
  await ready;
  await learn(0);
  all();
  const saved = ask({ kind: "save", id: 0, version: "test" });
  for (const param of learner.run.kept) param.fill(7); // as the end of an epoch does
  await saved;
  const { bytes, numEpochs } = of("file").at(-1);
  const { params, history } = await unpack(bytes);
  assert.deepEqual([numEpochs, history.length], [5, 5]);
  assert.ok(params.every((param) => param.every((each) => each !== 7)));
});

test("a file is opened with its curve, and goes on", async () => {
  const { learner, all, of, ask, learn, ready } = begin();
  await ready;
  await learn(0, {}, 3);
  all();
  const bytes = await fileOf(learner.run, "test");
  await ask({ kind: "open", id: 1, text: "story", bytes, fallback: SETTING });
  const { text, setting, numEpochs } = of("opened").at(-1);
  assert.deepEqual([text, setting, numEpochs], ["story", SETTING, 3]);
  await ask({ kind: "learn", id: 1, text, setting, numEpochs });
  const [mine, its] = [0, 1].map((id) => of("state").findLast((each) => each.id === id));
  assert.deepEqual(new Float64Array(its.curve.buffer), new Float64Array(mine.curve.buffer));
  assert.equal(its.isRunning, false);
});

test("a model of another text reads this one with levels of its own", async () => {
  const other = begin("旅人来到河边，弄湿了双脚。".repeat(200));
  await other.ready;
  await other.learn(0, {}, 1);
  other.all();
  const bytes = await fileOf(other.learner.run, "test");
  const { all, of, ask, learn, ready } = begin();
  await ready;
  await learn(0);
  await ask({ kind: "open", id: 1, text: "story", bytes, fallback: SETTING });
  const { text, numEpochs } = of("opened").at(-1);
  const known = of("levels").at(-1);
  assert.deepEqual([known.id, known.levels.guessing, known.levels.bigram], [text, other.learner.run.text.vocab.length, 1]);
  assert.equal(known.numUnknown, TEXT.length);
  assert.equal(of("levels")[0].numUnknown, 0);
  await ask({ kind: "learn", id: 1, text, setting: SETTING, numEpochs });
  all();
  assert.ok(of("best").some(({ id }) => id === text));
});

test("a network for which memory is short is refused, and the one before goes on", async () => {
  const { learner, all, of, learn, ready } = begin();
  await ready;
  await learn(0);
  const { memory } = learner.trainer.engine.exports;
  learner.trainer.engine.exports = { ...learner.trainer.engine.exports, memory: { buffer: memory.buffer, grow: () => assert.fail() } };
  await learn(1, { numHiddens: 512 });
  assert.match(of("refused").at(-1).words, /not have enough memory/);
  all();
  assert.deepEqual([of("state").at(-1).id, of("state").at(-1).numEpochs], [0, 5]);
});

test("a text that is dropped is no longer kept, and its run is", async () => {
  const { learner, all, of, ask, learn, ready } = begin();
  await ready;
  await learn(0);
  await ask({ kind: "drop", id: "story" });
  all();
  assert.deepEqual([learner.texts.size, of("state").at(-1).numEpochs], [0, 5]);
  assert.deepEqual(of("refused"), []);
});
