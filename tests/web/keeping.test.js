// What a reader's file becomes on its way to the kernel.

import assert from "node:assert/strict";
import test from "node:test";

import { sendFile } from "../../d2l_rnn/web/src/keeping.js";

/** The messages and the refusal that a file leads to. */
async function sent(file) {
  const told = { messages: [], refused: "" };
  const store = {
    send: (content, _, [bytes]) => told.messages.push({ ...content, length: bytes.byteLength, first: new Uint8Array(bytes)[0] }),
    set: (name, words) => (told[name] = words),
    save_changes: () => (told.isSaved = true),
  };
  await sendFile(file, store, "here");
  return told;
}

const fileOf = (size, name = "rnn.safetensors") => Object.assign(new Blob([new Uint8Array(size).map((_, i) => i / 1e6)]), { name });

test("a small file is one message, and so is an empty one", async () => {
  for (const size of [0, 1, 3_000_000]) {
    const { messages, refused } = await sent(fileOf(size));
    assert.deepEqual([messages.length, messages[0].length, messages[0].size, refused], [1, size, size, ""]);
  }
});

test("a large file is sent in order, in pieces that a server takes", async () => {
  const { messages } = await sent(fileOf(11_000_000));
  assert.ok(messages.every(({ length }) => length < 10 * 2 ** 20));
  assert.deepEqual(messages.map(({ at }) => at), [0, 4_000_000, 8_000_000]);
  assert.deepEqual(messages.map(({ first }) => first), [0, 4, 8]);
  assert.equal(messages.reduce((sum, { length }) => sum + length, 0), 11_000_000);
});

test("a file that is too large is refused, and nothing of it is sent", async () => {
  const file = { name: "huge.bin", size: 51_000_000, arrayBuffer: () => assert.fail("it is read") };
  const { messages, refused, isSaved } = await sent(file);
  assert.deepEqual([messages, isSaved], [[], true]);
  assert.match(refused, /huge\.bin has 51 MB.*50 MB/);
});

test("a file that cannot be read is refused", async () => {
  const file = { name: "gone.bin", size: 5, arrayBuffer: () => Promise.reject(new Error("it is gone")) };
  assert.equal((await sent(file)).refused, "gone.bin cannot be read: it is gone");
});
