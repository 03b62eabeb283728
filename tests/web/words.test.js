import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

import { STEPS } from "../../d2l_rnn/web/src/playground/walk.js";
import { CHINESE } from "../../d2l_rnn/web/src/playground/words_zh.js";
import { Refusal, say, speak } from "../../d2l_rnn/web/src/words.js";

const source = new URL("../../d2l_rnn/web/src/", import.meta.url);
const files = ["", "playground/", "rnn/"].flatMap((folder) => readdirSync(new URL(folder, source)).map((name) => folder + name));
const code = files.filter((name) => name.endsWith(".js") && !name.endsWith("words_zh.js")).map((name) => readFileSync(new URL(name, source), "utf8")).join("\n");

test("words are said in English, or in another language", () => {
  assert.equal(say("epoch {n} of {all}", { n: 3, all: "{n}" }), "epoch 3 of {n}");
  speak({ hello: "你好 {name}" });
  assert.equal(say("hello", { name: "旅人" }), "你好 旅人");
  assert.equal(say("what has no entry"), "what has no entry");
  speak({});
});

test("a refusal says why, and hands on the words that the page can say in Chinese", () => {
  const { message, words, values } = new Refusal("it has {n} {what}", { n: 3, what: "tokens" });
  assert.deepEqual([message, words, values], ["it has 3 tokens", "it has {n} {what}", { n: 3, what: "tokens" }]);
});

test("all that is said has its Chinese", () => {
  const said = new Set([...code.matchAll(/(?:say|Refusal)\(\s*"((?:[^"\\]|\\.)*)"/g)].map(([, words]) => JSON.parse(`"${words}"`)));
  for (const [, one, other] of code.matchAll(/say\([^"()]*\? "((?:[^"\\]|\\.)*)" : "((?:[^"\\]|\\.)*)"/g)) said.add(one).add(other);
  for (const { title, told, question, answers, after } of STEPS) [title, told, question, ...answers, after].forEach((words) => said.add(words));
  assert.ok(said.size > 90);
  assert.deepEqual([...said].filter((words) => !Object.hasOwn(CHINESE, words)), []);
});

test("nothing else stands in the dictionary, and no value is lost in it", () => {
  const names = (words) => [...words.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
  for (const [english, chinese] of Object.entries(CHINESE)) {
    const escaped = JSON.stringify(english).slice(1, -1);
    const isSaid = code.includes(`"${escaped}"`) || code.includes(`${escaped}:`) || /^(sampling|text): /.test(english);
    assert.ok(isSaid, `nobody says ${english}`);
    assert.deepEqual(names(chinese), names(english), english);
  }
});
