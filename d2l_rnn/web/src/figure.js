// Plots one above the other that share an x axis, a crosshair and a zoom.
//
// A figure is {x, plots}: x is {label, min, max, log, isWhole, ticks, names}, and each of
// the plots, {label, log, min, max, ticks, names, height, …}, holds any of
//   lines      [{label, x, y, colour, dash, width, alpha, points, hollow, joined, size}]
//              x and y are arrays of numbers
//   levels     [{at, label, dash, colour}]          horizontal lines, named at the right
//   verticals  [{at, dash, colour}]
//   marks      [{label, x, y, shape, colour, size}] y may be "top" or "bottom"
//   bands      [{label, low, high, colour, upright}]    across the whole width, or height
//   bars       [{label, x, width, low, high, colour, hatched}]
//   arrows     [{x, label, colour}]                 where a curve leaves at the top
//   shades     {table, columns, positive, negative}     numbers from -1 to 1 at whole places
//   notes      [{x, y, label, colour, align}]       at shares of the width and the height
// A colour is the number of a line's colour, or the name of one of the theme's. What has
// a label, other than levels, arrows and notes, is named in a key above the plot.

import uPlot from "uplot";
import { LEFT, Plot } from "./plot.js";
import { themeOf, watchTheme } from "./theme.js";

const ZOOM = 1.6; // how much closer a step of the zoom goes
let figures = 0;
const ignore = () => {};

/**
 * A figure in `element`. `describe(zoom)` gives what it shows: `zoom` is [min, max] of x,
 * or null; `onHover(x)` is called with the place of the crosshair, or null, `onClick(x)`
 * with that of a click, and `onTheme()` when the page's colours have changed.
 */
export class Figure {
  constructor(element, { describe, onHover = ignore, onClick = ignore, onTheme = ignore, right = 92, label = "chart" }) {
    Object.assign(this, { element, describe, onHover, onClick, onTheme, right });
    this.sync = `d2l-rnn-${(figures += 1)}`;
    this.plots = [];
    this.zoom = null;
    this.at = null;
    this.made = "";
    this.theme = themeOf(element);
    element.d2lFigure = this; // so that one can ask, from the page, what is drawn
    element.classList.add("d2l-figure");
    Object.assign(element, { tabIndex: 0, role: "img" });
    element.setAttribute("aria-label", label);
    this.listen();
  }

  /** Draw what `describe` says now, in the next frame of the screen. */
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.drawNow();
    });
  }

  drawNow() {
    const { width } = this;
    if (!width) return; // not on the screen; the observer calls again
    if (this.zoom) this.zoom = within(this.zoom, this.describe(null).x);
    const figure = this.describe(this.zoom);
    const made = JSON.stringify([width, this.right, this.theme, figure.x.label, figure.plots.map(({ label, log, height }) => [label, log, height])]);
    if (made !== this.made) this.make(figure, width);
    else this.plots.forEach((each, i) => each.update(figure.plots[i], figure.x));
    this.made = made;
    this.figure = figure;
  }

  make(figure, width) {
    this.plots.forEach((each) => each.destroy());
    const bottom = 40; // the numbers and the label below the last plot
    this.plots = figure.plots.map((plot, i) => {
      const isLast = i === figure.plots.length - 1;
      return new Plot(this.element, plot, figure.x, {
        width,
        height: plot.height + (isLast ? bottom : 0),
        right: this.right,
        isLast,
        sync: this.sync,
        theme: this.theme,
        onCursor: (x) => this.hover(x),
        onSelect: (u) => this.select(u),
      });
    });
  }

  // ---- Crosshair and zoom ----

  hover(x) {
    if (x === this.at) return;
    this.at = x;
    this.onHover(x);
  }

  /** Move the crosshair to the place next to x, one of the first plot's. */
  point(x) {
    const u = this.plots[0]?.uplot;
    if (!u || u.data[0].length === 0) return;
    const places = u.data[0];
    const bounded = Math.min(Math.max(x, places[0], this.figure.x.min), places.at(-1), this.figure.x.max);
    u.setCursor({ left: u.valToPos(bounded, "x"), top: 1 });
  }

  leave() {
    this.plots[0]?.uplot.setCursor({ left: -10, top: -10 });
    this.hover(null);
  }

  /** Closer (more than 1) or away, about the crosshair or the middle. */
  zoomBy(factor, about = this.at) {
    const { min, max } = this.figure.x;
    const centre = about ?? (min + max) / 2;
    const whole = this.describe(null).x;
    const low = Math.max(whole.min, centre - (centre - min) / factor);
    const high = Math.min(whole.max, centre + (max - centre) / factor);
    const isWhole = low <= whole.min && high >= whole.max;
    if (high - low > 1e-6 * (whole.max - whole.min)) this.zoomTo(isWhole ? null : [low, high]);
  }

  closer = () => this.zoomBy(ZOOM);
  away = () => this.zoomBy(1 / ZOOM);
  whole = () => this.zoomTo(null);

  zoomTo(zoom) {
    this.zoom = zoom;
    this.drawNow();
  }

  select(u) {
    const { left, width } = u.select;
    if (width > 5) this.zoomTo([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  // ---- The page ----

  listen() {
    const { element } = this;
    const wear = () => {
      this.theme = themeOf(element);
      this.draw();
      this.onTheme();
    };
    this.unwatch = watchTheme(wear);
    // The element may not be in the page yet: its width and its theme are those that it
    // has there. To ask it in each frame would lay out the whole page anew.
    this.width = 0;
    this.sizes = new ResizeObserver(([{ contentRect }]) => {
      this.width = Math.floor(contentRect.width);
      wear();
    });
    this.sizes.observe(element);
    element.addEventListener("dblclick", this.whole);
    element.addEventListener("click", (event) => this.click(event));
    element.addEventListener("mouseleave", () => this.leave());
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener("pointermove", (event) => this.touch(event));
    element.addEventListener("pointerdown", (event) => this.touch(event));
  }

  /** A pinch, or the wheel with Ctrl: the bare wheel is the page's. */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoomBy(event.deltaY < 0 ? ZOOM : 1 / ZOOM);
  }

  key(event) {
    const { min, max } = this.figure?.x ?? {};
    const acts = {
      ArrowLeft: () => this.point(this.step(-1)),
      ArrowRight: () => this.point(this.step(1)),
      Home: () => this.point(min),
      End: () => this.point(max),
      Escape: () => this.leave(),
      "+": this.closer,
      "-": this.away,
      0: this.whole,
    };
    if (!this.figure || !(event.key in acts) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  step(by) {
    const places = this.plots[0].uplot.data[0];
    const i = this.at === null ? (by > 0 ? -1 : places.length) : places.indexOf(this.at);
    return places[Math.min(Math.max(i + by, 0), places.length - 1)] ?? 0;
  }

  touch(event) {
    if (event.pointerType !== "touch" || !this.plots.length) return;
    const u = this.plots[0].uplot;
    const left = event.clientX - u.over.getBoundingClientRect().left;
    u.setCursor({ left: Math.min(Math.max(left, 0), u.over.clientWidth), top: 1 });
  }

  click({ target, clientX }) {
    const u = this.plots.map((each) => each.uplot).find(({ over }) => over.contains(target));
    if (u) this.onClick(u.posToVal(clientX - u.over.getBoundingClientRect().left, "x"));
  }

  /** All plots in one picture, a canvas, on the page's ground. */
  canvas(below = []) {
    const parts = this.plots.map((each) => each.uplot.ctx.canvas);
    const unit = uPlot.pxRatio;
    const whole = document.createElement("canvas");
    const line = 18 * unit;
    whole.width = Math.max(...parts.map((each) => each.width));
    const height = parts.reduce((sum, each) => sum + each.height, 0);
    whole.height = height + line * below.length + line / 2;
    const ctx = whole.getContext("2d");
    ctx.fillStyle = this.theme.ground;
    ctx.fillRect(0, 0, whole.width, whole.height);
    let top = 0;
    for (const part of parts) {
      ctx.drawImage(part, 0, top);
      top += part.height;
    }
    ctx.font = `${12 * unit}px system-ui, sans-serif`;
    below.forEach(({ label, colour }, i) => {
      const y = height + line * (i + 0.5);
      ctx.fillStyle = this.theme.lines[colour % this.theme.lines.length];
      ctx.fillRect(LEFT * unit, y - 1.5 * unit, 24 * unit, 3 * unit);
      ctx.fillStyle = this.theme.text;
      ctx.fillText(label, (LEFT + 32) * unit, y + 4 * unit);
    });
    return whole;
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
    this.unwatch();
    this.plots.forEach((each) => each.destroy());
  }
}

/** The part of a zoom, [first, last], that is on the axis; null if there is none. */
function within([first, last], { min, max }) {
  const [low, high] = [Math.max(first, min), Math.min(last, max)];
  return low < high ? [low, high] : null;
}
