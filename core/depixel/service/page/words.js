// Every word that the page shows is in words.LANGUAGE.json; scripts/translate_page.py creates the file for another language.

import { sayEngine, setSentences } from "./sentences.js";

let words = {};
let plural = new Intl.PluralRules("en");

/** Load the words of the first language of the browser that there is a file for. */
export async function loadWords() {
  const there = document.documentElement.dataset.languages.split(" ");
  const language = navigator.languages.map((name) => name.slice(0, 2)).find((name) => there.includes(name)) ?? there[0];
  const response = await fetch(`/page/static/words.${language}.json`);
  const { sentences = {}, ...others } = await response.json();
  words = others;
  setSentences(sentences);
  plural = new Intl.PluralRules(language);
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = say(node.dataset.word);
  for (const node of document.querySelectorAll("[data-word-label]")) node.setAttribute("aria-label", say(node.dataset.wordLabel));
  for (const node of document.querySelectorAll("[data-word-title]")) node.title = say(node.dataset.wordTitle);
}

/** The words of a key with its {values} filled in; a key with a plural form is chosen by values.count. */
export function say(key, values = {}) {
  const entry = words[key];
  if (entry === undefined) return key;
  const text = typeof entry === "string" ? entry : entry[plural.select(values.count)] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Whether there are words for a key. */
export const has = (key) => key in words;

/** The words of a key, or the engine's own words if there are none: a translation may have keys that English lacks. */
export const sayOr = (key, text, values = {}) => (has(key) ? say(key, values) : text);

/** Why the engine refused something: the words for its error code, which may quote its {sentence}, or that sentence itself. */
export function sayWhy({ code, message }) {
  const sentence = sayEngine(message);
  return sayOr(`error.${code}`, sentence, { sentence });
}

/** A length of time as people say it: "40 seconds", "3 minutes". */
export function sayTime(seconds) {
  if (seconds < 90) return say("time.seconds", { count: Math.max(1, seconds < 10 ? Math.ceil(seconds) : 5 * Math.ceil(seconds / 5)) });
  if (seconds < 5400) return say("time.minutes", { count: Math.round(seconds / 60) });
  return say("time.hours", { count: (seconds / 3600).toFixed(1) });
}
