// Text into numbers, as `d2l_rnn.text` does it: lines, characters, a vocabulary, a corpus.

export const UNKNOWN = "<unk>";
const LINE_ENDS = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/u;

/** Keep the letters a to z, in lower case, and one space for anything between. */
export function cleanLine(line) {
  return line.replace(/[^A-Za-z]+/g, " ").trim().toLowerCase();
}

/**
 * The characters of a text, without its line ends. With `isClean` only its letters from
 * a to z stay, and the spaces between them. Half a character becomes "�".
 */
export function characters(text, isClean) {
  const lines = text.split(LINE_ENDS);
  const kept = isClean ? lines.map(cleanLine) : lines;
  return [...whole(kept.join(""))];
}

/** A text in which no character is halved. */
export function whole(text) {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/**
 * The vocabulary of some characters: `<unk>`, then each character, the most frequent
 * first. `most` is how many it may have; those left out are `<unk>`.
 */
export class Vocab {
  constructor(tokens, most = Infinity) {
    const counts = new Map();
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
    this.freqs = [...counts].sort(([, one], [, other]) => other - one);
    this.know([UNKNOWN, ...this.freqs.slice(0, most - 1).map(([token]) => token)]);
  }

  /** The vocabulary of a file. */
  static restored(tokens, freqs) {
    const vocab = new Vocab([]);
    vocab.freqs = freqs;
    vocab.know(tokens);
    return vocab;
  }

  know(tokens) {
    this.tokens = tokens;
    this.indices = new Map(tokens.map((token, i) => [token, i]));
  }

  get length() {
    return this.tokens.length;
  }

  /** The indices of some tokens, int32. */
  encode(tokens) {
    return Int32Array.from(tokens, (token) => this.indices.get(token) ?? 0);
  }

  decode(indices) {
    return Array.from(indices, (index) => this.tokens[index]);
  }
}
