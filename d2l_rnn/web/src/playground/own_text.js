// The reader's own text: typed, pasted, dropped or from a file. It stays in the page.

import { add, set } from "../dom.js";
import { say } from "../words.js";
import { button } from "./controls.js";

const LARGEST = 1_000_000; // bytes
const LONG = 20_000; // characters: more is not put into the box, which would be slow
const SHOWN = 40; // characters of the text that are shown again
const PAUSE = 400; // milliseconds without a key

export class OwnText {
  /** `onText(text)` is called with each new text, `refuse(words)` if there is none. */
  constructor(element, onText, refuse) {
    Object.assign(this, { onText, refuse });
    element.classList.add("d2l-own");
    this.box = add(element, "textarea");
    Object.assign(this.box, { rows: 3, spellcheck: false, placeholder: say("paste or drop a text here, in any script: it never leaves this page") });
    this.box.setAttribute("aria-label", say("my own text"));
    this.box.addEventListener("input", () => this.typed());
    this.box.addEventListener("paste", (event) => this.pasted(event));
    this.file = add(element, "input");
    Object.assign(this.file, { type: "file", accept: "text/*,.txt,.md", hidden: true });
    this.file.addEventListener("change", () => this.opened());
    button(element, "open a text", "a file of plain text, at most 1 MB", () => this.file.click());
    this.told = add(element, "div", "d2l-note");
    this.told.setAttribute("aria-live", "polite");
  }

  typed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.take(this.box.value), PAUSE);
  }

  pasted(event) {
    const text = event.clipboardData.getData("text/plain");
    if (text.length <= LONG) return;
    event.preventDefault();
    this.take(text);
  }

  opened() {
    const [file] = this.file.files;
    if (file) this.read(file);
    this.file.value = "";
  }

  /** What is dropped on the page: a file, or words. */
  drop({ dataTransfer }) {
    const [file] = dataTransfer.files;
    if (file) this.read(file);
    else this.take(dataTransfer.getData("text/plain"));
  }

  async read(file) {
    if (file.size > LARGEST) return this.refuse(say("a text of at most 1 MB, please: {name} has {size}", { name: file.name, size: megabytes(file.size) }));
    try {
      this.take(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
    } catch {
      this.refuse(say("{name} is not a text in UTF-8", { name: file.name }));
    }
  }

  take(text) {
    clearTimeout(this.waiting);
    if (text.trim() === "") return;
    const size = text.length > LARGEST ? text.length : new TextEncoder().encode(text).length;
    if (size > LARGEST) return this.refuse(say("a text of at most 1 MB, please: this one has {size}", { size: megabytes(size) }));
    this.tell(text);
    this.onText(text);
  }

  tell(text) {
    this.text = text;
    const begins = [...text.slice(0, 2 * SHOWN)].slice(0, SHOWN).join("");
    set(this.told, say("“{begins}…”, {n} characters", { begins, n: text.length.toLocaleString("en-GB") }));
  }

  /** What another one, in another language, has had. */
  resume({ box, text }) {
    this.box.value = box.value;
    if (text !== undefined) this.tell(text);
  }
}

const megabytes = (size) => `${(size / 1e6).toFixed(1)} MB`;
