import assert from "node:assert/strict";
import test from "node:test";

import { predict, sample } from "../../d2l_rnn/web/src/rnn/generating.js";
import { Random } from "../../d2l_rnn/web/src/rnn/random.js";
import { softmax } from "../../d2l_rnn/web/src/rnn/rnn.js";

const OUTPUTS = [0, 1, 2.5, -1];
const model = { beginState: () => null, step: () => null, outputs: () => OUTPUTS };

test("softmax divides by the temperature, and does not overflow", () => {
  const odds = OUTPUTS.map((each) => Math.exp(each / 0.7));
  const total = odds.reduce((a, b) => a + b);
  softmax(OUTPUTS, 0.7).forEach((p, i) => assert.ok(Math.abs(p - odds[i] / total) < 1e-12));
  assert.deepEqual(softmax([1000, -1000], 0.1), [1, 0]);
});

test("the prefix comes first, then the most probable or drawn tokens", () => {
  assert.deepEqual(predict([3, 1], 3, model), [3, 1, 2, 2, 2]);
  assert.deepEqual(predict([], 1, model), [2]);
  const [one, same, other] = [5, 5, 6].map((seed) => sample([3], 50, model, 1, new Random(seed)));
  assert.deepEqual([one[0], one.length], [3, 51]);
  assert.deepEqual(one, same);
  assert.notDeepEqual(one, other);
});

test("tokens are drawn as often as softmax says", () => {
  const drawn = sample([], 20_000, model, 1.5, new Random(0));
  softmax(OUTPUTS, 1.5).forEach((p, token) => {
    const share = drawn.filter((each) => each === token).length / drawn.length;
    assert.ok(Math.abs(share - p) < 4 * Math.sqrt((p * (1 - p)) / drawn.length), `${token}: ${share}, ${p}`);
  });
});
