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
const waiting = [];

self.onmessage = async ({ data }) => {
  if (data.kind !== "begin") return learner ? learner.receive(data) : waiting.push(data);
  const module = await WebAssembly.compile(data.wasm);
  learner = new Learner(new Engine(module), (message, transferred) => self.postMessage(message, transferred), later);
  for (const message of waiting.splice(0)) learner.receive(message);
};
