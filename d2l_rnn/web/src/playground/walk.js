// A walk of five steps: each sets the page, and asks what will happen before it does.

import { add, set } from "../dom.js";
import { say } from "../words.js";
import { button } from "./controls.js";

const QUIET = { text: "story", theta: 1, H: 64, lr: 1, T: 35, B: 32, seed: 0, sampling: "sequential" };
export const STEPS = [
  {
    title: "Guessing",
    values: { ...QUIET, epochs: 1 },
    told: "A perplexity of n: as unsure as if n characters were equally likely. The network chooses among 28 tokens (26 letters, the space, and one for all else) and has learned nothing. Now it reads the text once.",
    question: "Which perplexity does its curve begin with?",
    answers: ["near 1", "near 28", "near 10,000"],
    right: 1,
    after: "A network that knows nothing is as unsure as a die with 28 faces: perplexity 28, the line “guessing”. One reading has taken it a little below.",
  },
  {
    title: "The first lesson",
    values: { ...QUIET, epochs: 3 },
    told: "It reads the text twice more.",
    question: "What does it write, if it always takes the most probable character?",
    answers: ["words", "spaces", "vowels"],
    right: 1,
    after: "The first thing to learn is which character is the most frequent: the space. So nothing is seen after the bold words: a poor text, and yet the best guess that this network has.",
  },
  {
    title: "A hundred readings",
    values: { ...QUIET, epochs: 100 },
    told: "Now it reads on, up to a hundred times. Watch the two curves: solid for the text that it learns, dashed for text that it never learns from.",
    question: "Which of the two ends lower?",
    answers: ["solid", "dashed", "neither"],
    right: 0,
    after: "It spells words by now. The solid curve goes on falling when the dashed one no longer does: from there on the network learns this text by heart.",
  },
  {
    title: "Long steps",
    values: { ...QUIET, theta: "off", lr: 5, epochs: 100 },
    told: "The same network from the beginning, with steps five times as long (learning rate 5) and no limit to the gradient.",
    question: "What happens to the perplexity?",
    answers: ["it falls five times as fast", "nothing new", "it explodes"],
    right: 2,
    after: "One long step along a steep gradient, and the weights are so large that every later step misses as well. The network is lost.",
  },
  {
    title: "Clipped",
    values: { ...QUIET, theta: 0.2, lr: 5, epochs: 100 },
    told: "The same long steps, but now no gradient may be longer than theta = 0.2.",
    question: "Where does the solid curve end, compared with that of the third step?",
    answers: ["higher", "at the same place", "lower"],
    right: 2,
    after: "Clipping keeps the direction of each step and limits its length. The network survives, and learns its text faster than with short steps. Move theta yourself: up to which value is it safe?",
  },
];

export class Walk {
  /** In `element`; `setPage(values, anew)` puts the page into a step's setting; `onLeave()` is called at the end. */
  constructor(element, { setPage, onLeave }) {
    Object.assign(this, { element, setPage, onLeave, at: -1, chosen: null });
    element.hidden = true;
    element.classList.add("d2l-walk");
    element.setAttribute("aria-label", say("a walk in five steps"));
  }

  /** To a step; `chosen` is the answer that has been given. */
  go(at, chosen = null) {
    Object.assign(this, { at, chosen });
    this.show();
    this.element.querySelector("button:enabled")?.focus();
  }

  leave() {
    this.go(-1);
    this.onLeave();
  }

  show() {
    const { element, at } = this;
    element.replaceChildren();
    element.hidden = at < 0;
    if (at < 0) return;
    const step = STEPS[at];
    set(add(element, "h2"), `${at + 1} / ${STEPS.length} · ${say(step.title)}`);
    for (const [name, words] of [["told", step.told], ["question", step.question]]) {
      const each = add(element, "p", `d2l-${name}`);
      each.id = each.className;
      set(each, say(words));
    }
    const answers = add(element, "div", "d2l-buttons d2l-answers");
    answers.setAttribute("role", "group"); // a screen reader tells the question first
    answers.setAttribute("aria-labelledby", "d2l-told d2l-question");
    step.answers.forEach((words, i) => button(answers, words, "", () => this.answer(i)));
    this.told = add(element, "p");
    this.told.setAttribute("aria-live", "polite");
    this.ways = add(element, "div", "d2l-buttons");
    button(this.ways, "leave the walk", "", () => this.leave());
    if (this.chosen !== null) this.reveal();
  }

  answer(i) {
    this.chosen = i;
    this.reveal().focus();
    this.setPage(STEPS[this.at].values, this.at === 0);
  }

  /** Tell which answer is right, and the way on, which is returned. */
  reveal() {
    const step = STEPS[this.at];
    const answers = [...this.element.querySelector(".d2l-answers").children];
    answers.forEach((each, j) => {
      each.disabled = true;
      each.classList.toggle("d2l-right", j === step.right);
    });
    const verdict = this.chosen === step.right ? say("Right.") : say("No: “{answer}”.", { answer: say(step.answers[step.right]) });
    set(this.told, `${verdict} ${say(step.after)}`);
    const isLast = this.at === STEPS.length - 1;
    const next = button(this.ways, isLast ? "end" : "next", "", () => (isLast ? this.leave() : this.go(this.at + 1)));
    this.ways.prepend(next);
    return next;
  }
}
