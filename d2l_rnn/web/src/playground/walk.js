// A walk of five steps: each sets the page, and asks what will happen before it does.

import { add, set } from "../dom.js";
import { say } from "../words.js";
import { button } from "./controls.js";

const QUIET = { text: "story", theta: 1, H: 64, lr: 1, T: 35, B: 32, seed: 0, sampling: "sequential" };
export const STEPS = [
  {
    title: "Guessing",
    values: { ...QUIET, epochs: 1 },
    told: "The network has 28 tokens to choose from and has learned nothing. It is about to read the text once.",
    question: "Which perplexity does its curve begin with?",
    answers: ["near 1", "near 28", "near 10,000"],
    right: 1,
    after: "A network that knows nothing is as unsure as a die with 28 faces: perplexity 28, the line “guessing”. One reading has taken it a little below.",
  },
  {
    title: "Spaces",
    values: { ...QUIET, epochs: 3 },
    told: "It reads the text twice more.",
    question: "What does it write, if it always takes the most probable character?",
    answers: ["words", "spaces", "vowels"],
    right: 1,
    after: "The first thing to learn is which character is the most frequent: the space. Always to take it is a poor text, and yet the best guess that this network has.",
  },
  {
    title: "Words",
    values: { ...QUIET, epochs: 100 },
    told: "Now for a hundred readings. Watch the two curves: solid for the text that it learns, dashed for text that it never sees.",
    question: "Which of the two ends lower?",
    answers: ["solid", "dashed", "neither"],
    right: 0,
    after: "It spells words by now. The solid curve goes on falling when the dashed one no longer does: from there on the network learns this text by heart.",
  },
  {
    title: "Too fast",
    values: { ...QUIET, theta: "off", lr: 5, epochs: 100 },
    told: "The same network, with steps five times as long, and no limit to the gradient.",
    question: "What happens to the perplexity?",
    answers: ["it falls five times as fast", "nothing new", "it explodes"],
    right: 2,
    after: "One long step along a steep gradient, and the weights are so large that every later step misses as well. The network is lost.",
  },
  {
    title: "Clipped",
    values: { ...QUIET, theta: 0.2, lr: 5, epochs: 100 },
    told: "The same long steps, but now no gradient may be longer than theta = 0.2.",
    question: "Where does the curve end, beside that of the third step?",
    answers: ["higher", "at the same place", "lower"],
    right: 2,
    after: "Clipping keeps the direction of each step and limits its length. The network survives, and learns faster than with short steps. Move theta yourself: where does it tip over?",
  },
];

export class Walk {
  /** In `element`; `setPage(values)` puts the page into the setting of a step. */
  constructor(element, setPage) {
    Object.assign(this, { element, setPage, at: -1 });
    element.hidden = true;
    element.classList.add("d2l-walk");
    element.setAttribute("aria-label", say("a walk in five steps"));
  }

  go(at) {
    this.at = at;
    this.chosen = null;
    this.show();
    this.element.querySelector("button")?.focus();
  }

  leave() {
    this.go(-1);
  }

  show() {
    const { element, at } = this;
    element.replaceChildren();
    element.hidden = at < 0;
    if (at < 0) return;
    const step = STEPS[at];
    set(add(element, "h2"), `${at + 1} / ${STEPS.length} · ${say(step.title)}`);
    set(add(element, "p"), `${say(step.told)} ${say(step.question)}`);
    const answers = add(element, "div", "d2l-buttons");
    step.answers.forEach((words, i) => {
      const each = button(answers, words, "", () => this.answer(i));
      each.disabled = this.chosen !== null;
    });
    this.told = add(element, "p");
    this.told.setAttribute("aria-live", "polite");
    this.ways = add(element, "div", "d2l-buttons");
    button(this.ways, "leave the walk", "", () => this.leave());
  }

  answer(i) {
    const step = STEPS[this.at];
    this.chosen = i;
    const answers = [...this.element.querySelector(".d2l-buttons").children];
    answers.forEach((each, j) => {
      each.disabled = true;
      each.classList.toggle("d2l-right", j === step.right);
    });
    const verdict = i === step.right ? say("Just so.") : say("It is “{answer}”.", { answer: say(step.answers[step.right]) });
    set(this.told, `${verdict} ${say(step.after)}`);
    const isLast = this.at === STEPS.length - 1;
    const next = button(this.ways, isLast ? "end" : "next", "", () => (isLast ? this.leave() : this.go(this.at + 1)));
    this.ways.prepend(next);
    next.focus();
    this.setPage(step.values);
  }
}
