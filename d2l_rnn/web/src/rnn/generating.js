// Text from a model: warm up on a prefix, then predict one token after another.

import { softmax } from "./rnn.js";

/** The tokens of a prefix, an array, and as many more: each the most probable one. */
export function predict(prefix, numPreds, model) {
  return generate(prefix, numPreds, model, mostProbable);
}

/** The same, drawn from softmax(O_t / temperature) by `rng`, a Random. */
export function sample(prefix, numPreds, model, temperature, rng) {
  return generate(prefix, numPreds, model, (outputs) => drawn(softmax(outputs, temperature), rng));
}

function generate(prefix, numPreds, model, choose) {
  let state = model.beginState();
  for (const token of prefix) state = model.step(token, state);
  const tokens = [...prefix];
  for (let i = 0; i < numPreds; i += 1) {
    tokens.push(choose(model.outputs(state)));
    state = model.step(tokens.at(-1), state);
  }
  return tokens;
}

export function mostProbable(outputs) {
  let best = 0;
  for (let i = 1; i < outputs.length; i += 1) if (outputs[i] > outputs[best]) best = i;
  return best;
}

function drawn(probabilities, rng) {
  let left = rng.random();
  const index = probabilities.findIndex((p) => (left -= p) < 0);
  return index < 0 ? probabilities.length - 1 : index; // by rounding, a little is left
}

/** What a model does with a text: its states, (T, H), and what it thought came next, (T, V). */
export function readThrough(tokens, model) {
  const { H, V } = model;
  const states = new Float32Array(tokens.length * H);
  const probabilities = new Float32Array(tokens.length * V);
  let state = model.beginState();
  tokens.forEach((token, t) => {
    state = model.step(token, state);
    states.set(state, t * H);
    probabilities.set(softmax(model.outputs(state)), t * V);
  });
  return { states, probabilities };
}
