// The playground's entry: a worker that learns, and a page that shows it.

import { say } from "../words.js";
import { languageOf, speakIn } from "./languages.js";
import { Page } from "./page.js";
import { read } from "./settings.js";

const resources = JSON.parse(document.getElementById("resources").textContent);
const root = document.getElementById("page");

const address = {
  read: () => location.hash || (root.dataset.setting ?? ""), // in a notebook's frame
  write: (hash) => history.replaceState(null, "", hash),
  link: (hash) => location.href.replace(/#.*$/, "") + hash,
};

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
}

function begin() {
  const wasm = resources.wasm.map(bytesOf).find((each) => globalThis.WebAssembly?.validate(each));
  if (!wasm) {
    speakIn(languageOf(read(address.read()).language));
    root.textContent = say("This browser has no WebAssembly with SIMD, which the network is trained with. Browsers of 2023 and later have it.");
    return;
  }
  const worker = new Worker(URL.createObjectURL(new Blob([resources.worker], { type: "text/javascript" })));
  const post = (message) => worker.postMessage(message);
  post({ kind: "begin", wasm });
  const page = new Page(root, { post, address, ...resources });
  worker.onmessage = ({ data }) => page.hear(data);
  worker.onerror = ({ message }) => page.session.refuse(say("the network cannot go on: {why}", { why: message }));
  globalThis.d2lPlayground = page; // so that one can ask, from the console, what it does
}

begin();
