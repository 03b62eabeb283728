// The list of curves beside a figure: what each is called, its value, and what can be
// done with it. It is a list of buttons, for the hand, the keyboard and a screen reader.

import { add, set } from "./dom.js";
import { DASHES } from "./theme.js";
import { say } from "./words.js";

const PIN = '<svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true"><path fill="currentColor" d="M5 1h6l-1 5 3 3v1H8.7L8 15.5 7.3 10H3V9l3-3z"/></svg>';

/**
 * A legend in `element`. `toggle(id)`, `pin(id)` and `remove(id)` are called for the
 * entry of a curve; `fold()` for the button that shows the entries of runs left early.
 */
export class Legend {
  constructor(element, acts) {
    Object.assign(this, { acts, element });
    this.entries = new Map();
    element.classList.add("d2l-legend");
    Object.assign(element, { role: "group", ariaLabel: say("curves") });
    this.heading = add(element, "span", "d2l-legend-head");
    this.list = add(element, "div", "d2l-legend-list");
    this.fold = add(element, "button", "d2l-fold");
    this.fold.type = "button";
    this.fold.addEventListener("click", () => acts.fold());
  }

  /**
   * Show these entries, {id, label, value, colour, dash, isCurrent, isShown, isPinned},
   * in this order; `heading` stands before them.
   */
  show(entries, { heading, theme, numFolded, isFolded }) {
    set(this.heading, heading);
    const ids = new Set(entries.map((each) => each.id));
    for (const [id, entry] of this.entries) {
      if (!ids.has(id)) {
        entry.row.remove();
        this.entries.delete(id);
      }
    }
    for (const each of entries) this.update(this.entries.get(each.id) ?? this.make(each.id), each, theme);
    this.fold.hidden = numFolded === 0;
    set(this.fold, `${say("{n} left early", { n: numFolded })} ${isFolded ? "▸" : "▾"}`);
    this.fold.setAttribute("aria-expanded", String(!isFolded));
    this.reveal(entries.find((each) => each.isCurrent)?.id);
  }

  /** Scroll to this entry, if it is another one than before: the list may be long. */
  reveal(id) {
    if (id === this.revealed) return;
    this.revealed = id;
    const row = this.entries.get(id)?.row;
    if (row) this.element.scrollTop = row.offsetTop - (this.element.clientHeight - row.offsetHeight);
  }

  make(id) {
    const row = add(this.list, "span", "d2l-entry");
    const name = add(row, "button", "d2l-name");
    name.innerHTML = '<svg width="26" height="8" aria-hidden="true"><line x1="1" x2="25" y1="4" y2="4"/></svg><span></span> <b></b>';
    const pin = add(row, "button", "d2l-icon");
    pin.innerHTML = PIN;
    const remove = add(row, "button", "d2l-icon");
    remove.textContent = "×";
    for (const [button, act] of [[name, "toggle"], [pin, "pin"], [remove, "remove"]]) {
      button.type = "button";
      button.addEventListener("click", () => this.acts[act](id));
    }
    const entry = { row, name, pin, remove, line: row.querySelector("line"), label: row.querySelector("span span, .d2l-name span"), value: row.querySelector("b") };
    this.entries.set(id, entry);
    return entry;
  }

  update(entry, { label, value, colour, dash, isCurrent, isShown, isPinned }, theme) {
    set(entry.label, `${label} ·`);
    set(entry.value, value);
    const look = [theme.lines[colour % theme.lines.length], DASHES[dash].join(" "), isCurrent, isShown, isPinned, label].join();
    if (look === entry.look) return;
    entry.look = look;
    entry.line.setAttribute("stroke", theme.lines[colour % theme.lines.length]);
    entry.line.setAttribute("stroke-width", isCurrent ? "3" : "2");
    entry.line.setAttribute("stroke-dasharray", DASHES[dash].join(" "));
    entry.row.classList.toggle("d2l-hidden", !isShown);
    entry.row.classList.toggle("d2l-current", isCurrent);
    name(entry.name, say(isShown ? "hide the curve" : "show the curve"), isShown);
    name(entry.pin, say("keep {label}", { label }), isPinned, say("keep this curve, and show what its model writes"));
    name(entry.remove, say("remove {label}", { label }), null, say("remove this curve"));
  }
}

function name(button, words, isPressed, title = words) {
  if (!button.classList.contains("d2l-name")) button.setAttribute("aria-label", words);
  button.title = title;
  if (isPressed !== null) button.setAttribute("aria-pressed", String(isPressed));
}
