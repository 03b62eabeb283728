// A finished picture, with what it shows in words.

import { add, tell } from "./dom.js";

/** The view of a panel whose picture is a PNG; a click on it says where, in shares. */
export class PictureView {
  constructor(element, store) {
    this.store = store;
    this.image = add(element, "img", "d2l-picture");
    this.image.addEventListener("click", (event) => this.click(event));
    this.readout = add(element, "div", "d2l-readout");
    this.acts = { "change:picture": () => this.draw(), "change:readout": () => this.write(), "change:is_running": () => this.write() };
    for (const [name, act] of Object.entries(this.acts)) store.on(name, act);
    this.draw();
    this.write();
  }

  draw() {
    const bytes = this.store.get("picture");
    if (!bytes.byteLength) return;
    const before = this.image.src;
    this.image.width = this.store.get("width");
    this.image.src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    this.image.alt = this.store.get("alt");
    URL.revokeObjectURL(before);
  }

  write() {
    tell(this.readout, this.store);
  }

  click(event) {
    const box = this.image.getBoundingClientRect();
    this.store.send({ event: "click", x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height });
  }

  destroy() {
    for (const [name, act] of Object.entries(this.acts)) this.store.off(name, act);
    URL.revokeObjectURL(this.image.src);
  }
}
