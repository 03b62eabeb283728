// The settings of the page as controls.

import { add, set } from "../dom.js";
import { say } from "../words.js";
import { choice, fold, line, slider } from "./controls.js";
import { SETTINGS } from "./settings.js";

const range = (least, most) => Array.from({ length: most - least + 1 }, (_, i) => least + i);
const valuesOf = ({ values, least, most }) => values ?? range(least, most);

const SLIDERS = {
  theta: { label: "theta (clipping)", hint: "a longer gradient is cut to this length" },
  H: { label: "hidden units H", hint: "the size of the hidden state" },
  lr: { label: "learning rate", hint: "how far a step goes against the gradient" },
  epochs: { label: "epochs", hint: "how often the text is read" },
  T: { label: "time steps T", hint: "characters in a subsequence" },
  B: { label: "batch size", hint: "subsequences in a minibatch" },
  seed: { label: "seed", hint: "of the initial parameters and the minibatches: those of the notebooks" },
};
const FIRST = ["theta", "H", "lr"];
const TEXTS = { story: "the story", chinese: "中文故事", own: "my own" };

/** The controls, in `element`; `onChange(name, value, isSlider)` is called for each change. */
export class Board {
  constructor(element, onChange) {
    this.controls = {};
    const make = (parent, name) => {
      const look = { ...SLIDERS[name], values: valuesOf(SETTINGS[name]), caption: (value) => (value === "off" ? say("off") : String(value)) };
      this.controls[name] = slider(parent, look, (value) => onChange(name, value, true));
    };
    for (const name of FIRST) make(element, name);
    this.hint = add(element, "p", "d2l-asked");
    this.hint.setAttribute("aria-hidden", "true"); // it is the description of a slider
    for (const event of ["focusin", "pointerdown"]) element.addEventListener(event, ({ target }) => this.explain(target));
    this.explain(element.querySelector("input"));
    this.buttons = add(element, "div", "d2l-buttons");
    this.controls.text = choice(element, { label: "text", hint: "its first 10,000 characters are learned", choices: TEXTS }, (value) => onChange("text", value, false));
    this.own = add(element, "div");
    const more = fold(element, "more settings");
    for (const name of Object.keys(SLIDERS).filter((each) => !FIRST.includes(each))) make(more, name);
    this.controls.sampling = choice(more, { label: "minibatches", hint: "how the text is cut into minibatches", choices: { sequential: "sequential", random: "random" } }, (value) => onChange("sampling", value, false));
    this.more = more;
  }

  /** The controls of what the model writes, in another place. */
  addWriting(element, onChange) {
    const { begins, temperature } = SETTINGS;
    this.controls.begins = line(element, { label: "begins with", hint: "what the model reads first", longest: begins.longest }, (value) => onChange("begins", value));
    const hint = "near 0 the most probable is drawn, above 1 the odds even out";
    this.controls.temperature = slider(element, { label: "temperature", hint, values: temperature.values }, (value) => onChange("temperature", value));
  }

  /** On a small screen there is one place for the hints of the first sliders. */
  explain(input) {
    if (input.parentElement?.parentElement !== this.hint.parentElement || input.type !== "range") return;
    const [name, hint] = ["label", ".d2l-hint"].map((each) => input.parentElement.querySelector(each).textContent);
    set(this.hint, `${name} · ${hint}`);
  }

  show(values) {
    for (const [name, control] of Object.entries(this.controls)) control.set(values[name]);
  }

  hide(names) {
    for (const [name, { element }] of Object.entries(this.controls)) element.hidden = names.includes(name);
    const folded = [...this.more.querySelectorAll(".d2l-control")];
    this.more.hidden = folded.every((each) => each.hidden);
  }
}
