// Saving answers: in the original's format or another, one or many.

import { convert } from "./engine.js";
import { formatOf, stem } from "./formats.js";
import { writeZip } from "./zip.js";

/** The name of an answer's file: the original's, with its size and, beside others, its number. */
export function fileName(item, answer, type) {
  const ending = formatOf(type === "own" ? answer.own.type : type).endings[0];
  if (answer.partner) return `${stem(answer.partner)}-exact${ending}`;
  const number = item.answers.length > 1 ? `-${answer.number}` : "";
  const what = answer.report.domain === "faces" ? "-imagined" : "";
  return `${stem(item.name)}${what}${answer.settings.size ? `-${answer.settings.size}px` : `-x${answer.report.scale}`}${number}${ending}`;
}

/** An answer as a file of a type; "own" is the original's. */
export async function fileOf(item, answer, type) {
  if (type === "own" || type === answer.own.type) return answer.own;
  return type === "image/png" ? answer.png : convert(answer.png, item.name.slice(-200), type);
}

/** Hand a file to the browser's downloads. */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.split("/").pop();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Save [item, answer] pairs as one zip that keeps their folders. */
export async function saveZip(pairs, type, name) {
  const files = [];
  for (const [item, answer] of pairs) files.push({ name: fileName(item, answer, type), blob: await fileOf(item, answer, type) });
  download(await writeZip(files), name);
}
