// The view of a panel whose chart is drawn from numbers, with what it shows in words.

import { add, change, tell } from "./dom.js";
import { Figure } from "./figure.js";
import { entry } from "./key.js";
import { themeOf } from "./theme.js";

const GREY_LINE = '<line x1="1" x2="25" y1="6" y2="6" stroke="currentColor"/>';

/**
 * Shows `figure` of a store: {figures, right, ghost}. `figures` are as in figure.js, one
 * below the other, with lines that hold the bytes of float64; `right` is the room beside
 * them, in pixels; `ghost` says what the grey lines are.
 */
export class FigureView {
  constructor(element, store) {
    Object.assign(this, { element, store, shown: [], figures: [] });
    element.classList.add("d2l-chart");
    this.ghost = add(element, "div", "d2l-key");
    this.stage = add(element, "div");
    this.readout = add(element, "div", "d2l-readout");
    this.acts = { "change:figure": () => this.update(), "change:readout": () => this.write(), "change:is_running": () => this.write() };
    for (const [name, act] of Object.entries(this.acts)) store.on(name, act);
    this.update();
    this.write();
  }

  update() {
    const { figures = [], right } = this.store.get("figure");
    this.shown = figures.map(unpacked);
    this.shown.forEach((figure, i) => {
      this.figures[i] ??= this.make(i, right, figure);
      this.figures[i].draw();
    });
    this.nameGhost();
  }

  /** What the grey lines are; its place is kept free while there are none. */
  nameGhost() {
    const { ghost } = this.store.get("figure");
    change(this.ghost, ghost ? entry({ label: ghost, colour: "quiet" }, GREY_LINE, themeOf(this.element)) : "");
  }

  make(i, right, { x, plots }) {
    const label = `${plots.map((plot) => plot.label).join(", ")} by ${x.label}`;
    return new Figure(add(this.stage, "div"), {
      describe: (zoom) => this.describe(i, zoom),
      onClick: (at) => this.store.send({ event: "click", figure: i, x: at }),
      onTheme: () => this.nameGhost(),
      right,
      label,
    });
  }

  describe(i, zoom) {
    const { x, plots } = this.shown[i];
    return { x: zoom ? { ...x, min: zoom[0], max: zoom[1] } : x, plots };
  }

  write() {
    tell(this.readout, this.store);
  }

  destroy() {
    for (const [name, act] of Object.entries(this.acts)) this.store.off(name, act);
    this.figures.forEach((figure) => figure.destroy());
  }
}

/** A figure whose lines hold numbers in place of bytes. */
export function unpacked({ x, plots }) {
  const numbers = (line) => ({ ...line, x: floats(line.x), y: floats(line.y) });
  const shades = (each) => each && { ...each, table: floats(each.table) };
  return { x, plots: plots.map((plot) => ({ ...plot, lines: plot.lines.map(numbers), shades: shades(plot.shades) })) };
}

function floats(bytes) {
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
