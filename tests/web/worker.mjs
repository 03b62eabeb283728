// The worker of the committed page, run by Node: node worker.mjs page < messages > answers
//
// It ends when the run that was asked for last is done.

import { readFileSync } from "node:fs";

const page = readFileSync(process.argv[2], "utf8");
const [, json] = /<script type="application\/json" id="resources">(.*?)<\/script>/s.exec(page);
const { wasm, worker, stories } = JSON.parse(json);
const heard = [];
globalThis.self = {
  postMessage(message) {
    const { states, ...rest } = message; // of a passage: many
    heard.push({ ...rest, curve: message.curve && [...new Float64Array(message.curve.buffer)] });
    const isDone = message.kind === "written" && heard.some(({ kind, isRunning }) => kind === "state" && !isRunning);
    if (!isDone) return;
    process.stdout.write(JSON.stringify(heard), () => process.exit());
  },
};
new Function("self", worker)(globalThis.self);
const engine = wasm.map((each) => Uint8Array.from(Buffer.from(each, "base64"))).find(WebAssembly.validate);
globalThis.self.onmessage({ data: { kind: "begin", wasm: engine } });
for (const message of JSON.parse(readFileSync(0, "utf8"))) {
  const text = message.kind === "text" ? { text: stories[message.id] } : {};
  globalThis.self.onmessage({ data: { ...message, ...text } });
}
