// What is said, in the language of the page: English, unless a dictionary is given.

let dictionary = {};

/** Say everything in another language from now on: {English: other words}. */
export function speak(words) {
  dictionary = words;
}

/** Words in the page's language; `{name}` in them becomes a value of that name. */
export function say(words, values = {}) {
  return (dictionary[words] ?? words).replace(/\{(\w+)\}/g, (place, name) => (Object.hasOwn(values, name) ? values[name] : place));
}

/** An error that the reader is told of: what it says can be said in another language. */
export class Refusal extends Error {
  constructor(words, values = {}) {
    super(say(words, values));
    Object.assign(this, { words, values });
  }
}
