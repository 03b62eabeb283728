// What can be set, in the page, in its address, and in the code of a notebook.

import { whole } from "../rnn/text.js";

const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

/**
 * The settings by name: `values` are all that are allowed, or `least` and `most` the ends
 * of the whole numbers that are. `python` is the name in `explorers.Training`, if it has
 * one. The address has the short names.
 */
export const SETTINGS = {
  theta: { python: "theta", values: [...STEPS, "off"], start: 1 },
  H: { python: "num_hiddens", values: [8, 16, 32, 64, 128, 256, 512], start: 64 },
  lr: { python: "lr", values: STEPS, start: 1 },
  T: { python: "num_steps", least: 2, most: 100, start: 35 },
  B: { python: "batch_size", least: 1, most: 128, start: 32 },
  epochs: { python: "num_epochs", least: 1, most: 500, start: 100 },
  seed: { python: "seed", least: 0, most: 99, start: 0 },
  sampling: { python: "sampling", values: ["sequential", "random"], start: "sequential" },
  text: { values: ["story", "chinese", "own"], start: "story" },
  temperature: { python: "temperature", values: steps(0.1, 3), start: 0.7 },
  begins: { python: "prefix", longest: 100, start: "" },
};

/** What a model reads first, of each text, if nothing else is asked for. */
export const BEGINS = { story: "time traveller", chinese: "时间旅人", own: "" };

/** What may be hidden by the address: all settings, and some parts of the page. */
export const PARTS = [...Object.keys(SETTINGS), "walk", "memory", "writing", "model", "own"];

function steps(least, most) {
  return Array.from({ length: Math.round(10 * (most - least)) + 1 }, (_, i) => Number((least + i / 10).toFixed(1)));
}

export function start() {
  return Object.fromEntries(Object.entries(SETTINGS).map(([name, { start: value }]) => [name, value]));
}

/** The allowed value next to what came, and whether that is what came. */
export function allowed(name, came) {
  const { values, least, most, longest, start: otherwise } = SETTINGS[name];
  if (longest) return [[...came].slice(0, longest).join(""), [...came].length <= longest];
  const number = came.trim() === "" ? Number.NaN : Number(came);
  if (!values) {
    if (Number.isNaN(number)) return [otherwise, false];
    const value = Math.min(Math.max(Math.round(number), least), most);
    return [value, value === number];
  }
  if (values.includes(came)) return [came, true];
  if (Number.isNaN(number) || !values.some(Number.isFinite)) return [otherwise, false];
  const value = values.filter(Number.isFinite).reduce((best, each) => (distance(each, number) < distance(best, number) ? each : best));
  return [value, value === number];
}

/** How far two numbers are apart: by their ratio, if both are greater than 0. */
function distance(one, other) {
  return other > 0 ? Math.abs(Math.log(one / other)) : Math.abs(one - other);
}

/**
 * What an address asks for, "#theta=0.5&H=128&hide=seed,lr&lang=zh": {values, hidden,
 * language, mended}. `mended` are the names of what was put right: {name, came, value},
 * where value is undefined for what there is not.
 */
export function read(hash) {
  const found = { values: start(), hidden: [], language: null, mended: [] };
  for (const part of hash.replace(/^#/, "").split("&").filter(Boolean)) {
    const [name, ...rest] = part.split("=");
    take(found, decoded(name), decoded(rest.join("=")));
  }
  return found;
}

function take(found, name, came) {
  if (name === "hide") return hide(found, came);
  if (name === "lang" && ["en", "zh"].includes(came)) return (found.language = came);
  if (!Object.hasOwn(SETTINGS, name)) return found.mended.push({ name, came });
  const [value, isRight] = allowed(name, came);
  found.values[name] = value;
  if (!isRight) found.mended.push({ name, came, value });
}

function hide(found, came) {
  const names = came.split(",").filter(Boolean);
  found.hidden = names.filter((each) => PARTS.includes(each));
  for (const each of names.filter((name) => !PARTS.includes(name))) found.mended.push({ name: "hide", came: each });
}

function decoded(words) {
  try {
    return decodeURIComponent(words.replaceAll("+", " "));
  } catch {
    return words; // a % that stands for itself
  }
}

/** The address of a state: only what is not as at the start. */
export function write({ values, hidden = [], language = null }) {
  const parts = Object.entries(SETTINGS)
    .filter(([name, { start: value }]) => values[name] !== value)
    .map(([name]) => `${name}=${encodeURIComponent(whole(String(values[name])))}`);
  if (hidden.length) parts.push(`hide=${hidden.join()}`);
  if (language) parts.push(`lang=${language}`);
  return parts.length ? `#${parts.join("&")}` : "#";
}

const TEXTS = {
  story: ', text="story"',
  chinese: ', text="own", own_text=corpora.CHINESE_STORY_PATH.read_text("utf-8")', // no text of the panel's own
  own: ', text="own", own_text="…"',
};

/** The line of Python that opens the notebooks' panel on the same setting. */
export function code(values) {
  const shown = (value) => (value === "off" ? "None" : typeof value === "string" ? JSON.stringify(value) : String(value));
  const named = Object.entries(SETTINGS)
    .filter(([name, { python, start: value }]) => python && (values[name] !== value || name === "theta"))
    .map(([name, { python }]) => `${python}=${shown(values[name])}`);
  if (!values.begins && values.text === "chinese") named.push(`prefix=${shown(BEGINS.chinese)}`);
  const first = values.text === "chinese" ? "from d2l_rnn import corpora; " : "";
  return `${first}explorers.Training(${named.join(", ")}${TEXTS[values.text]}, held_out=True)`;
}
