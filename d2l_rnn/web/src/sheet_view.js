// The view of a panel that shows a sheet: its boards and tables, and what is said of the
// number that a reader points at.

import { add, set, tell } from "./dom.js";
import { boardOf, brief, exact, indexed, lookOf, moved, nameOf, partsOf, sourcesOf, valuesOf, widthOf } from "./sheet.js";
import { themeOf, watchTheme } from "./theme.js";

/** Shows `sheet` of a store, as in sheet.js, at its `stage`. */
export class SheetView {
  constructor(element, store) {
    Object.assign(this, { element, store, cells: new Map(), chosen: null, hovered: null });
    element.classList.add("d2l-sheet");
    this.chapters = add(element, "div", "d2l-chapters");
    Object.assign(this.chapters, { role: "group", ariaLabel: "parts of the step" });
    this.readout = add(element, "div", "d2l-readout");
    this.said = add(element, "div", "d2l-number");
    this.board = add(element, "div", "d2l-board");
    this.acts = { "change:sheet": () => this.update(), "change:stage": () => this.show(), "change:readout": () => this.write(), "change:is_running": () => this.write() };
    for (const [name, act] of Object.entries(this.acts)) store.on(name, act);
    this.listen();
    this.wear();
    this.unwatch = watchTheme(() => this.wear());
    this.whenInPage = requestAnimationFrame(() => this.wear());
    this.update();
    this.write();
  }

  /** Another sheet: its tables are made anew if their shapes have changed. */
  update() {
    this.sheet = this.store.get("sheet");
    if (!this.sheet.boards) return; // there is none yet
    this.values = valuesOf(this.sheet);
    this.show();
  }

  show() {
    if (!this.sheet.boards) return;
    const stage = this.store.get("stage");
    const isAnother = stage !== this.stage;
    if (isAnother) this.chosen = this.hovered = null;
    this.stage = stage;
    const board = boardOf(this.sheet, stage);
    const tables = board.groups.flatMap(([, names]) => names.map((name) => this.sheet.tables[name]));
    const made = JSON.stringify([board.groups, board.bars, tables.map((table) => [table.rows, table.columns, table.title, widthOf(table)])]);
    if (made !== this.made) this.make(board);
    this.made = made;
    this.nameChapters(board);
    for (const [number, cell] of this.cells) this.dress(number, cell);
    this.drawBars(board);
    this.explain();
    if (isAnother) this.reveal(this.cells.get(this.sheet.stages[stage - 1][1]));
  }

  /** Scroll the board, but not the page, to the table of a cell. */
  reveal(cell) {
    const [inside, table] = [this.board, cell.closest("table")].map((each) => each.getBoundingClientRect());
    if (table.bottom > inside.bottom) this.board.scrollTop += Math.min(table.bottom - inside.bottom, table.top - inside.top);
    else if (table.top < inside.top) this.board.scrollTop += table.top - inside.top;
  }

  // ---- What is on the page ----

  make(board) {
    this.board.replaceChildren();
    this.cells.clear();
    this.chosen = this.hovered = null;
    this.bars = board.bars.length ? add(this.board, "div", "d2l-bars") : null;
    for (const [heading, names] of board.groups) {
      const group = add(this.board, "section", "d2l-group");
      group.ariaLabel = heading;
      set(add(group, "h4"), heading);
      const place = add(group, "div", "d2l-tables");
      for (const name of names) this.makeTable(place, this.sheet.tables[name]);
    }
  }

  makeTable(place, table) {
    const grid = add(add(place, "div", "d2l-scroll"), "table");
    grid.style.setProperty("--d2l-digits", widthOf(table)); // so that no column moves
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-label", table.title.replaceAll("_", " "));
    write(add(grid, "caption"), table.title);
    const head = add(grid, "tr");
    if (table.columns.some(Boolean)) {
      add(head, "td");
      for (const column of table.columns) columnHead(head, column);
    }
    table.rows.forEach((row, i) => {
      const line = add(grid, "tr");
      const label = add(line, "th");
      label.scope = "row";
      set(label, row);
      table.columns.forEach((_, j) => {
        const cell = add(line, "td", "d2l-cell");
        cell.setAttribute("role", "gridcell");
        cell.tabIndex = i || j ? -1 : 0;
        const number = table.first + i * table.columns.length + j;
        cell.dataset.number = number;
        this.cells.set(number, cell);
      });
    });
  }

  dress(number, cell) {
    const value = this.values[number];
    const look = lookOf(value, this.stage);
    const words = look === "later" ? "·" : brief(value.value);
    set(cell, words);
    cell.classList.toggle("d2l-new", look === "new");
    cell.classList.toggle("d2l-later", look === "later");
    const name = `${nameOf(value).replaceAll("_", " ")}: ${look === "later" ? "not computed yet" : words}${look === "new" ? ", new" : ""}`;
    if (cell.ariaLabel !== name) cell.ariaLabel = name;
  }

  nameChapters(board) {
    this.sheet.boards.forEach((each, i) => {
      const button = this.chapters.children[i] ?? this.makeChapter(i);
      set(button, each.title);
      if (each === board) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
  }

  makeChapter(i) {
    const button = add(this.chapters, "button");
    button.type = "button";
    button.addEventListener("click", () => this.store.send({ event: "go", stage: this.sheet.boards[i].first }));
    return button;
  }

  /** The lengths of some values, and the limit that they are compared with. */
  drawBars({ bars, limit }) {
    if (!this.bars) return;
    this.bars.replaceChildren();
    const lengths = bars.map(([, number]) => this.values[number].value);
    const most = Math.max(...lengths, limit ?? 0) || 1;
    bars.forEach(([name, number], i) => {
      const isThere = lookOf(this.values[number], this.stage) !== "later";
      set(add(this.bars, "span"), name);
      const track = add(this.bars, "div", "d2l-track");
      const bar = add(track, "div", "d2l-bar");
      bar.style.width = `${isThere ? (100 * lengths[i]) / most : 0}%`;
      if (limit !== null) add(track, "div", "d2l-limit").style.left = `${(100 * limit) / most}%`;
      set(add(this.bars, "span"), isThere ? brief(lengths[i]) : "·");
    });
    set(add(this.bars, "span", "d2l-key"), limit === null ? "theta is off: nothing is clipped" : `the upright line: theta = ${exact(limit)}`);
  }

  // ---- Pointing ----

  listen() {
    const at = ({ target }) => target.closest?.(".d2l-cell");
    const numberAt = (event) => (at(event) ? Number(at(event).dataset.number) : null);
    this.board.addEventListener("pointerover", (event) => event.pointerType !== "touch" && this.hover(numberAt(event)));
    this.board.addEventListener("pointerleave", () => this.hover(null));
    this.board.addEventListener("click", (event) => at(event) && this.choose(numberAt(event)));
    this.board.addEventListener("focusin", (event) => at(event) && this.choose(numberAt(event)));
    this.board.addEventListener("keydown", (event) => at(event) && this.key(event, numberAt(event)));
  }

  hover(number) {
    if (number === this.hovered) return;
    this.hovered = number;
    this.explain();
  }

  choose(number) {
    if (number === this.chosen) return;
    this.chosen = number;
    this.hovered = null;
    for (const cell of number === null ? [] : this.cells.get(number).closest("table").querySelectorAll(".d2l-cell")) {
      cell.tabIndex = Number(cell.dataset.number) === number ? 0 : -1;
    }
    this.explain();
  }

  key(event, number) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { table, row, column } = this.values[number];
    const to = moved(event.key, row, column, table);
    if (!to && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (to) this.cells.get(table.first + to[0] * table.columns.length + to[1]).focus();
    else this.choose(null);
  }

  /** Say where the number comes from that is pointed at, or else the one of this stage. */
  explain() {
    const about = this.hovered ?? this.chosen ?? this.sheet.stages[this.stage - 1][1];
    const value = this.values[about];
    const isKnown = lookOf(value, this.stage) !== "later";
    const sources = new Set(isKnown ? sourcesOf(value) : []);
    for (const [number, cell] of this.cells) {
      cell.classList.toggle("d2l-pointed", number === about);
      cell.classList.toggle("d2l-source", sources.has(number));
    }
    this.said.setAttribute("aria-live", this.store.get("is_running") ? "off" : "polite");
    const words = JSON.stringify([nameOf(value), value.value, value.words, isKnown]);
    if (words === this.told) return;
    this.told = words;
    this.said.replaceChildren();
    this.sayNumber(value, isKnown);
    for (const line of value.table.lines) sayLine(this.said, this.sheet.lines[line]);
  }

  sayNumber(value, isKnown) {
    const head = add(this.said, "div", "d2l-formula");
    write(add(head, "b"), isKnown ? `${nameOf(value)} = ${exact(value.value)}` : `${nameOf(value)} is not computed yet`);
    const formula = add(head, "span", "d2l-rule");
    write(formula, value.table.formula);
    const inNumbers = add(this.said, "div", "d2l-sum");
    if (!isKnown || sourcesOf(value).length === 0) return;
    inNumbers.append("= ");
    for (const [words, number] of partsOf(value, this.values)) {
      set(add(inNumbers, "span", number === null ? "" : "d2l-source"), words);
    }
  }

  wear() {
    const theme = themeOf(this.element);
    const names = { "--d2l-new": theme.lines[4], "--d2l-source": theme.lines[0], "--d2l-quiet": theme.quiet, "--d2l-ground": theme.ground };
    for (const [name, colour] of Object.entries(names)) this.element.style.setProperty(name, colour);
  }

  write() {
    tell(this.readout, this.store);
  }

  destroy() {
    for (const [name, act] of Object.entries(this.acts)) this.store.off(name, act);
    cancelAnimationFrame(this.whenInPage);
    this.unwatch();
  }
}

function columnHead(row, words) {
  const head = add(row, "th");
  head.scope = "col";
  write(head, words);
}

/** Words whose indices are lowered. */
function write(element, words) {
  for (const [part, isIndex] of indexed(words)) element.append(isIndex ? lowered(part) : part);
}

function lowered(words) {
  const element = document.createElement("sub");
  element.textContent = words;
  return element;
}

function sayLine(place, [where, before, part, after]) {
  const line = add(place, "div", "d2l-code");
  set(add(line, "span", "d2l-where"), where);
  const code = add(line, "code");
  code.append(before);
  set(add(code, "mark"), part);
  code.append(after);
}
