import assert from "node:assert/strict";
import test from "node:test";

import { sum } from "../../d2l_rnn/web/src/placeholder.js";

test("the sum of nothing is 0", () => {
  assert.equal(sum([]), 0);
  assert.equal(sum([1, 2]), 3);
});
