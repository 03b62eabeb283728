import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const wasm = readFileSync(new URL("../../d2l_rnn/engine/bin/engine.wasm", import.meta.url));

/** The worker's globals; the ports end with the test. */
const posted = [];
globalThis.self = { postMessage: (message) => posted.push(message) };
globalThis.MessageChannel = class {
  port1 = {};
  port2 = { postMessage: () => setImmediate(() => this.port1.onmessage()) };
};
await import("../../d2l_rnn/web/src/playground/worker.js");
const tell = (data) => globalThis.self.onmessage({ data });

test("an engine that cannot begin is an error that the page hears, once", () => {
  assert.throws(() => tell({ kind: "begin", wasm: new Uint8Array(3) }), WebAssembly.CompileError);
  tell({ kind: "text", id: "story", text: "a story of its own. ".repeat(99), isClean: false });
  assert.deepEqual(posted, []);
});

test("messages are answered from the first one on", async () => {
  tell({ kind: "begin", wasm });
  tell({ kind: "text", id: "story", text: "a story of its own. ".repeat(99), isClean: false });
  tell({ kind: "learn", id: 0, text: "story", setting: { theta: 1, lr: 1, seed: 0, numHiddens: 8, batchSize: 4, numSteps: 10, isRandom: false }, numEpochs: 2 });
  while (!posted.some(({ kind, numEpochs, isRunning }) => kind === "state" && numEpochs === 2 && !isRunning)) await new Promise(setImmediate);
  assert.equal(posted[0].kind, "levels");
});
