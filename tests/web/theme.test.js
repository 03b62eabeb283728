import assert from "node:assert/strict";
import test from "node:test";

import { contrast, LINES, parse } from "../../d2l_rnn/web/src/theme.js";

test("every line can be seen on its ground", () => {
  const grounds = { light: ["#ffffff", "#f7f7f7"], dark: ["#111111", "#212121", "#1e1e2e"] };
  for (const [theme, colours] of Object.entries(LINES)) {
    for (const ground of grounds[theme]) {
      for (const colour of colours) {
        const ratio = contrast(parse(colour), parse(ground));
        assert.ok(ratio >= 3, `${colour} on ${ground}: ${ratio.toFixed(2)}`);
      }
    }
  }
});

test("contrasts are those of WCAG 2", () => {
  assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21);
  assert.equal(contrast([255, 255, 255], [255, 255, 255]), 1);
  assert.equal(contrast(parse("#777777"), parse("#ffffff")).toFixed(2), "4.48");
});

test("colours are read as the page tells them", () => {
  assert.deepEqual(parse("#0072B2"), [0, 114, 178]);
  assert.deepEqual(parse("rgb(1, 2, 3)"), [1, 2, 3]);
  assert.equal(parse("rgba(0, 0, 0, 0)"), null);
  assert.equal(parse("transparent"), null);
});
