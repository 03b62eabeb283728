// The view of training runs: a figure, its legend, the epoch in words, what models write.
//
// Its state is in a store with get(name), set(name, value), save_changes(), send(event)
// and on(name, act), as a widget's model has them; a page may give one of its own.
//   runs       [{id, label, number, theta, left}]    `left`: in the middle of a drag
//   curve_ID   the bytes of a run's curve, see curves.js
//   current    the id of the run that is in view; -1: none
//   hidden, pinned   lists of ids
//   levels     {label: perplexity};   num_epochs
//   readout    HTML;   trouble   what went wrong, in words
//   refused    why a file was not opened or saved; has_model, and more, in keeping.js
//   texts      [{label, epoch, read, greedy, drawn}]   what models write
//   code       that makes this setting;   is_running

import { csv, dashOf, describe, unpack, valueOf } from "./curves.js";
import { add, change, escaped, set, tell } from "./dom.js";
import { Figure } from "./figure.js";
import { Keeping } from "./keeping.js";
import { Legend } from "./legend.js";
import { download } from "./saving.js";
import { say } from "./words.js";

const COPY = "copy code";
const DRAWN = ["runs", "current", "hidden", "pinned", "levels", "num_epochs"];

export class TrainingView {
  constructor(element, store) {
    Object.assign(this, { store, unpacked: new Map(), heard: new Map(), isFolded: true });
    element.classList.add("d2l-training");
    this.stage = add(element, "div", "d2l-stage");
    this.figure = new Figure(add(this.stage, "div"), {
      describe: (zoom) => this.describe(zoom),
      onHover: (epoch) => this.hover(epoch),
      onTheme: () => this.update(),
      label: say("perplexity, gradient norm and share of clipped steps by epoch"),
    });
    this.trouble = add(this.stage, "div", "d2l-trouble");
    const tools = add(element, "div", "d2l-tools");
    this.makeTools(tools);
    this.keeping = new Keeping(tools, store);
    this.legend = new Legend(add(element, "div"), {
      toggle: (id) => this.flip("hidden", id),
      pin: (id) => this.flip("pinned", id),
      remove: (id) => this.remove(id),
      fold: () => this.foldOrUnfold(),
    });
    this.progress = add(element, "progress", "d2l-progress");
    this.progress.setAttribute("aria-label", say("epochs"));
    this.readout = add(element, "div", "d2l-readout");
    this.texts = add(element, "div", "d2l-texts");
    this.said = add(element, "div", "d2l-said"); // for screen readers alone
    this.said.setAttribute("aria-live", "polite");
    this.listen();
    this.update();
  }

  listen() {
    for (const name of DRAWN) this.on(name, () => this.update());
    for (const name of ["readout", "is_running", "trouble", "texts"]) this.on(name, () => this.write());
    this.on("refused", () => {
      this.write();
      set(this.said, this.store.get("refused"));
    });
    this.hearCurves();
  }

  on(name, act) {
    if (this.heard.has(name)) return;
    this.heard.set(name, act);
    this.store.on(`change:${name}`, act);
  }

  off(name) {
    this.store.off(`change:${name}`, this.heard.get(name));
    this.heard.delete(name);
  }

  /** A run's curve may come before or after the run is in the list, and goes with it. */
  hearCurves() {
    const curves = new Set(this.store.get("runs").map(({ id }) => `curve_${id}`));
    const gone = [...this.heard.keys()].filter((name) => name.startsWith("curve_") && !curves.has(name));
    for (const name of curves) this.on(name, () => this.update());
    for (const name of gone) {
      this.off(name);
      this.unpacked.delete(name);
    }
  }

  columns(id) {
    const name = `curve_${id}`;
    const bytes = this.store.get(name);
    const known = this.unpacked.get(name);
    if (known?.bytes === bytes && known) return known.columns;
    const columns = unpack(bytes);
    this.unpacked.set(name, { bytes, columns });
    return columns;
  }

  /** All runs, with their numbers, and whether each is shown. */
  runs() {
    const [hidden, pinned] = [new Set(this.store.get("hidden")), new Set(this.store.get("pinned"))];
    const current = this.store.get("current");
    return this.store.get("runs").map((run) => ({
      ...run,
      columns: this.columns(run.id),
      isCurrent: run.id === current,
      isShown: run.id === current || !hidden.has(run.id),
      isPinned: pinned.has(run.id),
    }));
  }

  describe(zoom) {
    const runs = this.runs().filter((run) => run.isShown);
    return describe(runs, { levels: this.store.get("levels"), numEpochs: this.store.get("num_epochs"), zoom });
  }

  // ---- Showing ----

  /** Show the state, in the next frame of the screen: many changes are one picture. */
  update() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.hearCurves();
      this.figure.drawNow();
      this.showLegend();
      this.write();
    });
  }

  showLegend() {
    const epoch = this.figure.at;
    const runs = this.runs();
    const isAside = (run) => run.left && !run.isShown;
    const listed = runs.filter((run) => !(this.isFolded && isAside(run)));
    this.legend.show(
      listed.map((run) => ({ ...run, value: valueOf(run.columns, epoch), colour: run.number, dash: dashOf(run.number) })),
      {
        heading: epoch === null ? say("perplexity:") : say("at epoch {n}:", { n: epoch }),
        theme: this.figure.theme,
        numFolded: runs.filter(isAside).length,
        isFolded: this.isFolded,
      },
    );
  }

  write() {
    const { store } = this;
    const current = this.runs().find((run) => run.isCurrent);
    this.progress.max = store.get("num_epochs");
    this.progress.value = current?.columns.perplexity.length ?? 0;
    tell(this.readout, store);
    const troubles = [store.get("refused"), store.get("trouble")].filter(Boolean);
    set(this.trouble, troubles.join("\n\n"));
    this.trouble.hidden = troubles.length === 0;
    change(this.texts, textsIn(store.get("texts")));
  }

  hover(epoch) {
    this.showLegend();
    if (epoch === null || document.activeElement !== this.figure.element) return;
    const values = this.runs().filter((run) => run.isShown);
    set(this.said, `${say("at epoch {n}:", { n: epoch })} ${values.map((run) => `${run.label} ${valueOf(run.columns, epoch)}`).join(", ")}`);
  }

  // ---- What a reader does ----

  flip(name, id) {
    const ids = this.store.get(name);
    this.store.set(name, ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id]);
    this.store.save_changes();
  }

  remove(id) {
    this.store.set("runs", this.store.get("runs").filter((run) => run.id !== id));
    this.store.save_changes();
    this.store.send({ event: "remove", id });
  }

  foldOrUnfold() {
    this.isFolded = !this.isFolded;
    this.showLegend();
  }

  makeTools(element) {
    const tools = [
      ["+", "zoom in (+, or Ctrl and the wheel)", this.figure.closer],
      ["−", "zoom out (−)", this.figure.away],
      ["whole", "show all epochs (0, or a double click)", this.figure.whole],
      [COPY, "copy the code that makes this panel, with this setting", (button) => this.copy(button)],
      ["CSV", "save the numbers of all curves", () => download("curves.csv", csv(this.runs()), "text/csv")],
      ["PNG", "save the picture of the curves", () => this.savePicture()],
    ];
    for (const [words, title, act] of tools) {
      const button = add(element, "button", "d2l-tool");
      Object.assign(button, { type: "button", title: say(title), textContent: say(words) });
      button.setAttribute("aria-label", say(title));
      button.addEventListener("click", () => act(button));
    }
  }

  async copy(button) {
    try {
      await navigator.clipboard.writeText(this.store.get("code"));
      button.textContent = say("copied");
    } catch {
      button.textContent = this.store.get("code"); // to be selected by hand
    }
    clearTimeout(this.copied);
    this.copied = setTimeout(() => (button.textContent = say(COPY)), 2500);
  }

  savePicture() {
    const runs = this.runs().filter((run) => run.isShown);
    const below = runs.map((run) => ({ label: `${run.label} · ${valueOf(run.columns)}`, colour: run.number }));
    this.figure.canvas(below).toBlob((blob) => download("curves.png", blob, "image/png"));
  }

  destroy() {
    cancelAnimationFrame(this.frame);
    for (const name of [...this.heard.keys()]) this.off(name);
    this.keeping.destroy();
    this.figure.destroy();
  }
}

/** What models write, side by side, as HTML; what they have read is bold. */
function textsIn(texts) {
  const typed = (text, read) => `<td><b>${escaped([...text].slice(0, read).join(""))}</b>${escaped([...text].slice(read).join(""))}</td>`;
  if (texts.length === 0) return "";
  const rows = [["most probable", "greedy"], ["drawn", "drawn"]].map(
    ([name, key]) => `<tr><th scope="row">${say(name)}</th>${texts.map((each) => (each.error ? `<td>${escaped(each.error)}</td>` : typed(each[key], each.read))).join("")}</tr>`,
  );
  const heads = texts.map(({ label, epoch }) => `<th scope="col">${escaped(texts.length > 1 ? `${label}, ` : "")}${say("after epoch {n}", { n: epoch })}</th>`);
  return `<table><tr><td></td>${heads.join("")}</tr>${rows.join("")}</table>`;
}
