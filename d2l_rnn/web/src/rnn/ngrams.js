// n-grams, as `d2l_rnn.ngrams` counts and smooths them: the perplexity to beat.

const STRENGTHS = [0.5, 1, 2, 5, 10, 20, 50];
const MOST_N = 8;

/** The perplexity of an unsmoothed bigram model on the text that it has counted. */
export function bigramPerplexity(tokens, vocabSize) {
  const [, [contexts, grams]] = counts(tokens, tokens.length, vocabSize, 2);
  let surprise = 0;
  for (let t = 1; t < tokens.length; t += 1) surprise -= Math.log(grams[t] / contexts[t]);
  return Math.exp(surprise / (tokens.length - 1));
}

/**
 * The lowest perplexity on `fresh` of n-grams counted in `seen`, {n, epsilon, perplexity},
 * where smoothing falls back by one token of the context at a time:
 *
 *     P(x | context) = (n(context, x) + epsilon P(x | shorter)) / (n(context) + epsilon)
 */
export function bestNgram(seen, fresh, vocabSize) {
  const both = new Int32Array(seen.length + fresh.length);
  both.set(seen);
  both.set(fresh, seen.length);
  const counted = counts(both, seen.length, vocabSize, MOST_N);
  const tried = STRENGTHS.flatMap((epsilon) =>
    perplexities(counted, seen.length, epsilon, vocabSize).map((perplexity, i) => ({ n: i + 1, epsilon, perplexity })),
  );
  return tried.reduce((best, each) => (each.perplexity < best.perplexity ? each : best));
}

/**
 * For n = 1 … most, and each place of `tokens`: how often the n - 1 tokens before it, and
 * how often these with it, occur in the first `numSeen` tokens. The first n - 1 places
 * mean nothing.
 */
function counts(tokens, numSeen, vocabSize, most) {
  let shorter = new Float64Array(tokens.length); // a number for the n - 1 tokens up to each place
  const counted = [];
  for (let n = 1; n <= most; n += 1) {
    const numbers = new Map();
    const longer = new Float64Array(tokens.length);
    const [contexts, grams] = [new Float64Array(tokens.length), new Float64Array(tokens.length)];
    for (let t = n - 1; t < tokens.length; t += 1) {
      const key = (t ? shorter[t - 1] : 0) * vocabSize + tokens[t];
      if (!numbers.has(key)) numbers.set(key, numbers.size);
      longer[t] = numbers.get(key);
      if (t < numSeen) {
        contexts[t ? shorter[t - 1] : 0] += 1;
        grams[longer[t]] += 1;
      }
    }
    counted.push([contexts.map((_, t) => contexts[t ? shorter[t - 1] : 0]), grams.map((_, t) => grams[longer[t]])]);
    shorter = longer;
  }
  return counted;
}

/** The perplexities for n = 1 … most, each on the tokens with n - 1 before them. */
function perplexities(counted, start, epsilon, vocabSize) {
  const surprise = new Float64Array(counted.length);
  const end = counted[0][0].length;
  for (let t = start; t < end; t += 1) {
    let p = 1 / vocabSize;
    for (let i = 0; i < counted.length && t - start >= i; i += 1) {
      const [contexts, grams] = counted[i];
      p = (grams[t] + epsilon * p) / (contexts[t] + epsilon);
      surprise[i] -= Math.log(p);
    }
  }
  return Array.from(surprise, (sum, i) => Math.exp(sum / (end - start - i)));
}
