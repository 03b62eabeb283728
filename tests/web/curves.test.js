import assert from "node:assert/strict";
import test from "node:test";

import { COLUMNS } from "../../d2l_rnn/web/src/columns.js";
import { csv, dashOf, describe, unpack, valueOf } from "../../d2l_rnn/web/src/curves.js";

/** The columns of a run, as its bytes give them. */
function columns({ perplexity, norm = 0.3, theta = 1, heldOut = Number.NaN }) {
  const rows = perplexity.map((each) => [each, norm, Math.min(norm, theta), norm > theta ? 1 : 0, heldOut]);
  const numbers = Float64Array.from(COLUMNS.flatMap((_, i) => rows.map((row) => row[i])));
  const shifted = new Uint8Array(numbers.byteLength + 3); // buffers may begin anywhere
  shifted.set(new Uint8Array(numbers.buffer), 3);
  return unpack(new DataView(shifted.buffer, 3));
}

const run = (numbers, more = {}) => ({ number: 0, theta: 1, isCurrent: true, label: "theta 1", columns: columns(numbers), ...more });
const LEVELS = { guessing: 28, bigram: 9.87 };
const shown = (runs, zoom = null) => describe(runs, { levels: LEVELS, numEpochs: 100, zoom });

test("bytes are unpacked into columns", () => {
  const { perplexity, gradient_norm: norm, held_out_perplexity: heldOut } = columns({ perplexity: [20, 10], heldOut: 12 });
  assert.deepEqual([...perplexity], [20, 10]);
  assert.deepEqual([...norm], [0.3, 0.3]);
  assert.deepEqual([...heldOut], [12, 12]);
  assert.equal(unpack(undefined).perplexity.length, 0);
  assert.equal(unpack(new DataView(new ArrayBuffer(0))).perplexity.length, 0);
});

test("all curves are above, the current one last and boldest, and below it alone", () => {
  const runs = [run({ perplexity: [20, 10, 5] }), run({ perplexity: [20, 15] }, { number: 1, isCurrent: false })];
  const { x, plots } = shown(runs);
  assert.deepEqual([x.min, x.max], [0, 100]);
  const [above, norms, shares] = plots;
  assert.deepEqual(above.lines.map((line) => line.colour), [1, 0]);
  assert.ok(above.lines[1].width > above.lines[0].width);
  assert.deepEqual(above.levels.map((level) => level.label), ["guessing 28", "bigram 9.87"]);
  assert.deepEqual(norms.lines.map((line) => [...line.y]), [[0.3, 0.3, 0.3], [0.3, 0.3, 0.3]]);
  assert.deepEqual([...shares.lines[0].y], [0, 0, 0]);
});

test("a level whose name has two lines has its number in the first", () => {
  const levels = { "bigram\nlearned text": 9.87 };
  const [above] = describe([], { levels, numEpochs: 100, zoom: null }).plots;
  assert.deepEqual(above.levels.map((level) => level.label), ["bigram 9.87\nlearned text"]);
});

test("the held-out perplexity is a dashed twin in the run's colour", () => {
  const { plots } = shown([run({ perplexity: [20, 10], heldOut: 12 }), run({ perplexity: [19, 9] }, { number: 9, isCurrent: false })]);
  assert.deepEqual(plots[0].lines.map(({ colour, dash }) => [colour, dash]), [[9, 0], [0, 0], [0, 1]]);
});

test("without clipping there is neither theta nor a curve of clipped norms", () => {
  const [, norms] = shown([run({ perplexity: [20, 10] }, { theta: null })]).plots;
  assert.equal(norms.lines.length, 1);
  assert.deepEqual(norms.levels, []);
});

test("a diverged run leaves an arrow with ∞, and the others their axes", () => {
  const alive = run({ perplexity: [20, 10, 5] }, { isCurrent: false });
  const lost = run({ perplexity: [20, 1e9, Infinity] }, { number: 1 });
  const [alone, both] = [shown([alive]).plots[0], shown([alive, lost]).plots[0]];
  assert.deepEqual([alone.min, alone.max], [both.min, both.max]);
  assert.deepEqual(both.arrows.map(({ x, label, colour }) => [x, label, colour]), [[3, "∞", 1]]);
});

test("a zoom fits the axes to what is in it", () => {
  const runs = [run({ perplexity: Array.from({ length: 100 }, (_, i) => 28 - 0.2 * i) })];
  const [whole, part] = [shown(runs), shown(runs, [80, 100])];
  assert.deepEqual([part.x.min, part.x.max], [80, 100]);
  assert.ok(part.plots[0].max <= whole.plots[0].max && part.plots[0].min <= 8.2);
});

test("without a run there are axes", () => {
  const { x, plots } = shown([]);
  assert.equal(x.max, 100);
  for (const plot of plots) assert.ok(plot.max > plot.min && plot.max < Infinity, plot.label);
});

test("a run longer than the slider says is shown whole", () => {
  assert.equal(describe([run({ perplexity: Array(121).fill(9) })], { levels: LEVELS, numEpochs: 100, zoom: null }).x.max, 121);
});

test("the legend tells the last value, or that under the crosshair", () => {
  const numbers = columns({ perplexity: [20, 10.123], heldOut: 12 });
  assert.equal(valueOf(numbers), "10.1 (held out 12.0)");
  assert.equal(valueOf(numbers, 1), "20.0 (held out 12.0)");
  assert.equal(valueOf(numbers, 7), "–");
  assert.equal(valueOf(unpack(null)), "–");
});

test("more runs than colours are told apart by dashes", () => {
  assert.deepEqual([0, 6, 7, 14, 21, 28].map(dashOf), [0, 0, 1, 2, 3, 0]);
});

test("the table of all curves has a line an epoch, and names that may have quotes", () => {
  const lines = csv([run({ perplexity: [20, 10] }, { label: 'theta "1", lr 1' })]).trimEnd().split("\n");
  assert.equal(lines[0], `run,epoch,${COLUMNS.join(",")}`);
  assert.deepEqual(lines.slice(1), ['"theta ""1"", lr 1",1,20,0.3,0.3,0,', '"theta ""1"", lr 1",2,10,0.3,0.3,0,']);
});
