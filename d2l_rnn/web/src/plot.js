// One pair of axes with everything that is drawn on them, from a description in numbers.
//
// A plot is {label, log, min, max, height, lines, levels, marks, bands, bars, arrows,
// verticals}; figure.js says what each of them holds. Lines are uPlot's business; the
// rest is drawn on the same canvas before or after them.

import uPlot from "uplot";
import { add, change } from "./dom.js";
import { keyOf } from "./key.js";
import { colourOf, DASHES } from "./theme.js";
import { linearTicks, logTicks, tickLabel } from "./scales.js";

export const LEFT = 60; // CSS pixels for the numbers and the label at the left
const FONT = '12px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif';

/** A plot in `element`; `x` is the axis that all plots of a figure share. */
export class Plot {
  constructor(element, plot, x, options) {
    Object.assign(this, { plot, x, theme: options.theme });
    this.key = add(element, "div", "d2l-key");
    this.showKey();
    this.uplot = new uPlot(this.options(options), aligned(plot.lines), element);
    this.uplot.over.style.touchAction = "pan-y";
  }

  /** Show other numbers, on axes of the same kind. */
  update(plot, x) {
    this.restyle(this.plot.lines, plot.lines);
    Object.assign(this, { plot, x });
    this.showKey();
    this.uplot.setData(aligned(plot.lines));
  }

  /** New lines in place of those that look different: quicker than a new plot. */
  restyle(before, lines) {
    for (let i = before.length; i > lines.length; i -= 1) this.uplot.delSeries(i);
    lines.forEach((line, i) => {
      if (i < before.length && looksOf(line) === looksOf(before[i])) return;
      if (i < before.length) this.uplot.delSeries(i + 1);
      this.uplot.addSeries(this.series(line), i + 1);
    });
  }

  /** The names of what is drawn, above it; nothing where nothing has a name. */
  showKey() {
    const entries = keyOf(this.plot, this.theme);
    this.key.hidden = entries === "";
    change(this.key, entries);
  }

  destroy() {
    this.key.remove();
    this.uplot.destroy();
  }

  options({ width, height, right, isLast, sync, onCursor, onSelect }) {
    const { theme } = this;
    const axis = { stroke: theme.text, font: FONT, labelFont: FONT, ticks: { stroke: theme.grid, size: 4 }, grid: { stroke: theme.grid, width: 1 } };
    return {
      width,
      height,
      padding: [8, right, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: sync, setSeries: false },
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { size: 7 },
        bind: { dblclick: () => null },
      },
      scales: {
        x: { time: false, distr: this.x.log ? 3 : 1, range: () => [this.x.min, this.x.max] },
        y: { distr: this.plot.log ? 3 : 1, range: () => [this.plot.min, this.plot.max] },
      },
      axes: [
        {
          ...axis,
          size: isLast ? 22 : 6,
          label: isLast ? this.x.label : undefined,
          labelSize: 18,
          gap: 2,
          splits: () => this.x.ticks ?? this.ticks(this.x, 9),
          values: (_, ticks) => (isLast ? this.x.names ?? ticks.map(tickLabel) : ticks.map(() => "")),
          filter: (_, ticks) => ticks,
        },
        {
          ...axis,
          size: LEFT - 18,
          label: this.plot.label,
          labelSize: 18,
          labelGap: 0,
          gap: 3,
          splits: () => this.plot.ticks ?? this.ticks(this.plot, Math.max(3, Math.floor(height / 28))),
          values: (_, ticks) => this.plot.names ?? ticks.map(tickLabel),
          filter: (_, ticks) => ticks,
        },
      ],
      series: [{}, ...this.plot.lines.map((line) => this.series(line))],
      hooks: {
        drawAxes: [() => this.drawBehind()],
        draw: [() => this.drawInFront()],
        setCursor: [(u) => onCursor(u.cursor.idx == null ? null : u.data[0][u.cursor.idx])],
        setSelect: [(u) => onSelect(u)],
      },
    };
  }

  ticks(axis, most) {
    const { min, max } = axis;
    return axis.log ? logTicks(min, max, most) : linearTicks(min, max, most, axis.isWhole);
  }

  series(line) {
    const stroke = colourOf(line.colour, this.theme);
    return {
      stroke,
      width: line.width ?? 1.5,
      dash: DASHES[line.dash ?? 0],
      alpha: line.alpha ?? 1,
      paths: line.joined === false ? () => null : undefined,
      points: { show: (_, i) => line.points === true || this.plot.lines[i - 1].y.length === 1, size: line.size ?? 5, stroke, fill: line.hollow ? this.theme.ground : stroke },
      spanGaps: false,
    };
  }

  // ---- What uPlot does not draw ----

  drawBehind() {
    const { ctx, bbox } = this.uplot;
    if (this.plot.shades) this.drawShades(this.plot.shades);
    for (const { low, high, colour, upright } of this.plot.bands ?? []) {
      const [left, right] = upright ? [this.xOf(low), this.xOf(high)] : [bbox.left, bbox.left + bbox.width];
      const [bottom, top] = upright ? [bbox.top + bbox.height, bbox.top] : [this.yOf(low), this.yOf(high)];
      this.painted({ fillStyle: colourOf(colour, this.theme), globalAlpha: this.theme.isDark ? 0.25 : 0.13 }, () => {
        ctx.beginPath();
        ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
        ctx.clip();
        ctx.fillRect(left, top, right - left, bottom - top);
      });
    }
    for (const each of this.plot.bars ?? []) this.drawBar(each);
  }

  /** A table of numbers from -1 to 1, each a rectangle around the place of its number. */
  drawShades({ table, columns, positive, negative }) {
    const { ctx } = this.uplot;
    this.painted({}, () =>
      table.forEach((value, i) => {
        const [x, y] = [(i % columns) + 1, Math.floor(i / columns) + 1];
        // Whole pixels, as there would be seams between the rectangles otherwise.
        const [left, right] = [this.xOf(x - 0.5), this.xOf(x + 0.5)].map(Math.round);
        const [bottom, top] = [this.yOf(y - 0.5), this.yOf(y + 0.5)].map(Math.round);
        ctx.fillStyle = colourOf(value > 0 ? positive : negative, this.theme);
        ctx.globalAlpha = Math.min(1, Math.abs(value));
        ctx.fillRect(left, top, right - left, bottom - top);
      }),
    );
  }

  drawInFront() {
    for (const each of this.plot.levels ?? []) this.drawLevel(each);
    for (const each of this.plot.verticals ?? []) this.drawVertical(each);
    for (const each of this.plot.marks ?? []) this.drawMark(each);
    for (const each of this.plot.arrows ?? []) this.drawArrow(each);
    for (const each of this.plot.notes ?? []) this.drawNote(each);
  }

  drawBar({ x, width, low, high, colour, hatched }) {
    const [left, right] = [this.xOf(x - width / 2), this.xOf(x + width / 2)];
    const [bottom, top] = [this.yOf(low), this.yOf(high)];
    const { ctx } = this.uplot;
    this.painted({ fillStyle: colourOf(colour, this.theme) }, () => ctx.fillRect(left, top, right - left, bottom - top));
    if (!hatched) return;
    this.painted({ strokeStyle: this.theme.ground, lineWidth: 1.5 * uPlot.pxRatio }, () => {
      ctx.beginPath();
      ctx.rect(left, top, right - left, bottom - top);
      ctx.clip();
      ctx.beginPath();
      for (let at = left - (bottom - top); at < right; at += 8 * uPlot.pxRatio) {
        ctx.moveTo(at, bottom);
        ctx.lineTo(at + (bottom - top), top);
      }
      ctx.stroke();
    });
  }

  /** A horizontal line, with its words in the right margin. */
  drawLevel({ at, label, dash = 3, colour = "quiet" }) {
    const { bbox } = this.uplot;
    if (!(at >= this.plot.min && at <= this.plot.max)) return;
    const y = this.yOf(at);
    this.stroke(colour, 1, DASHES[dash], [[bbox.left, y], [bbox.left + bbox.width, y]]);
    if (label) this.write(label, bbox.left + bbox.width + 5 * uPlot.pxRatio, y, { colour });
  }

  drawVertical({ at, dash = 3, colour = "text" }) {
    const { bbox } = this.uplot;
    const x = this.xOf(at);
    this.stroke(colour, 1.2, DASHES[dash], [[x, bbox.top], [x, bbox.top + bbox.height]]);
  }

  /** A ring, square or triangle around a point. */
  drawMark({ x, y, shape = "ring", colour = "text", size = 5 }) {
    const { ctx } = this.uplot;
    const [cx, cy, r] = [this.xOf(x), this.edgeOf(y), size * uPlot.pxRatio];
    const outline = {
      square: [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]],
      up: [[-1, 1], [0, -1], [1, 1], [-1, 1]],
      down: [[-1, -1], [0, 1], [1, -1], [-1, -1]],
    }[shape];
    if (outline) return this.stroke(colour, 2, [], outline.map(([dx, dy]) => [cx + r * dx, cy + r * dy]));
    return this.painted({ strokeStyle: colourOf(colour, this.theme), lineWidth: 2 * uPlot.pxRatio }, () => {
      ctx.beginPath();
      ctx.arc(cx, cy, r, 0, 2 * Math.PI);
      ctx.stroke();
    });
  }

  /** Where a curve leaves the axes at the top: an arrow, and the value that it has there. */
  drawArrow({ x, label, colour, shift = 0 }) {
    const { ctx, bbox } = this.uplot;
    const [at, top, unit] = [this.xOf(x), bbox.top + shift * 16 * uPlot.pxRatio, uPlot.pxRatio];
    this.painted({ fillStyle: colourOf(colour, this.theme) }, () => {
      ctx.beginPath();
      ctx.moveTo(at, top);
      ctx.lineTo(at - 5 * unit, top + 9 * unit);
      ctx.lineTo(at + 5 * unit, top + 9 * unit);
      ctx.fill();
    });
    const isRight = at > bbox.left + 0.75 * bbox.width;
    this.write(label, at + (isRight ? -8 : 8) * unit, top + 6 * unit, { align: isRight ? "right" : "left" });
  }

  /** Words at a place that is given in shares of the width and of the height, from the top. */
  drawNote({ x, y, label, colour = "text", align = "left" }) {
    const { bbox } = this.uplot;
    this.write(label, bbox.left + x * bbox.width, bbox.top + y * bbox.height, { colour, align });
  }

  write(words, x, y, { colour = "text", align = "left" } = {}) {
    const { ctx } = this.uplot;
    const lines = words.split("\n");
    const style = { fillStyle: colourOf(colour, this.theme), font: scaled(FONT), textAlign: align, textBaseline: "middle" };
    this.painted(style, () =>
      lines.forEach((line, i) => ctx.fillText(line, x, y + (i - (lines.length - 1) / 2) * 13 * uPlot.pxRatio)),
    );
  }

  stroke(colour, width, dash, points) {
    const { ctx } = this.uplot;
    this.painted({ strokeStyle: colourOf(colour, this.theme), lineWidth: width * uPlot.pxRatio }, () => {
      ctx.setLineDash(dash.map((each) => each * uPlot.pxRatio));
      ctx.beginPath();
      points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      ctx.stroke();
    });
  }

  painted(style, paint) {
    const { ctx } = this.uplot;
    ctx.save();
    ctx.setLineDash([]); // not that of the last curve
    Object.assign(ctx, style);
    paint();
    ctx.restore();
  }

  xOf(value) {
    return this.uplot.valToPos(value, "x", true);
  }

  /** Bands and bars may be asked to go to the end of the axis, and beyond. */
  yOf(value) {
    return this.uplot.valToPos(Math.min(Math.max(value, this.plot.min), this.plot.max), "y", true);
  }

  /** "top" and "bottom" are places, too: of values that no axis holds. */
  edgeOf(value) {
    const { bbox } = this.uplot;
    const inset = 6 * uPlot.pxRatio;
    if (value === "top") return bbox.top + inset;
    if (value === "bottom") return bbox.top + bbox.height - inset;
    return this.uplot.valToPos(value, "y", true);
  }
}

/** The look of a line, which uPlot fixes when the line is added. */
function looksOf({ colour, dash, width, alpha, points, hollow, joined, size }) {
  return JSON.stringify([colour, dash, width, alpha, points, hollow, joined, size]);
}

/** All lines on one x, as uPlot wants them; a line has gaps where others have points. */
function aligned(lines) {
  const tables = lines.map(({ x, y }) => [x, gapped(y)]);
  if (tables.length === 0) return [[]];
  const [first] = tables;
  if (tables.every(([x]) => x === first[0])) return [first[0], ...tables.map(([, y]) => y)];
  return uPlot.join(tables);
}

function gapped(values) {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null));
}

const scaled = (font) => font.replace(/^(\d+)/, (size) => String(size * uPlot.pxRatio));
