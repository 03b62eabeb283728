// The model of the run in view as a file of the reader's: saved, and opened.
//
// The kernel may be on another machine, so the file goes through the store:
//   send({event: "save", view})                          answered by a message
//   {event: "file", view, name} with the bytes           to be downloaded
//   send({event: "piece", view, name, at, size}, …)      with bytes of a file, in order
// `has_model` tells whether there is a model; `refused` why a file was not taken.

import { add } from "./dom.js";
import { download } from "./saving.js";
import { say } from "./words.js";

const PIECE = 4_000_000; // bytes; Jupyter's server takes no message of more than 10 MiB
const LARGEST = 50_000_000; // bytes of a file
const SAVE = "save this run's model as a file, with its vocabulary, setting and curve";
const OPEN = "open a model from a file: the controls take its setting, and it goes on";

/** The two buttons, in `element`. */
export class Keeping {
  constructor(element, store) {
    this.store = store;
    this.view = Math.random().toString(36).slice(2); // another may show the same
    this.saves = this.button(element, "save model", SAVE, () => store.send({ event: "save", view: this.view }));
    this.input = add(element, "input");
    Object.assign(this.input, { type: "file", accept: ".safetensors", hidden: true });
    this.input.addEventListener("change", () => this.open());
    this.button(element, "open model", OPEN, () => this.input.click());
    this.acts = { "change:has_model": () => this.show(), "msg:custom": (...message) => this.take(...message) };
    for (const [name, act] of Object.entries(this.acts)) store.on(name, act);
    this.show();
  }

  button(element, words, title, act) {
    const button = add(element, "button", "d2l-tool");
    Object.assign(button, { type: "button", title: say(title), textContent: say(words) });
    button.addEventListener("click", act);
    return button;
  }

  show() {
    this.saves.disabled = !this.store.get("has_model");
  }

  take({ event, view, name }, buffers) {
    if (event === "file" && view === this.view) download(name, buffers[0], "application/octet-stream");
  }

  open() {
    const [file] = this.input.files;
    if (file) sendFile(file, this.store, this.view);
    this.input.value = ""; // the same file may be opened again
  }

  destroy() {
    for (const [name, act] of Object.entries(this.acts)) this.store.off(name, act);
  }
}

/** Send a file to the kernel, in pieces, or say why it is not sent. */
export async function sendFile(file, store, view) {
  const { name, size } = file;
  if (size > LARGEST) return refuse(store, say("{name} has {size}, and a model that is opened here may have {most}: open it from code", { name, size: megabytes(size), most: megabytes(LARGEST) }));
  try {
    const bytes = await file.arrayBuffer();
    for (let at = 0; at === 0 || at < size; at += PIECE) store.send({ event: "piece", view, name, at, size }, undefined, [bytes.slice(at, at + PIECE)]);
  } catch (error) {
    refuse(store, say("{name} cannot be read: {why}", { name, why: error.message }));
  }
}

function refuse(store, words) {
  store.set("refused", words);
  store.save_changes();
}

function megabytes(size) {
  return `${(size / 1e6).toFixed(0)} MB`;
}
