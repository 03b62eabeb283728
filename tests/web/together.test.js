import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { Learner } from "../../d2l_rnn/web/src/playground/learner.js";
import { Session } from "../../d2l_rnn/web/src/playground/session.js";
import { start } from "../../d2l_rnn/web/src/playground/settings.js";
import { Engine } from "../../d2l_rnn/web/src/rnn/engine.js";

const wasm = new WebAssembly.Module(readFileSync(new URL("../../d2l_rnn/engine/bin/engine.wasm", import.meta.url)));
const TEXTS = { story: "the time traveller came to the river and was wet to the knees. ".repeat(60), chinese: "旅人来到河边，弄湿了双脚。".repeat(200) };
const SMALL = { ...start(), H: 8, epochs: 3 };

/** A session and a learner, each of which hears what the other says, in order. */
function begin() {
  const waiting = [];
  const learner = new Learner(new Engine(wasm), (message) => waiting.push(() => session.hear(message)), (act) => waiting.push(act));
  const tell = (message) => waiting.push(() => learner.receive(message));
  const session = new Session(tell);
  const saved = [];
  session.store.on("msg:custom", (message, [bytes]) => saved.push(bytes));
  for (const [id, text] of Object.entries(TEXTS)) tell({ kind: "text", id, text, isClean: false });
  const settled = async () => {
    for (let idle = 0; idle < 20; idle += 1) {
      while (waiting.length) await waiting.shift()();
      await new Promise((after) => setTimeout(after, 1)); // for a checksum, which comes from elsewhere
      if (waiting.length) idle = 0;
    }
  };
  const open = (bytes) => session.store.send({ event: "piece", name: "m", at: 0, size: bytes.byteLength }, undefined, [bytes]);
  return { session, learner, saved, settled, open };
}

test("a saved model is opened again with its curve, and goes on", async () => {
  const { session, saved, settled, open } = begin();
  session.learn(SMALL);
  await settled();
  session.store.send({ event: "save", view: "x" });
  await settled();
  open(saved[0].buffer);
  await settled();
  const { state, last } = session.current;
  assert.deepEqual([session.current.file, state.numEpochs, state.isRunning], ["m", 3, false]);
  assert.deepEqual(last, session.runs[0].last);
  assert.match(session.store.get("readout"), /^epoch <b>3<\/b> of 3 /);
});

test("a model of another text is compared with what its vocabulary allows", async () => {
  const { session, learner, saved, settled, open } = begin();
  session.learn({ ...SMALL, text: "chinese" });
  await settled();
  session.store.send({ event: "save", view: "x" });
  session.learn(SMALL);
  await settled();
  const known = session.store.get("levels");
  open(saved[0].buffer);
  await settled();
  assert.equal(session.store.get("levels").guessing, learner.run.text.vocab.length);
  assert.notDeepEqual(session.store.get("levels"), known);
  assert.match(session.store.get("readout"), /characters of the text are unknown to it/);
  const { id } = session.current;
  assert.equal(learner.texts.size, 3);
  session.remove(id);
  await settled();
  assert.equal(learner.texts.size, 2);
  session.learn(SMALL);
  await settled();
  assert.deepEqual(session.store.get("levels"), known);
});

test("kept models write with the prefix of the current one, if they have learned its text", async () => {
  const { session, learner, settled } = begin();
  const texts = () => session.store.get("texts").map(({ greedy, read }) => greedy.slice(0, read));
  session.learn({ ...SMALL, text: "chinese" });
  session.learn({ ...SMALL, theta: 2 });
  session.store.set("pinned", [0, 1]);
  await settled();
  session.learn({ ...SMALL, theta: 5 });
  for (const prefix of ["the ", "wet"]) {
    learner.receive({ kind: "ask", prefix, temperature: 1, draw: 0 });
    await settled();
    assert.deepEqual(texts(), [prefix, prefix]); // of theta 5 and 2: the other has written nothing
  }
  assert.equal(session.store.get("passage").epoch, 3);
});

test("the setting asked for last is shown, whatever came before it", async () => {
  const { session, saved, settled, open } = begin();
  session.learn(SMALL);
  await settled();
  session.store.send({ event: "save", view: "x" });
  await settled();
  for (let i = 0; i < 30; i += 1) {
    session.learn({ ...SMALL, theta: [0.5, 1, 2][i % 3], epochs: 1 + (i % 4) }, { anew: i % 5 === 0, byHand: i % 2 === 0 });
    if (i % 7 === 0) session.remove(session.store.get("current"));
    if (i % 11 === 0) session.clear();
    if (i % 13 === 0) open(saved[0].buffer);
  }
  await settled();
  session.learn({ ...SMALL, theta: 5 });
  await settled();
  const { values, state } = session.current;
  assert.deepEqual([values.theta, state.numEpochs, session.store.get("refused")], [5, 3, ""]);
  for (const run of session.runs) assert.ok(!run.state || run.perplexities.length === run.state.numEpochs);
});
