// The key of a plot: each name once, with the sign of what it names.

import assert from "node:assert/strict";
import test from "node:test";

import { entry, keyOf } from "../../d2l_rnn/web/src/key.js";
import { DASHES, LINES } from "../../d2l_rnn/web/src/theme.js";

const theme = { lines: LINES.light, quiet: "rgb(90, 90, 90)", text: "rgb(0, 0, 0)" };
const names = (html) => [...html.matchAll(/<\/svg> ([^<]*)<\/span>/g)].map(([, name]) => name);

test("each name is there once, bands first, and what has none is not", () => {
  const html = keyOf(
    {
      lines: [{ label: "a", colour: 0 }, { label: "", colour: 1 }, { label: "b", colour: 1 }, { label: "a", colour: 2 }],
      marks: [{ label: "0", colour: 3, shape: "down" }, { label: "0", colour: 3, shape: "down" }],
      bands: [{ label: "learned from", colour: "quiet" }],
      bars: [{ label: "before", colour: 2 }, { label: "after", colour: "text", hatched: true }],
    },
    theme,
  );
  assert.deepEqual(names(html), ["learned from", "a", "b", "0", "before", "after"]);
  assert.ok(html.includes(`color: ${LINES.light[0]}`), "the first look counts");
});

test("a plot whose parts have no names has no key", () => {
  assert.equal(keyOf({}, theme), "");
  assert.equal(keyOf({ lines: [{ colour: 0 }], marks: [{ shape: "ring", colour: 1 }] }, theme), "");
});

test("a line is told by its dash, and by its points", () => {
  const sign = (look) => keyOf({ lines: [{ label: "a", colour: 0, ...look }] }, theme);
  assert.ok(sign({ dash: 1 }).includes(`stroke-dasharray="${DASHES[1].join(" ")}"`));
  assert.ok(!sign({}).includes("<circle"));
  assert.ok(sign({ points: true }).includes("<circle") && sign({ points: true }).includes("<line"));
  assert.ok(!sign({ points: true, joined: false }).includes("<line"));
  assert.notEqual(sign({ points: true }), sign({ points: true, hollow: true }));
});

test("names are words, not HTML", () => {
  assert.deepEqual(names(entry({ label: "<unk> & co", colour: "text" }, "", theme)), ["&lt;unk&gt; &amp; co"]);
});
