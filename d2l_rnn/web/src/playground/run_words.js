// The runs of the page in words: how they differ, where they stand, what went wrong.

import { short } from "../scales.js";
import { say } from "../words.js";

export const OF_A_RUN = ["theta", "H", "lr", "T", "B", "seed", "sampling", "text"];
const LOST = 100; // times the perplexity of guessing

/** A label for each run: the settings in which they differ. */
export function labelsOf(runs, texts) {
  const caption = (name, { values, text }) => {
    const value = values[name];
    if (name === "text" && value === "own") return say("own text, {n} characters", { n: texts.get(text)?.numCharacters ?? "…" });
    return name === "sampling" || name === "text" ? say(`${name}: ${value}`) : `${name} ${value === "off" ? say("off") : value}`;
  };
  const valueOf = (name, run) => (name === "text" ? run.text : run.values[name]);
  const differing = OF_A_RUN.filter((name) => new Set(runs.map((run) => valueOf(name, run))).size > 1);
  const names = differing.length ? differing : ["theta"];
  return runs.map((run) => [...names.map((name) => caption(name, run)), ...(run.file ? [run.file] : [])].join(", "));
}

/** The perplexities to compare a run with, by name, where its text is known. */
export function levelsOf(text) {
  if (!text) return {};
  const { guessing, bigram } = text.levels;
  return { guessing, [say("bigram\nlearned text")]: bigram, ...(text.best ? { [say("{n}-grams\nheld out", { n: text.n })]: text.best } : {}) };
}

/** Where a run stands, as HTML. */
export function describe({ state, last, values }, numUnknown) {
  const { numEpochs, goal, at, count, loss, norm, batchSize, numSteps } = state;
  const parts = [];
  if (numEpochs) {
    const [perplexity, before, , share, heldOut] = last;
    parts.push(say("epoch <b>{n}</b> of {all}", { n: numEpochs, all: Math.max(goal, numEpochs) }));
    parts.push(say("perplexity <b>{n}</b>", { n: short(perplexity) }) + (Number.isFinite(heldOut) ? ` (${say("held out <b>{n}</b>", { n: short(heldOut) })})` : ""));
    if (Number.isFinite(state.speed)) parts.push(say("{n} tokens/s", { n: Math.round(state.speed).toLocaleString("en-GB") })); // a clock may be coarse
    if (Number.isFinite(before)) { // none of a run that diverges at once
      parts.push(say("gradient norm {n}", { n: short(before) }));
      parts.push(say("{n}% of the steps clipped", { n: Math.round(100 * share) }));
    }
  }
  if (at && state.isPaused) parts.push(say("minibatch {n} of {all}: loss {loss}, gradient norm {norm}", { n: at, all: count, loss: short(loss), norm: short(norm) }));
  if (batchSize < values.B || numSteps < values.T) parts.push(say("a short text: batch {b}, {t} time steps", { b: batchSize, t: numSteps }));
  if (numUnknown) parts.push(say("{n} characters of the text are unknown to it", { n: numUnknown.toLocaleString("en-GB") }));
  return parts.join(" · ");
}

/** What went wrong in a run, and what may help; empty if all is well, or well again. */
export function trouble({ state, perplexities, values }, guessing) {
  const lost = 1 + perplexities.findIndex((each) => each > LOST * guessing);
  if (!lost || perplexities.at(-1) <= guessing) return "";
  const what = say(state.hasDiverged ? "diverged at epoch {n}:" : "lost at epoch {n}:", { n: state.hasDiverged ? state.numEpochs : lost });
  return `${what}\n${say(values.theta === "off" ? "try a smaller learning rate or clip the gradient" : "try a smaller learning rate or a smaller theta")}`;
}
