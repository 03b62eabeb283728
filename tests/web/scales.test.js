import assert from "node:assert/strict";
import test from "node:test";

import * as scales from "../../d2l_rnn/web/src/scales.js";

test("a short logarithmic axis has ticks at 1, 2, 3, … or 1, 2, 5, …", () => {
  assert.deepEqual(scales.logTicks(1, 30), [1, 2, 5, 10, 20]);
  assert.deepEqual(scales.logTicks(1, 9, 5), [1, 2, 5]);
  assert.deepEqual(scales.logTicks(0.04, 0.6), [0.05, 0.1, 0.2, 0.5]);
  assert.deepEqual(scales.logTicks(6.2, 29.5), [8, 10, 20]);
});

test("a long one has powers of ten, few enough to be read", () => {
  assert.deepEqual(scales.logTicks(0.01, 1e4), [0.01, 0.1, 1, 10, 100, 1000, 1e4]);
  const ticks = scales.logTicks(1e-290, 1e290);
  assert.ok(ticks.length > 2 && ticks.length <= 8, String(ticks));
  for (const tick of ticks) assert.ok(tick >= 1e-290 && tick <= 1e290);
});

test("a linear axis has round ticks inside its range", () => {
  assert.deepEqual(scales.linearTicks(0, 100, 6), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(scales.linearTicks(-0.3, 0.32, 6), [-0.2, 0, 0.2].map((each) => each));
  assert.deepEqual(scales.linearTicks(0, 3, 9, true), [0, 1, 2, 3]);
  assert.deepEqual(scales.linearTicks(2.2, 2.9, 9, true), []);
  assert.ok(scales.linearTicks(5, 5).length < 3);
});

test("numbers on axes are plain, or powers of ten where plain ones are long", () => {
  const told = (...values) => values.map(scales.tickLabel);
  assert.deepEqual(told(0, 0.05, 20, 1000, -2500), ["0", "0.05", "20", "1,000", "-2,500"]);
  assert.deepEqual(told(1e4, 1e6, 1e-4, 1e-290), ["10⁴", "10⁶", "10⁻⁴", "10⁻²⁹⁰"]);
  assert.deepEqual(told(2e6, 1.5e7, -5e-4, -1e5), ["2·10⁶", "1.5·10⁷", "-5·10⁻⁴", "-10⁵"]);
});

test("a value has three digits that count", () => {
  assert.deepEqual([8.983, 17, 123.4, 1234.4, 0.1234, 1.3e9, 2e-7].map(scales.short), ["8.98", "17.0", "123", "1,234", "0.123", "1.3e+9", "2.0e-7"]);
  assert.deepEqual([Infinity, Number.NaN, 0].map(scales.short), ["∞", "–", "0.00"]);
  assert.deepEqual([28, 9.87, 0.1, 1000].map(scales.brief), ["28", "9.87", "0.1", "1,000"]);
});

test("a range holds what is positive and finite, with room", () => {
  const [low, high] = scales.logRange([5, 20, Number.NaN, 0, Infinity, -3]);
  assert.ok(low < 5 && low > 4 && high > 20 && high < 25);
  assert.deepEqual(scales.logRange([], { otherwise: [1, 2] }), [1, 2]);
  assert.ok(scales.logRange([5, 1e12], { most: 100 })[1] < 120);
  const [one, same] = scales.logRange([7]);
  assert.ok(one < 7 && same > 7);
});

test("a run that is lost does not flatten the others", () => {
  const levels = [28, 9.9];
  const alone = scales.perplexityRange([[20, 10, 5]], levels, 28);
  const beside = scales.perplexityRange([[20, 10, 5], [20, 1e9, Infinity], [20, 5e7, 4e7]], levels, 28);
  assert.deepEqual(beside, alone);
  const lost = scales.perplexityRange([[20, 1e9, Infinity]], levels, 28);
  assert.ok(lost[1] < 6 * 28 && lost[0] < 20);
  assert.deepEqual(["diverged", "lost", "alive"], [[9, Infinity], [9, 1e3], [1e3, 9]].map((each) => scales.fate(each, 28)));
});

test("where a curve leaves at the top, its greatest value is told", () => {
  const epochs = [1, 2, 3, 4];
  assert.equal(scales.leaves(epochs, [20, 10, 5, 4], 30), null);
  assert.deepEqual(scales.leaves(epochs, [20, 40, 90, 35], 30), { x: 3, value: 90 });
  assert.deepEqual(scales.leaves(epochs, [20, 40, Infinity], 30), { x: 3, value: Infinity });
});
