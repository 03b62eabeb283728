// A store like a widget's model: what the views of the panels read, and tell.

export class Store {
  constructor(values) {
    this.values = { ...values };
    this.acts = new Map();
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    this.emit(`change:${name}`);
  }

  save_changes() {}

  /** What a view tells: whoever listens to "send" hears it. */
  send(event, _, buffers) {
    this.emit("send", event, buffers);
  }

  on(name, act) {
    if (!this.acts.has(name)) this.acts.set(name, new Set());
    this.acts.get(name).add(act);
  }

  off(name, act) {
    this.acts.get(name)?.delete(act);
  }

  emit(name, ...what) {
    for (const act of [...(this.acts.get(name) ?? [])]) act(...what);
  }
}
