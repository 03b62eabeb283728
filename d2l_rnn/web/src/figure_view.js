// The view of a panel whose figure is drawn from numbers, with what it shows in words.

import { Figure } from "./figure.js";
import { add, change } from "./dom.js";

/**
 * Shows `figure` of a store: a figure as in figure.js, whose lines hold bytes of float64,
 * each with a `label` and a colour of its own.
 */
export class FigureView {
  constructor(element, store) {
    this.store = store;
    this.key = add(element, "div", "d2l-key");
    this.figure = new Figure(add(element, "div"), { describe: (zoom) => this.describe(zoom) });
    this.readout = add(element, "div", "d2l-readout");
    this.acts = { "change:figure": () => this.update(), "change:readout": () => this.write() };
    for (const [name, act] of Object.entries(this.acts)) store.on(name, act);
    this.update();
    this.write();
  }

  describe(zoom) {
    const { x, plots } = this.numbers;
    return { x: zoom ? { ...x, min: zoom[0], max: zoom[1] } : x, plots };
  }

  update() {
    const figure = this.store.get("figure");
    if (!figure.plots) return;
    const numbers = (line) => ({ ...line, x: floats(line.x), y: floats(line.y) });
    this.numbers = { ...figure, plots: figure.plots.map((plot) => ({ ...plot, lines: plot.lines.map(numbers) })) };
    this.figure.draw();
    this.figure.element.setAttribute("aria-label", this.store.get("alt"));
  }

  write() {
    this.readout.setAttribute("aria-live", "polite");
    change(this.readout, this.store.get("readout"));
  }

  destroy() {
    for (const [name, act] of Object.entries(this.acts)) this.store.off(name, act);
    this.figure.destroy();
  }
}

function floats(bytes) {
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
