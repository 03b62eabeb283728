// What is said of the numbers of a sheet.

import assert from "node:assert/strict";
import test from "node:test";

import { boardOf, brief, exact, indexed, lookOf, moved, nameOf, partsOf, sourcesOf, valuesOf, widthOf } from "../../d2l_rnn/web/src/sheet.js";

const a = { title: "a", rows: ["1", "2"], columns: ["x", "$&"], cells: ["a_1[{}]", "a_2[{, {}]"], at: [0, 2], formula: "", lines: [], values: [1, -0.25, 3, 4], numbers: [[], [], ["1"], []], first: 0 };
const b = { title: "b", rows: [""], columns: [""], cells: ["b"], at: [3], formula: "", lines: [], values: [0.5], numbers: [[1, " · ", 0, " + ", 1, " - exp(", 1, ") + ", 1, "²"]], first: 4 };
const sheet = { tables: { a, b }, boards: [{ title: "one", first: 1 }, { title: "two", first: 3 }] };
const values = valuesOf(sheet);

test("values know their table, their place and their stage", () => {
  assert.equal(values.length, 5);
  assert.deepEqual([values[3].row, values[3].column, values[3].at], [1, 1, 2]);
  assert.equal(values[4].table, b);
});

test("a name has its column in the last braces, whatever that is called", () => {
  assert.equal(nameOf(values[1]), "a_1[$&]");
  assert.equal(nameOf(values[2]), "a_2[{, x]");
  assert.equal(nameOf(values[4]), "b");
});

test("a negative number is in brackets but at the beginning and in a function", () => {
  const words = partsOf(values[4], values).map(([word]) => word).join("");
  assert.equal(words, "−0.250 · 1 + (−0.250) − exp(−0.250) + (−0.250)²");
  assert.deepEqual(sourcesOf(values[4]), [1, 0]);
});

test("of a long formula the middle is left out", () => {
  const long = Array.from({ length: 99 }, (_, i) => (i % 2 ? " + " : 0));
  const parts = partsOf({ words: long }, values);
  assert.ok(parts.length < 40 && parts.length > 20);
  const words = parts.map(([word]) => word).join("");
  assert.ok(words.endsWith("1 + … + 1"), words);
});

test("numbers are short, and the same as in Python", () => {
  const pairs = [[0, "0"], [-0, "0"], [1, "1"], [0.25, "0.250"], [-0.0314, "−0.031"], [12.34, "12.3"], [-123.4, "−123"], [0.00012, "1e−4"], [1e6, "1e6"], [-1e6, "−1e6"], [5.678, "5.68"], [Infinity, "∞"], [NaN, "?"], [null, "?"]];
  for (const [value, words] of pairs) assert.equal(brief(value), words);
  assert.equal(exact(-0.123456789), "−0.123457");
  assert.equal(exact(2), "2");
  assert.equal(widthOf(a), 6);
});

test("boards and looks follow the stage", () => {
  assert.deepEqual([1, 2, 3, 9].map((stage) => boardOf(sheet, stage).title), ["one", "one", "two", "two"]);
  assert.deepEqual([1, 2, 3].map((stage) => lookOf(values[3], stage)), ["later", "new", "known"]);
});

test("what follows an underscore is an index", () => {
  assert.deepEqual(indexed("H_{t−1} W_hhᵀ + b_h"), [["H", false], ["t−1", true], [" W", false], ["hh", true], ["ᵀ + b", false], ["h", true]]);
  assert.deepEqual(indexed("a _ b_"), [["a _ b_", false]]);
});

test("keys move inside a table, and no further", () => {
  assert.deepEqual(moved("ArrowRight", 0, 0, a), [0, 1]);
  assert.deepEqual(moved("ArrowRight", 0, 1, a), [0, 1]);
  assert.deepEqual(moved("ArrowUp", 0, 1, a), [0, 1]);
  assert.deepEqual(moved("ArrowDown", 0, 1, a), [1, 1]);
  assert.deepEqual(moved("Home", 1, 1, a), [1, 0]);
  assert.equal(moved("Tab", 1, 1, a), null);
});
