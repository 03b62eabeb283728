// The curves of training runs, as numbers: unpacked, described for a figure, written out.

import { COLUMNS } from "./columns.js";
import { brief, leaves, logRange, perplexityRange, short } from "./scales.js";
import { say } from "./words.js";

const COLOURS = 7;
const BESIDE = { x: 1.012, y: 0.86, colour: "quiet" }; // in the right margin

/**
 * The columns of a curve, one number an epoch, from its bytes: float64, column after
 * column, in the order of COLUMNS.
 */
export function unpack(bytes) {
  const view = bytes?.byteLength ? bytes : new DataView(new ArrayBuffer(0));
  const copy = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const numbers = new Float64Array(copy);
  const length = numbers.length / COLUMNS.length;
  return Object.fromEntries(COLUMNS.map((name, i) => [name, numbers.subarray(i * length, (i + 1) * length)]));
}

/**
 * What a figure shows of some runs, {number, theta, isCurrent, columns}.
 *
 * Above, the perplexities of all; below, of the current one, the gradient's norm before
 * and after clipping, and the share of clipped steps. `levels` are {label: perplexity},
 * of which `guessing` is one; `zoom` is the [first, last] epoch to show, or null.
 */
export function describe(runs, { levels, numEpochs, zoom }) {
  const longest = Math.max(1, ...runs.map((run) => run.columns.perplexity.length));
  const epochs = Array.from({ length: longest }, (_, i) => i + 1);
  const [min, max] = zoom ?? [0, Math.max(numEpochs, longest)];
  const inside = (values) => values.subarray(Math.max(0, Math.ceil(min) - 1), Math.max(0, Math.floor(max)));
  const current = runs.find((run) => run.isCurrent);
  return {
    x: { label: say("epoch"), min, max, isWhole: true },
    plots: [
      perplexities(runs, epochs, inside, levels),
      norms(current, epochs, inside),
      shares(current, epochs),
    ],
  };
}

function perplexities(runs, epochs, inside, levels) {
  const ordered = [...runs].sort((a, b) => a.isCurrent - b.isCurrent);
  const anyHeldOut = runs.some(hasHeldOut);
  const seen = runs.flatMap(({ columns }) => [inside(columns.perplexity), ...(anyHeldOut ? [inside(columns.held_out_perplexity).filter(Number.isFinite)] : [])]);
  const guessing = levels.guessing ?? Infinity;
  const [low, high] = perplexityRange(seen.filter((each) => each.length), Object.values(levels), guessing);
  const lines = ordered.flatMap((run) => {
    const look = { colour: run.number, width: run.isCurrent ? 2.4 : 1.6, alpha: run.isCurrent ? 1 : 0.8 };
    const learned = { ...look, x: epochs, y: run.columns.perplexity, dash: anyHeldOut ? 0 : dashOf(run.number) };
    return hasHeldOut(run) ? [learned, { ...look, x: epochs, y: run.columns.held_out_perplexity, dash: 1 }] : [learned];
  });
  return {
    label: say("perplexity"),
    log: true,
    min: low,
    max: high,
    height: 176,
    lines,
    levels: Object.entries(levels).map(([label, at]) => ({ at, label: numbered(say(label), brief(at)) })),
    arrows: arrows(ordered.map((run) => [run.number, run.columns.perplexity]), epochs, high),
    notes: anyHeldOut ? [{ ...BESIDE, y: roomBeside(Object.values(levels), low, high), label: say("dashed:\nheld out") }] : [],
  };
}

/** A name with its number, which stands in the first line: the margin is narrow. */
function numbered(name, number) {
  const [first, ...rest] = name.split("\n");
  return [`${first} ${number}`, ...rest].join("\n");
}

/** A place in the right margin, as a share of the height, where no level has its name. */
function roomBeside(levels, low, high) {
  const places = levels.map((level) => Math.log(high / level) / Math.log(high / low));
  const distance = (y) => Math.min(...places.map((place) => Math.abs(place - y)));
  return [0.86, 0.5, 0.3, 0.7, 0.14].find((y) => distance(y) > 0.2) ?? BESIDE.y;
}

function norms(run, epochs, inside) {
  const { gradient_norm: before, clipped_norm: after } = run?.columns ?? unpack(null);
  const theta = run?.theta ?? null;
  const values = [...inside(before)].filter((each) => each > 0 && Number.isFinite(each)).sort((a, b) => a - b);
  const middle = values[Math.floor(values.length / 2)] ?? 1;
  const near = theta !== null && theta < 100 * middle && theta > middle / 100 ? [theta] : [];
  const [low, high] = logRange([...values, ...inside(after), ...near], { least: middle / 1e3, most: middle * 1e3 });
  const isLow = theta ** 2 < low * high; // in the lower half of the axis
  const colour = run?.number ?? 0;
  const lines = [{ x: epochs, y: before, colour, width: 2 }];
  if (theta !== null) lines.push({ x: epochs, y: after, colour: "text", width: 1.4, dash: 1 });
  return {
    label: say("‖gradient‖"),
    log: true,
    min: low,
    max: high,
    height: 78,
    lines,
    levels: theta === null ? [] : [{ at: theta, label: `theta ${brief(theta)}`, dash: 2 }],
    arrows: arrows([[colour, before]], epochs, high),
    notes: theta === null ? [] : [{ ...BESIDE, y: isLow ? 0.2 : 0.86, label: say("dashed:\nclipped") }],
  };
}

function shares(run, epochs) {
  const clipped = Array.from(run?.columns.clipped_fraction ?? [], (share) => 100 * share);
  const line = { x: epochs, y: clipped, colour: run?.number ?? 0, width: 2 };
  return { label: say("clipped %"), log: false, min: -4, max: 104, ticks: [0, 50, 100], height: 50, lines: [line] };
}

/** Arrows where curves [colour, values] go beyond the top, the second below the first. */
function arrows(curves, epochs, top) {
  return curves
    .map(([colour, values]) => ({ colour, place: leaves(epochs, values, top) }))
    .filter(({ place }) => place)
    .map(({ colour, place }, i) => ({ x: place.x, label: short(place.value), colour, shift: i % 4 }));
}

const hasHeldOut = (run) => run.columns.held_out_perplexity.some(Number.isFinite);

/** The dash of a curve: colours alone tell only the first few apart. */
export const dashOf = (number) => Math.floor(number / COLOURS) % 4;

/** What the legend says of a run: its last perplexity, or that at an epoch. */
export function valueOf(columns, epoch = null) {
  const { perplexity, held_out_perplexity: heldOut } = columns;
  const i = epoch === null ? perplexity.length - 1 : Math.round(epoch) - 1;
  if (i < 0 || i >= perplexity.length) return "–";
  const held = Number.isFinite(heldOut[i]) ? ` (${say("held out {n}", { n: short(heldOut[i]) })})` : "";
  return short(perplexity[i]) + held;
}

/** All curves as a table of comma-separated values, a line an epoch. */
export function csv(runs) {
  const lines = [["run", "epoch", ...COLUMNS].join(",")];
  for (const { label, columns } of runs) {
    const name = `"${label.replaceAll('"', '""')}"`;
    for (let i = 0; i < columns.perplexity.length; i += 1) {
      const numbers = COLUMNS.map((column) => (Number.isNaN(columns[column][i]) ? "" : String(columns[column][i])));
      lines.push([name, i + 1, ...numbers].join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}

