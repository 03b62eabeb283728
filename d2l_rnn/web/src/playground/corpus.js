// The reader's text as what a run learns from, and what it is measured on.

import { bestNgram, bigramPerplexity } from "../rnn/ngrams.js";
import { characters, Vocab } from "../rnn/text.js";
import { Refusal } from "../words.js";

const LEARNED = 10_000; // characters, as in the book and in the notebooks' panel
const HELD_OUT = 2_000; // of those after them
const LEAST = 100; // characters of a text
const LEAST_HELD_OUT = 1_006; // of one whose last tenth can be measured
const MOST_KINDS = 4_000; // of characters: rarer ones are <unk>

/**
 * {corpus, heldOut, vocab, levels, numCharacters, numUnknown}; `levels` are {name:
 * perplexity}, of guessing and of the bigram; `numUnknown` are the places that <unk>
 * takes. Throws a Refusal for a text that is too short.
 */
export function corpusOf(text, isClean) {
  const tokens = characters(text, isClean);
  if (tokens.length < LEAST) throw new Refusal("the text has {n} characters, and {least} are the least that can be learned from", { n: tokens.length, least: LEAST });
  const vocab = new Vocab(tokens, MOST_KINDS);
  const whole = vocab.encode(tokens.slice(0, LEARNED + HELD_OUT));
  const [kept, end] = partsOf(whole.length);
  return measured(whole.slice(0, kept), whole.slice(kept, end), vocab, tokens.length);
}

/** A text read with another vocabulary; the same text if that is its own. */
export function recoded(text, vocab) {
  const { tokens } = text.vocab;
  if (tokens.length === vocab.length && tokens.every((token, i) => token === vocab.tokens[i])) return text;
  const again = (indices) => vocab.encode(text.vocab.decode(indices));
  return measured(again(text.corpus), again(text.heldOut), vocab, text.numCharacters);
}

function measured(corpus, heldOut, vocab, numCharacters) {
  const levels = { guessing: vocab.length, bigram: bigramPerplexity(corpus, vocab.length) };
  const numUnknown = [...corpus, ...heldOut].filter((token) => token === 0).length;
  return { corpus, heldOut, vocab, levels, numCharacters, numUnknown };
}

/** Where the text that is learned ends, and that which is held out: as in the panel. */
function partsOf(length) {
  if (length >= LEARNED + HELD_OUT) return [LEARNED, LEARNED + HELD_OUT];
  const end = Math.min(length, LEARNED);
  return [end < LEAST_HELD_OUT ? end : end - roundedToEven(0.1 * end), end];
}

function roundedToEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below + (below % 2);
}

/** The lowest perplexity of n-grams on the held-out text; null without one. It takes a while. */
export function toBeat({ corpus, heldOut, vocab }) {
  return heldOut.length ? bestNgram(corpus, heldOut, vocab.length) : null;
}

/** The sizes of a minibatch, made smaller until one fits into the text. */
export function fitted(numTokens, { batchSize, numSteps }) {
  const T = Math.min(numSteps, Math.floor((numTokens - 1) / 2));
  return { batchSize: Math.min(batchSize, Math.floor((numTokens - T - 1) / T)), numSteps: T };
}
