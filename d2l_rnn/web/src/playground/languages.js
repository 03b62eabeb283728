// The languages of the page: English and 中文.

import { speak } from "../words.js";
import { CHINESE } from "./words_zh.js";

/** The one that is asked for, or else the browser's: "en" or "zh". */
export function languageOf(asked) {
  return asked ?? (navigator.language.startsWith("zh") ? "zh" : "en");
}

/** The page speaks this one from now on. */
export function speakIn(language) {
  speak(language === "zh" ? CHINESE : {});
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en-GB";
}
