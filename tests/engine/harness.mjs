// The same as harness.c for the engine as WebAssembly: node harness.mjs engine.wasm

import { readFileSync, writeSync } from "node:fs";

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), {});
const { memory, rnn_train, rnn_read, rnn_workspace, __heap_base } = instance.exports;

let end = __heap_base.value;
function room(size) {
  const start = (end + 63) & ~63;
  end = start + size;
  const pages = Math.ceil((end - memory.buffer.byteLength) / 65536);
  if (pages > 0) memory.grow(pages);
  return { start, size };
}
const bytes = ({ start, size }) => new Uint8Array(memory.buffer, start, size);

const given = readFileSync(0);
let at = 0;
function read(size) {
  const place = room(size);
  bytes(place).set(given.subarray(at, at + size));
  at += size;
  return place;
}

const run = read(36); // seven integers and two floats: the head of Run
const [T, B, H, V, n, , workers] = new Int32Array(memory.buffer, run.start, 7);
const sizes = [V * H, H * H, H, H * V, V];
const tokens = [read(4 * n * B * T), read(4 * n * B * T)];
const params = sizes.map((size) => read(4 * size));
const gradients = sizes.map((size) => room(4 * size));
const state = read(4 * B * H);
const results = [8 * n, 8 * n, 8 * T * B].map(room);

const whole = room(136);
bytes(whole).set(bytes(run));
const places = [...tokens, ...params, ...gradients, state, ...results];
const fields = new Int32Array(memory.buffer, whole.start, 34);
places.forEach((place, i) => (fields[9 + i] = place.start));
const workspace = room(4 * Number(rnn_workspace(whole.start)));
const filled = new Int32Array(memory.buffer, whole.start, 34);
filled[9 + places.length] = workspace.start;
if (workers) rnn_train(whole.start);
else {
  filled[6] = 1;
  rnn_read(whole.start);
}

const flags = { start: whole.start + 4 * (10 + places.length), size: 8 };
for (const place of [...params, ...gradients, state, ...results, flags]) {
  const out = bytes(place);
  for (let sent = 0; sent < out.length; ) sent += writeSync(1, out, sent);
}
