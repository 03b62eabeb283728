// What a network remembers: its hidden units over a text that it reads, a strip of
// colours each. A letter tells what comes next; a unit colours the text.

import { add, change, escaped, set } from "../dom.js";
import { UNKNOWN } from "../rnn/text.js";
import { themeOf, watchTheme } from "../theme.js";
import { say } from "../words.js";

const CELL = { width: 14, height: 12 }; // CSS pixels of a number
const LOW = [0, 114, 178]; // after Okabe and Ito: blue for -1, orange for +1
const HIGH = [213, 94, 0];

export class Memory {
  constructor(element, store) {
    Object.assign(this, { element, store, letter: null, unit: null });
    element.classList.add("d2l-memory");
    this.caption = add(element, "p", "d2l-note");
    this.scroll = add(element, "div", "d2l-strips");
    Object.assign(this.scroll, { tabIndex: 0, role: "application" }); // it has its arrow keys to itself
    this.scroll.setAttribute("aria-label", say("hidden units over the text: arrow keys choose a letter and a unit"));
    this.letters = add(this.scroll, "div", "d2l-letters");
    this.letters.setAttribute("aria-hidden", "true"); // the text stands below, in one piece
    this.canvas = add(this.scroll, "canvas");
    this.row = add(this.scroll, "div", "d2l-row");
    this.readout = add(element, "div", "d2l-next");
    this.text = add(element, "p", "d2l-coloured");
    this.listen();
    this.show = () => this.update();
    this.fold = element.closest("details");
    this.fold?.addEventListener("toggle", this.show);
    store.on("change:passage", this.show);
    this.unwatch = watchTheme(this.show);
    this.update();
  }

  listen() {
    const at = ({ clientX, clientY }) => {
      const { left, top } = this.canvas.getBoundingClientRect();
      const row = Math.floor((clientY - top) / CELL.height);
      return [Math.floor((clientX - left) / CELL.width), row >= 0 ? row : null];
    };
    this.scroll.addEventListener("pointermove", (event) => this.choose(at(event)[0], this.unit));
    this.scroll.addEventListener("click", (event) => this.choose(...at(event)));
    this.scroll.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const letter = (this.letter ?? -1) + by[0];
    this.choose(Math.max(letter, 0), by[1] ? Math.max((this.unit ?? -1) + by[1], 0) : this.unit);
    this.reveal();
  }

  reveal() {
    const left = this.letter * CELL.width;
    const { scrollLeft, clientWidth } = this.scroll;
    if (left < scrollLeft || left > scrollLeft + clientWidth - 2 * CELL.width) this.scroll.scrollLeft = left - clientWidth / 2;
  }

  choose(letter, unit) {
    const passage = this.store.get("passage");
    if (!passage) return;
    const before = [this.letter, this.unit];
    [this.letter, this.unit] = [Math.max(letter, 0), unit];
    this.fit(passage);
    if (before[0] !== this.letter || before[1] !== this.unit) this.update();
  }

  /** What is chosen is there, in a shorter text and a smaller network, too. */
  fit({ passage, units }) {
    if (this.letter !== null) this.letter = Math.min(this.letter, passage.length - 1);
    if (this.unit !== null) this.unit = Math.min(this.unit, units - 1);
  }

  /** Not in a frame of the screen: the curves have that for themselves. */
  update() {
    this.turn ??= setTimeout(() => {
      this.turn = null;
      const passage = this.store.get("passage");
      this.element.hidden = !passage;
      if (!passage || this.fold?.open === false) return;
      this.fit(passage);
      this.explain(passage);
      this.write(passage);
      this.draw(passage);
      this.tell(passage);
      this.colour(passage);
    });
  }

  explain({ units, H }) {
    set(this.caption, say("The hidden state is all that the network carries from one character to the next. A row is a hidden unit ({n} of {all}), a column its state after that character: from blue, −1, to orange, +1.", { n: units, all: H }));
  }

  write({ passage }) {
    const words = passage.map((each, t) => `<span${t === this.letter ? ' class="d2l-here"' : ""}>${escaped(visible(each))}</span>`);
    change(this.letters, words.join(""));
  }

  draw({ passage, states, units }) {
    const { isDark } = themeOf(this.element);
    const picture = new ImageData(passage.length, units);
    for (let t = 0; t < passage.length; t += 1) {
      for (let unit = 0; unit < units; unit += 1) {
        picture.data.set([...shade(states[t * units + unit], isDark), 255], 4 * (unit * passage.length + t));
      }
    }
    const { canvas } = this;
    Object.assign(canvas, { width: passage.length, height: units });
    Object.assign(canvas.style, { width: `${passage.length * CELL.width}px`, height: `${units * CELL.height}px` });
    canvas.getContext("2d").putImageData(picture, 0, 0);
    this.letters.style.width = canvas.style.width;
    this.row.hidden = this.unit === null;
    Object.assign(this.row.style, { top: `${canvas.offsetTop + this.unit * CELL.height}px`, width: canvas.style.width });
  }

  /** What the network expects after the chosen letter. */
  tell({ passage, likely, states, units }) {
    this.readout.setAttribute("aria-live", this.store.get("is_running") ? "off" : "polite");
    if (this.letter === null) return set(this.readout, say("Point at a character: what does the network expect after it? Click a row: in which parts of the text is that unit high?"));
    const { most, came } = likely[this.letter];
    const bar = ({ token, p }) => `<span class="d2l-chance"><b>${escaped(visible(token))}</b><i style="width: ${(80 * p).toFixed(1)}px"></i>${(100 * p).toFixed(0)}%</span>`;
    const read = escaped(passage.slice(Math.max(0, this.letter - 11), this.letter + 1).map(visible).join(""));
    const real = came ? say("in the text: {token}, {p}%", { token: escaped(visible(came.token)), p: (100 * came.p).toFixed(0) }) : "";
    const unit = this.unit === null ? "" : ` · ${say("unit {n}: {value}", { n: this.unit + 1, value: signed(states[this.letter * units + this.unit]) })}`;
    change(this.readout, `${say("after “{read}”", { read })}: ${most.map(bar).join(" ")} ${real}${unit}`);
  }

  /** The text, coloured by the chosen unit. */
  colour({ passage, states, units, isLearned }) {
    const { isDark } = themeOf(this.element);
    const mark = (each, t) => {
      const ground = this.unit === null ? "transparent" : `rgb(${shade(states[t * units + this.unit], isDark).join()})`;
      return `<span style="background: ${ground}">${escaped(each)}</span>`;
    };
    const heading = say(isLearned ? "the text" : "text that it has not learned from");
    const unit = this.unit === null ? "" : say(", coloured by unit {n}: blue −1, orange +1", { n: this.unit + 1 });
    change(this.text, `<small>${escaped(heading + unit)}</small><br>${passage.map(mark).join("")}`);
  }

  destroy() {
    clearTimeout(this.turn);
    this.unwatch();
    this.store.off("change:passage", this.show);
  }
}

/** A colour for a number from -1 to 1, on a light or a dark ground; text can be read on it. */
function shade(value, isDark) {
  const [size, end] = [Math.min(Math.abs(value), 1), value < 0 ? LOW : HIGH];
  const ground = isDark ? 24 : 255;
  return end.map((part) => Math.round(ground + (part - ground) * 0.75 * size));
}

function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

function visible(token) {
  return token === " " ? "␣" : token === UNKNOWN ? "?" : token;
}
