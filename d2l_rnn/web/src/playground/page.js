// The page: its parts, and what they tell each other.

import { add, set } from "../dom.js";
import { TrainingView } from "../training.js";
import { say } from "../words.js";
import { Board } from "./board.js";
import { button, fold } from "./controls.js";
import { languageOf, speakIn } from "./languages.js";
import { Memory } from "./memory.js";
import { OwnText } from "./own_text.js";
import { Session } from "./session.js";
import { allowed, BEGINS, read, write } from "./settings.js";
import { Walk } from "./walk.js";

const NOTE = 200; // milliseconds before the address follows: browsers refuse more

export class Page {
  /** In `root`, with a learner that hears `post(message)`; `stories` are {name: text}. */
  constructor(root, { post, stories, version, address }) {
    Object.assign(this, { root, stories, version, address, draws: 0, numOwn: 0, known: new Set() });
    this.send = post;
    this.session = new Session((message) => post(message.kind === "save" ? { ...message, version } : message));
    this.session.store.on("change:is_running", () => this.showButtons());
    this.session.store.on("change:is_paused", () => this.showButtons());
    this.session.store.on("change:code", () => this.showCode());
    this.listen();
    this.arrive();
  }

  /** Go to the state that the address asks for. */
  arrive() {
    const { values, hidden, language, mended } = read(this.address.read());
    if (values.text === "own" && !this.own) {
      values.text = "story";
      mended.push({ name: "text", came: "own", value: "story", isOwn: true });
    }
    Object.assign(this, { values, hidden, asked: language });
    this.language = languageOf(language);
    this.build();
    this.showMended(mended);
    this.learn();
  }

  // ---- What a reader does ----

  change(name, value, byHand = false) {
    this.values = { ...this.values, [name]: value };
    this.follow();
    this.board.show(this.values);
    if (name === "text") this.showOwn();
    if (name === "begins" || name === "temperature") {
      this.session.note(this.values);
      return this.write();
    }
    if (name === "text") this.write();
    this.learn({ byHand });
  }

  learn(how = {}) {
    if (this.values.text === "own" && !this.own) return this.ownText.box.focus();
    this.tellText();
    this.session.learn(this.values, how);
  }

  /** Let the learner know the text, once. */
  tellText() {
    const { text } = this.values;
    const id = this.session.textOf(this.values);
    if (this.known.has(id)) return;
    this.known.add(id);
    this.send({ kind: "text", id, text: text === "own" ? this.own : this.stories[text], isClean: text === "story" });
  }

  takeOwn(text) {
    this.before = { own: this.own, number: this.session.ownNumber };
    this.numOwn += 1;
    this.own = text;
    this.session.ownNumber = this.numOwn;
    this.change("text", "own");
  }

  /** Go to a setting of the walk, and to no epoch beyond it. */
  setTo(values, anew) {
    this.values = { ...this.values, ...values };
    this.follow();
    this.board.show(this.values);
    this.showOwn();
    this.write();
    this.learn({ anew: anew || this.session.isBeyond(this.values) });
  }

  write() {
    const { begins, temperature, text } = this.values;
    this.send({ kind: "ask", prefix: begins || BEGINS[text], temperature, draw: this.draws });
  }

  speakOther() {
    this.language = this.language === "zh" ? "en" : "zh";
    this.asked = this.language;
    this.follow();
    const { walk } = this;
    const open = this.folds().map((each) => each.open);
    this.build();
    this.folds().forEach((each, i) => (each.open = open[i]));
    if (walk.at >= 0) this.walk.go(walk.at, walk.chosen);
    this.other.focus({ preventScroll: true });
  }

  folds() {
    return [...this.root.querySelectorAll("details")];
  }

  /** The walk asks what will happen: no curve of before gives it away. */
  beginWalk() {
    const { store, runs } = this.session;
    this.epochsBefore = this.values.epochs;
    store.set("hidden", runs.map(({ id }) => id));
    this.session.showNone();
    this.session.show();
    this.walk.go(0);
  }

  leaveWalk() {
    this.begin.focus();
    if (this.values.epochs < this.epochsBefore) this.setTo({ epochs: this.epochsBefore });
    else if (!this.session.current) this.learn();
  }

  async share() {
    const link = this.address.link(this.hash());
    try {
      await navigator.clipboard.writeText(link);
      if (link.startsWith("file:")) this.note(say("the link is copied, but it leads to a file on this computer: whoever has the page as well adds {hash} to its address", { hash: this.hash() }));
      else this.note(say("the link to this setting is copied"));
    } catch {
      this.note(link); // to be copied by hand
    }
  }

  hash() {
    return write({ values: this.values, hidden: this.hidden, language: this.asked });
  }

  /** The address says what is set, so that it can be shared, or come back to. */
  follow() {
    clearTimeout(this.following);
    this.following = setTimeout(() => this.address.write(this.hash()), NOTE);
  }

  // ---- What is there ----

  build() {
    speakIn(this.language);
    document.title = say("An RNN that learns in this page");
    this.view?.destroy();
    this.memory?.destroy();
    this.root.replaceChildren();
    this.buildHead();
    const columns = add(this.root, "div", "d2l-columns");
    const left = add(columns, "section", "d2l-left");
    left.setAttribute("aria-label", say("settings"));
    this.buildControls(left);
    this.buildViews(add(columns, "section", "d2l-main"));
    this.hide();
    this.showButtons();
    this.session.show();
    this.write();
  }

  buildHead() {
    const head = add(this.root, "header");
    set(add(head, "h1"), say("An RNN that learns in this page"));
    const tools = add(head, "div", "d2l-buttons");
    this.begin = button(tools, "a walk in five steps", "five questions, a minute each", () => this.beginWalk());
    button(tools, "share this setting", "copy a link that opens the page as it is now", () => this.share());
    this.other = button(tools, this.language === "zh" ? "English" : "中文", "", () => this.speakOther());
    this.other.lang = this.language === "zh" ? "en" : "zh-Hans";
    set(add(this.root, "p", "d2l-lead"), say("It reads a text and learns to predict the next character. Perplexity says how many it hesitates between: lower is better. Move a slider: each setting has its own curve. Nothing leaves the page."));
    this.noted = add(this.root, "p", "d2l-note");
    this.noted.setAttribute("role", "status");
    this.walk = new Walk(add(this.root, "section"), { setPage: (values, anew) => this.setTo(values, anew), onLeave: () => this.leaveWalk() });
  }

  buildControls(element) {
    const { ownText } = this;
    this.board = new Board(element, (name, value, byHand) => this.change(name, value, byHand));
    this.ownText = new OwnText(this.board.own, (text) => this.takeOwn(text), (words) => this.session.refuse(words));
    if (ownText) this.ownText.resume(ownText);
    const { buttons } = this.board;
    const post = (message) => () => this.send(message);
    button(buttons, "start again", "train this setting from the beginning", () => this.learn({ anew: true }));
    this.pause = button(buttons, "pause", "pause or go on", () => this.send({ kind: "go", isPaused: !this.session.store.get("is_paused") }));
    button(buttons, "one minibatch", "learn from one more minibatch, then pause", post({ kind: "step", unit: "minibatch" }));
    button(buttons, "one epoch", "read the text once more, then pause", post({ kind: "step", unit: "epoch" }));
    button(buttons, "clear", "forget all curves that are not kept", () => this.session.clear());
  }

  buildViews(element) {
    const view = add(element, "div", "d2l-view");
    this.view = new TrainingView(view, this.session.store);
    this.writing = add(element, "div", "d2l-writing");
    this.board.addWriting(this.writing, (name, value) => this.change(name, value));
    this.board.show(this.values);
    this.showOwn();
    button(add(this.writing, "div", "d2l-buttons"), "draw again", "another text", () => {
      this.draws += 1;
      this.write();
    });
    this.remembered = fold(element, "what it remembers", true);
    this.memory = new Memory(add(this.remembered, "div"), this.session.store);
    this.notebook = fold(element, "in a notebook");
    set(add(this.notebook, "p"), say("This line opens the same setting in the notebooks’ panel, which goes on where the page ends: GRU and LSTM, gradients, five seeds. With “save model” it has this network, too."));
    this.code = add(this.notebook, "code");
    this.showCode();
  }

  hide() {
    const parts = { walk: this.begin, memory: this.remembered, writing: this.writing, model: this.notebook, own: this.board.own };
    for (const [name, element] of Object.entries(parts)) element.classList.toggle("d2l-away", this.hidden.includes(name));
    this.board.hide(this.hidden);
  }

  showCode() {
    set(this.code, this.session.store.get("code"));
  }

  showOwn() {
    this.board.own.hidden = this.values.text !== "own";
    this.board.controls.begins.input.placeholder = BEGINS[this.values.text];
  }

  showButtons() {
    const { store } = this.session;
    set(this.pause, say(store.get("is_paused") ? "go on" : "pause"));
    this.pause.disabled = !store.get("is_running") && !store.get("is_paused");
  }

  note(words) {
    set(this.noted, words);
  }

  showMended(mended) {
    const told = ({ name, came, value, isOwn }) => {
      if (isOwn) return say("a link holds no text of one’s own: here is the story");
      if (value === undefined) return say("there is no “{came}” to set", { came: name === "hide" ? came : name });
      return say("{name}={came} became {value}", { name, came: came.slice(0, 30), value: String(value).slice(0, 30) });
    };
    this.note(mended.length ? say("The link has been put right: {what}.", { what: mended.slice(0, 3).map(told).join("; ") }) : "");
  }

  listen() {
    addEventListener("hashchange", () => {
      if (this.address.read() !== this.hash()) this.arrive();
    });
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      this.ownText.drop(event);
    });
  }

  hear(message) {
    this.session.hear(message);
    if (message.kind === "refused" && message.of === "text") this.leaveOwn(message.id);
    if (message.kind === "opened") this.takeOpened();
  }

  /** The controls take the setting of a file, as far as they have its values. */
  takeOpened() {
    const { values } = this.session.current;
    const near = Object.keys(values).map((name) => [name, allowed(name, String(values[name]))[0]]);
    this.values = { ...this.values, ...Object.fromEntries(near) };
    this.session.note(this.values);
    this.board.show(this.values);
    this.follow();
  }

  /** The text could not be learned: the controls go back to what is shown now. */
  leaveOwn(text) {
    this.known.delete(text);
    this.own = this.before.own;
    this.session.ownNumber = this.before.number;
    this.values = { ...this.session.values, text: this.session.current?.values.text ?? "story" };
    this.board.show(this.values);
    this.board.own.hidden = false; // to mend it
    set(this.ownText.told, this.session.store.get("refused"));
    this.follow();
  }
}
