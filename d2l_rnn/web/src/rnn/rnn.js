// The scratch RNN, a token at a time: what reads and writes, while engine.c trains.
//
//     H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h)      O_t = H_t W_hq + b_q

import { Normal } from "./random.js";

/** The names of the parameters, in their order, and their shapes. */
export function shapesOf(V, H) {
  return { W_xh: [V, H], W_hh: [H, H], b_h: [H], W_hq: [H, V], b_q: [V] };
}

/** How many numbers each of the parameters has. */
export function sizesOf(V, H) {
  return Object.values(shapesOf(V, H)).map((shape) => shape.reduce((a, b) => a * b));
}

/** The initial parameters: N(0, 0.01²), those of `rnn.make_model("scratch", V, H, seed=…)`. */
export function initialParams(V, H, seed) {
  const normal = new Normal(seed);
  return Object.values(shapesOf(V, H)).map((shape) =>
    shape.length === 1 ? new Float32Array(shape[0]) : normal.draw(shape[0] * shape[1], 0.01),
  );
}

/** A model: its five parameters, (V, H), (H, H), (H), (H, V), (V). */
export class Model {
  constructor(params) {
    this.params = params;
    this.H = params[2].length;
    this.V = params[4].length;
  }

  beginState() {
    return new Float32Array(this.H);
  }

  /** The state after one more token. */
  step(token, state) {
    const { H } = this;
    const [W_xh, W_hh, b_h] = this.params;
    const sums = new Float64Array(H);
    for (let j = 0; j < H; j += 1) sums[j] = W_xh[token * H + j] + b_h[j];
    for (let i = 0; i < H; i += 1) {
      const h = state[i];
      if (h) for (let j = 0, at = i * H; j < H; j += 1, at += 1) sums[j] += h * W_hh[at];
    }
    return Float32Array.from(sums, Math.tanh);
  }

  /** The scores of the next token, (V). */
  outputs(state) {
    const { H, V } = this;
    const [, , , W_hq, b_q] = this.params;
    const scores = Float64Array.from(b_q);
    for (let i = 0; i < H; i += 1) {
      for (let j = 0, at = i * V; j < V; j += 1, at += 1) scores[j] += state[i] * W_hq[at];
    }
    return scores;
  }
}

/** softmax(outputs / temperature). */
export function softmax(outputs, temperature = 1) {
  const most = outputs.reduce((a, b) => Math.max(a, b)); // so that nothing overflows
  const odds = outputs.map((each) => Math.exp((each - most) / temperature));
  const total = odds.reduce((a, b) => a + b);
  return odds.map((each) => each / total);
}
