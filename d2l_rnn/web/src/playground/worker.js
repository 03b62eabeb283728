// The worker: an engine and a learner, between the page's messages and its own.

import { Engine } from "../rnn/engine.js";
import { Learner } from "./learner.js";

const { port1, port2 } = new MessageChannel(); // its messages wait behind the page's
let act = null;
port1.onmessage = () => act();

function later(next) {
  act = next;
  port2.postMessage(null);
}

let learner = null;

/** An error is thrown, not caught: the page hears of it by `worker.onerror`. */
self.onmessage = ({ data }) => {
  if (data.kind === "begin") learner = begin(new WebAssembly.Module(data.wasm));
  else learner?.receive(data);
};

function begin(module) {
  return new Learner(new Engine(module), (message, transferred) => self.postMessage(message, transferred), later);
}
