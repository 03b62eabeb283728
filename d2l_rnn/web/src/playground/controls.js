// Controls that are the browser's own: they know keyboard, touch and screen readers.

import { add, set } from "../dom.js";
import { say } from "../words.js";

let made = 0;

function row(parent, { label, hint }) {
  const element = add(parent, "div", "d2l-control");
  const name = add(element, "label");
  set(name, say(label));
  made += 1;
  name.htmlFor = `d2l-control-${made}`;
  return { element, id: name.htmlFor, explain: (input) => describe(element, input, hint) };
}

/** The hint of a control: below it, and its description for a screen reader. */
function describe(element, input, hint) {
  const told = add(element, "small", "d2l-hint");
  told.id = `${input.id}-hint`;
  set(told, say(hint));
  input.setAttribute("aria-describedby", told.id);
}

/** A slider over some values; `onMove(value)` is called while it moves. */
export function slider(parent, { label, hint, values, caption = String }, onMove) {
  const { element, id, explain } = row(parent, { label, hint });
  const shown = add(element, "output");
  shown.setAttribute("aria-live", "off"); // the slider tells its value itself
  const input = add(element, "input");
  Object.assign(input, { type: "range", id, min: 0, max: values.length - 1, step: 1 });
  explain(input);
  shown.htmlFor = id;
  const show = () => {
    const words = caption(values[input.value]);
    set(shown, words);
    input.setAttribute("aria-valuetext", words);
  };
  input.addEventListener("input", () => {
    show();
    onMove(values[input.value]);
  });
  const put = (value) => {
    input.value = values.indexOf(value);
    show();
  };
  return { element, set: put };
}

/** Buttons, of which one is pressed: `choices` are {value: label}. */
export function choice(parent, { label, hint, choices }, onChoose) {
  const { element, id, explain } = row(parent, { label, hint });
  const group = add(element, "div", "d2l-choice");
  Object.assign(group, { id, role: "group", ariaLabel: say(label) });
  explain(group);
  const buttons = Object.entries(choices).map(([value, words]) => {
    const each = button(group, words, "", () => onChoose(value));
    each.dataset.value = value;
    return each;
  });
  const put = (value) => buttons.forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.value === String(value))));
  return { element, set: put };
}

/** A line of text; `onType(words)` is called at each key. */
export function line(parent, { label, hint, longest, placeholder = "" }, onType) {
  const { element, id, explain } = row(parent, { label, hint });
  const input = add(element, "input");
  Object.assign(input, { type: "text", id, maxLength: longest, placeholder, spellcheck: false, autocomplete: "off" });
  explain(input);
  input.addEventListener("input", () => onType(input.value));
  const put = (words) => {
    if (input.value !== words) input.value = words;
  };
  return { element, input, set: put };
}

export function button(parent, words, hint, act) {
  const element = add(parent, "button");
  Object.assign(element, { type: "button", textContent: say(words), title: hint ? say(hint) : "" });
  element.addEventListener("click", act);
  return element;
}

/** A part that opens and closes by its heading. */
export function fold(parent, words, isOpen = false) {
  const element = add(parent, "details");
  element.open = isOpen;
  set(add(element, "summary"), say(words));
  return element;
}
