import assert from "node:assert/strict";
import test from "node:test";

import { corpusOf, fitted } from "../../d2l_rnn/web/src/playground/corpus.js";
import { fits } from "../../d2l_rnn/web/src/rnn/batching.js";

test("a minibatch is made small enough for any text, and no smaller where it fits", () => {
  for (let numTokens = 100; numTokens < 10_000; numTokens += 97) {
    for (const [batchSize, numSteps] of [[1, 2], [32, 35], [128, 100], [5000, 5000]]) {
      const sizes = fitted(numTokens, { batchSize, numSteps });
      assert.ok(sizes.batchSize >= 1 && fits(numTokens, sizes.batchSize, sizes.numSteps));
      if (fits(numTokens, batchSize, numSteps)) assert.deepEqual(sizes, { batchSize, numSteps });
    }
  }
});

test("of very many kinds of characters the rarest are unknown, and this is counted", () => {
  const kinds = Array.from({ length: 5000 }, (_, i) => String.fromCodePoint(0x4e00 + i));
  const { vocab, levels, numUnknown, corpus } = corpusOf(kinds.concat(kinds.slice(0, 3000)).join(""), false);
  assert.deepEqual([vocab.length, levels.guessing, numUnknown], [4000, 4000, 5000 - 3999]);
  assert.ok(corpus.every((token) => token < vocab.length));
  assert.equal(corpusOf("every letter is known. ".repeat(9), false).numUnknown, 0);
});
