// The engine, compiled for the browser: its memory, and the calls that train.
//
// It knows one structure, `Run` of rnn.c, of 34 fields of four bytes each; here it is
// filled, and its arrays are views of the engine's memory.

import { Refusal } from "../words.js";
import { sizesOf } from "./rnn.js";

const PAGE = 65536; // bytes
const FIELDS = { minibatches: 4, fresh: 5, theta: 7, workspace: 25, trained: 26, diverged: 27 };
const NUM_FIELDS = 34;

/** An engine in its own memory; what was laid out before is gone with the next `begin`. */
export class Engine {
  constructor(module) {
    this.exports = new WebAssembly.Instance(module, {}).exports;
    this.begin();
  }

  begin() {
    this.end = this.exports.__heap_base.value;
  }

  /**
   * Room for minibatches of this size, at most `most` in a call. `params` is null, or
   * the room whose parameters and gradients this one shares.
   */
  layOut({ T, B, H, V }, most, params = null) {
    const places = {};
    const take = (name, numbers) => (places[name] = this.take(numbers));
    const fields = take("fields", NUM_FIELDS);
    const sizes = sizesOf(V, H);
    const names = sizes.map((_, i) => `param${i}`).concat(sizes.map((_, i) => `gradient${i}`));
    const tokens = [take("X", most * B * T), take("Y", most * B * T)];
    const own = names.map((name, i) => (params ? (places[name] = params.places[name]) : take(name, sizes[i % sizes.length])));
    const others = [take("state", B * H), take("losses", 2 * most), take("norms", 2 * most), take("flow", 2 * T * B)];
    this.integers(fields, NUM_FIELDS).set([T, B, H, V, most, 0, 1, 0, 0, ...tokens, ...own, ...others]);
    const size = Number(this.exports.rnn_workspace(fields));
    const workspace = take("workspace", size);
    this.integers(fields, NUM_FIELDS)[FIELDS.workspace] = workspace;
    new Float32Array(this.buffer, workspace, size).fill(0);
    return { places, sizes, T, B, H, V, most };
  }

  /** Where so many numbers of four bytes lie from now on. */
  take(numbers) {
    const start = 64 * Math.ceil(this.end / 64);
    this.end = start + 4 * numbers;
    const pages = Math.ceil((this.end - this.buffer.byteLength) / PAGE);
    if (pages > 0) this.grow(pages);
    return start;
  }

  grow(pages) {
    try {
      this.exports.memory.grow(pages);
    } catch {
      throw new Refusal("the browser does not have enough memory for a network of this size");
    }
  }

  get buffer() {
    return this.exports.memory.buffer;
  }

  integers(start, length) {
    return new Int32Array(this.buffer, start, length);
  }

  floats(start, length) {
    return new Float32Array(this.buffer, start, length);
  }

  /** The five parameters of a room, or its gradients, as views: valid until `layOut`. */
  params(room, kind = "param") {
    return room.sizes.map((size, i) => this.floats(room.places[`${kind}${i}`], size));
  }

  state(room) {
    return this.floats(room.places.state, room.B * room.H);
  }

  /**
   * Learn from minibatches X, Y, (count, B, T): {losses, norms, trained, diverged}, where
   * the two lists are of each minibatch. A theta of null: no clipping.
   */
  train(room, X, Y, { lr, theta, isFresh }) {
    const fields = this.fill(room, X, Y, isFresh);
    this.floats(room.places.fields, NUM_FIELDS).set([theta ?? Infinity, lr], FIELDS.theta);
    this.exports.rnn_train(room.places.fields);
    const [trained, diverged] = [fields[FIELDS.trained], fields[FIELDS.diverged]];
    const seen = trained + diverged;
    return { losses: this.doubles(room.places.losses, seen), norms: this.doubles(room.places.norms, seen), trained, diverged: diverged > 0 };
  }

  /** Read them, and learn nothing: the loss of each. */
  read(room, X, Y) {
    this.fill(room, X, Y, false);
    this.exports.rnn_read(room.places.fields);
    return this.doubles(room.places.losses, X.length / (room.B * room.T));
  }

  fill(room, X, Y, isFresh) {
    const fields = this.integers(room.places.fields, NUM_FIELDS);
    this.integers(room.places.X, X.length).set(X);
    this.integers(room.places.Y, Y.length).set(Y);
    fields[FIELDS.minibatches] = X.length / (room.B * room.T);
    fields[FIELDS.fresh] = Number(isFresh);
    fields.fill(0, FIELDS.trained); // what the last call has left
    return fields;
  }

  doubles(start, length) {
    return Array.from(new Float64Array(this.buffer, start, length));
  }
}
