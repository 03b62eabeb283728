// A model in one file, and back: the file of `d2l_rnn.saving`, which loads it.
//
// The library safetensors gives its form: the length of the head, 8 bytes; the head, JSON
// that says where each tensor lies, and some texts about them; the tensors. The texts hold
// a checksum of the rest.

import { Refusal } from "../words.js";
import { shapesOf } from "./rnn.js";
import { Vocab } from "./text.js";

const FORMAT = "d2l_rnn model 2";
const NOT_FINITE = { NaN: Number.NaN, Infinity, "-Infinity": -Infinity };
const LARGEST = 100_000_000; // bytes of a head
const utf8 = new TextEncoder();

/**
 * The bytes of a file. `history` are records, {epoch, perplexity, …}, with the names of
 * `d2l_rnn.progress.Progress`; `setting` has those of `d2l_rnn.sweeping.Setting`.
 */
export async function pack({ params, vocab, setting, history, versions }) {
  const about = {
    format: FORMAT,
    model: JSON.stringify({ made: "scratch", kind: "rnn", frozen: [] }),
    vocab: JSON.stringify({ tokens: vocab.tokens, freqs: vocab.freqs }),
    setting: told(setting),
    history: told(history),
    versions: JSON.stringify(versions),
  };
  const shapes = shapesOf(vocab.length, params[2].length);
  const weights = Object.entries(shapes).map(([name, shape], i) => ({ name, shape, values: params[i] }));
  about.sha256 = await checksum(weights, about);
  let end = 0;
  const head = { __metadata__: about };
  for (const { name, shape, values } of weights) {
    head[name] = { dtype: "F32", shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  return joined(utf8.encode(JSON.stringify(head)), weights.map(({ values }) => bytesOf(values)));
}

function joined(head, parts) {
  const length = Math.ceil(head.length / 8) * 8; // padded with spaces
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(length), true);
  const bytes = new Uint8Array(8 + length + parts.reduce((sum, part) => sum + part.length, 0)).fill(32);
  let at = 0;
  for (const part of [size, head, ...parts]) {
    bytes.set(part, at);
    at = part === head ? 8 + length : at + part.length;
  }
  return bytes;
}

/**
 * What a file holds: {params, vocab, setting, history}; setting is null if there is none.
 * Throws a Refusal that says why, for a file of something else or one that has changed.
 */
export async function unpack(bytes) {
  const { head, weights } = tensorsIn(bytes);
  const { sha256: found, ...about } = head.__metadata__ ?? {};
  if (about.format !== FORMAT) throw new Refusal("it is not a model that d2l_rnn has saved");
  if ((await checksum(weights, about)) !== found) throw new Refusal("it has been changed since it was saved, or damaged");
  const { tokens, freqs } = JSON.parse(about.vocab);
  check(JSON.parse(about.model), weights, tokens);
  const params = Object.keys(shapesOf(1, 1)).map((name) => weights.find((each) => each.name === name).values);
  return { params, vocab: Vocab.restored(tokens, freqs), setting: heard(about.setting), history: heard(about.history) };
}

/** Refuse a model that this page would train otherwise than the package does. */
function check({ made, kind, frozen }, weights, tokens) {
  const cell = made === "torch" && kind === "rnn" ? "nn.RNN" : kind.toUpperCase();
  if (made !== "scratch" || kind !== "rnn") throw new Refusal("its cell is {cell}; this page trains the scratch RNN", { cell });
  if (frozen.length) throw new Refusal("it keeps {names} fixed; this page trains all parameters", { names: frozen.join(", ") });
  if (weights.some(({ dtype }) => dtype !== "F32")) throw new Refusal("its numbers are float64; this page computes with float32");
  if (tokens.some((token) => typeof token !== "string" || (token !== tokens[0] && [...token].length !== 1))) throw new Refusal("it reads words; this page reads characters");
}

function tensorsIn(bytes) {
  try {
    return parsed(bytes);
  } catch { // no JSON, no UTF-8, or a part of the file is missing
    throw new Refusal("it is not a file of safetensors");
  }
}

function parsed(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > LARGEST || length > bytes.length - 8) throw new RangeError("the head is longer than the file");
  const head = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  const weights = Object.entries(head).filter(([name]) => name !== "__metadata__").map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
    const raw = bytes.slice(8 + length + from, 8 + length + to);
    if (raw.length !== to - from) throw new RangeError("the file ends too early");
    return { name, dtype, shape, raw, values: dtype === "F32" ? new Float32Array(raw.buffer) : null };
  });
  return { head, weights };
}

/** SHA-256 of the texts and of the weights, each with its name, type and shape. */
async function checksum(weights, about) {
  const parts = [utf8.encode(pythons(Object.entries(about).sort(byName)))];
  for (const { name, dtype = "F32", shape, raw, values } of [...weights].sort((a, b) => byName([a.name], [b.name]))) {
    parts.push(utf8.encode(pythons([name, dtype === "F32" ? "torch.float32" : "torch.float64", shape])));
    parts.push(raw ?? bytesOf(values));
  }
  if (!globalThis.crypto?.subtle) throw new Refusal("this page was not opened from a file or over https, and so its browser computes no checksum");
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const byName = ([one], [other]) => (one < other ? -1 : Number(one > other));
const bytesOf = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** JSON as Python's `json.dumps` writes it, for texts, whole numbers and lists of them. */
function pythons(value) {
  if (Array.isArray(value)) return `[${value.map(pythons).join(", ")}]`;
  return JSON.stringify(value).replace(/[^ -~]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** JSON, in which numbers that it does not know stand as texts. */
function told(value) {
  return JSON.stringify(value, (_, each) => (typeof each === "number" && !Number.isFinite(each) ? String(each) : each));
}

function heard(text) {
  return JSON.parse(text, (_, each) => (typeof each === "string" && Object.hasOwn(NOT_FINITE, each) ? NOT_FINITE[each] : each));
}
