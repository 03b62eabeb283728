import assert from "node:assert/strict";
import test from "node:test";

import { allowed, code, PARTS, read, SETTINGS, start, write } from "../../d2l_rnn/web/src/playground/settings.js";

const values = (some) => ({ ...start(), ...some });

test("the state at the start needs no address", () => {
  assert.equal(write({ values: start() }), "#");
  assert.deepEqual(read("").values, start());
  assert.deepEqual(read("#").mended, []);
});

test("an address is short, can be read, and leads back to its state", () => {
  const state = values({ theta: 0.2, H: 128, lr: 5, sampling: "random", begins: "the 时间 & +%=#", temperature: 1.3, text: "chinese" });
  const hash = write({ values: state, hidden: ["seed", "walk"], language: "zh" });
  assert.match(hash, /^#theta=0\.2&H=128&lr=5&sampling=random&/);
  const found = read(hash);
  assert.deepEqual(found, { values: state, hidden: ["seed", "walk"], language: "zh", mended: [] });
});

test("each value of each setting leads back to itself", () => {
  for (const [name, { values: all, least, most }] of Object.entries(SETTINGS)) {
    for (const value of all ?? (least === undefined ? ["a", ""] : [least, most])) {
      const found = read(write({ values: values({ [name]: value }) }));
      assert.deepEqual([found.values[name], found.mended], [value, []], `${name}=${value}`);
    }
  }
});

test("a value that is not allowed becomes the next one, and this is said", () => {
  const mends = [["theta", "0.3", 0.2], ["theta", "-1", 0.01], ["theta", "1e9", 100], ["H", "100", 128], ["T", "1", 2], ["T", "3.4", 3], ["B", "1000000", 128], ["epochs", "-5", 1], ["seed", "1e3", 99]];
  for (const [name, came, value] of mends) {
    assert.deepEqual(read(`#${name}=${came}`).mended, [{ name, came, value }]);
    assert.equal(read(`#${name}=${came}`).values[name], value);
  }
});

test("what is no number becomes the value at the start", () => {
  for (const came of ["", "fast", "NaN", "[1]", "0x", "off "]) {
    assert.deepEqual(allowed("lr", came), [1, false]);
    assert.deepEqual(allowed("T", came), [35, false]);
    assert.deepEqual(allowed("sampling", came), ["sequential", false]);
  }
  assert.deepEqual(allowed("T", "Infinity"), [100, false]);
  assert.deepEqual(allowed("lr", "off"), [1, false]); // theta alone can be off
});

test("what there is not is left out, and this is said", () => {
  const found = read("#momentum=0.9&hide=lr,gpu&__proto__=1&constructor=x&lang=fr");
  assert.deepEqual(found.values, start());
  assert.deepEqual(found.hidden, ["lr"]);
  assert.deepEqual(found.mended.map(({ name, came }) => `${name} ${came}`), ["momentum 0.9", "hide gpu", "__proto__ 1", "constructor x", "lang fr"]);
});

test("twenty damaged addresses give a sound state", () => {
  const damaged = [
    "#theta", "#theta=", "#=1", "#&&&", "#theta=%", "#theta=%E0%A4%A", "#H=64&H=9e99", "#T=NaN&B=-0", "##theta=2", "#lr=1,5",
    "#<script>alert(1)</script>", "#begins=<img src=x onerror=alert(1)>", `#begins=${"x".repeat(1e5)}`, "#hide=,,,", "#hide=theta,theta", "#text=own", "#text=%00",
    "#lang=%F0%9F%98%80", "#seed=1e-300", "#temperature=0",
  ];
  assert.equal(damaged.length, 20);
  for (const hash of damaged) {
    const { values: found, hidden } = read(hash);
    for (const [name, value] of Object.entries(found)) assert.deepEqual(allowed(name, String(value)), [value, true], `${hash} gives ${name}=${value}`);
    assert.ok(hidden.every((each) => PARTS.includes(each)));
    assert.deepEqual(read(write({ values: found, hidden })).values, found);
  }
});

test("the code for a notebook has what differs, and theta", () => {
  assert.equal(code(start()), 'explorers.Training(theta=1, text="story", held_out=True)');
  const some = values({ theta: "off", H: 128, T: 10, epochs: 20, sampling: "random", begins: 'a "b"' });
  assert.equal(code(some), 'explorers.Training(theta=None, num_hiddens=128, num_steps=10, num_epochs=20, sampling="random", prefix="a \\"b\\"", text="story", held_out=True)');
});

test("the code opens the text that is learned", () => {
  assert.match(code(values({ text: "own" })), /text="own", own_text="…", held_out=True\)$/);
  assert.equal(code(values({ text: "chinese" })), 'from d2l_rnn import corpora; explorers.Training(theta=1, prefix="时间旅人", text="own", own_text=corpora.CHINESE_STORY_PATH.read_text("utf-8"), held_out=True)');
});

test("half a character does not break the address", () => {
  assert.equal(read(write({ values: values({ begins: "a\ud83d" }) })).values.begins, "a\ufffd");
});
