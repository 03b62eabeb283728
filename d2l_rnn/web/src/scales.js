// Numbers on axes: where the ticks stand, how numbers are written, which range fits.

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** Ticks of a logarithmic axis: 1, 2, 3, …, or 1, 2, 5, 10, …, or some powers of ten. */
export function logTicks(low, high, most = 7) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  for (const mantissas of high < 1000 * low ? [[1, 2, 3, 4, 5, 6, 8], [1, 2, 5]] : []) {
    const ticks = steps(low, high, mantissas);
    if (ticks.length > 1 && ticks.length <= most) return ticks;
  }
  const step = [1, 2, 5, 10, 20, 50, 100].find((s) => last - first <= most * s) ?? 100;
  const ticks = [];
  for (let k = Math.ceil(first / step) * step; k <= last; k += step) ticks.push(10 ** k);
  return ticks;
}

function steps(low, high, mantissas) {
  const ticks = [];
  for (let k = Math.floor(Math.log10(low)); k <= Math.log10(high) + 1; k += 1) {
    for (const mantissa of mantissas) {
      const tick = Number((mantissa * 10 ** k).toPrecision(1));
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks;
}

/** Ticks of a linear axis: multiples of 1, 2 or 5 times a power of ten, `most` at most. */
export function linearTicks(low, high, most = 6, isWhole = false) {
  const rough = Math.max((high - low) / most, isWhole ? 1 : 0) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= rough * (1 - 1e-9));
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) {
    ticks.push(Number((k * step).toPrecision(12)));
  }
  return ticks;
}

/** A tick's number: 1,000 or 0.05, and far from 1 with a power of ten, as in 2·10⁴. */
export function tickLabel(value) {
  if (value === 0) return "0"; // and minus zero
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e4) return value.toLocaleString("en-GB", { maximumSignificantDigits: 4 });
  const [mantissa, power] = value.toExponential(3).split("e").map(Number);
  const times = { 1: "", "-1": "-" }[mantissa] ?? `${mantissa}·`;
  return `${times}10${[...String(power)].map((sign) => RAISED[sign]).join("")}`;
}

/** A number with three digits that count, as in 8.98, 1,230 or 1.2e+9. */
export function short(value) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return value.toExponential(1);
  if (size >= 999.5) return Math.round(value).toLocaleString("en-GB");
  return value.toPrecision(3);
}

/** The same without the zeros at the end: for a number that stays as it is. */
export function brief(value) {
  const words = short(value);
  return words.includes(".") && !words.includes("e") ? words.replace(/\.?0+$/, "") : words;
}

/**
 * The range of a logarithmic axis that holds these numbers, with a little room.
 * `least` and `most` bound it; numbers that are not positive and finite do not count.
 */
export function logRange(values, { least = 0, most = Infinity, otherwise = [1, 100] } = {}) {
  let low = Infinity;
  let high = 0;
  for (const value of values) {
    if (!(value > 0) || value === Infinity) continue;
    const bounded = Math.min(Math.max(value, least), most);
    low = Math.min(low, bounded);
    high = Math.max(high, bounded);
  }
  if (high === 0) return otherwise;
  const room = Math.max((high / low) ** 0.05, 1.04);
  return [low / room, high * room];
}

/**
 * How a curve of perplexities stands on the axes: "diverged", "lost" (far worse than
 * guessing, `guessing` being the number of tokens), or "alive".
 */
export function fate(perplexities, guessing) {
  const last = perplexities.at(-1);
  if (last !== undefined && !Number.isFinite(last)) return "diverged";
  return last > 2 * guessing ? "lost" : "alive";
}

/**
 * The range of the perplexity axis: it fits the runs still alive, so that a lost one
 * does not flatten the others. If none lives, it fits what is near guessing.
 */
export function perplexityRange(curves, levels, guessing) {
  const alive = curves.filter((each) => fate(each, guessing) === "alive");
  const values = alive.length ? alive.flatMap((each) => [...each]) : curves.flatMap((each) => [...each]);
  return logRange([...values, ...levels], { most: 4 * guessing });
}

/**
 * Where a curve leaves a range at the top: the place, {x, value}, of its greatest value
 * there, or of the infinite one at its end; null if it stays inside.
 */
export function leaves(xs, ys, top) {
  let worst = null;
  for (let i = 0; i < ys.length; i += 1) {
    if (ys[i] > top && !(worst?.value >= ys[i])) worst = { x: xs[i], value: ys[i] };
  }
  return worst;
}
