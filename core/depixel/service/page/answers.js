// The answers to the picture that is shown: large tiles, what makes each different, how to get it again.

import { at, make, plain } from "./dom.js";
import { baseName } from "./formats.js";
import { has, say } from "./words.js";

/** How exactly an answer scales back, in words. */
export function verdict(answer) {
  if (answer.residual <= 0.5) return say("verdict.exact");
  const levels = answer.residual < 10 ? answer.residual.toFixed(1) : String(Math.round(answer.residual));
  if (answer.settings.size) return say("verdict.sized", { scale: answer.report.scale, side: answer.settings.size, levels });
  return say(answer.residual <= 2 ? "verdict.near" : "verdict.off", { levels });
}

/** What makes an answer different: how it was made, then where it differs from the one it came with. */
export function character(answer) {
  const { domain, scale } = answer.report;
  const named = has(`kind.${domain}`) ? say(`kind.${domain}`) : domain;
  const sized = { kind: named, scale, width: answer.width, height: answer.height };
  if (answer.partner) return [say("answer.exact", { name: plain(answer.partner) })];
  const kind = domain === "faces" ? say("answer.face") : say(answer.settings.size ? "answer.kind.sized" : "answer.kind", sized);
  const calm = answer.model ? answer.model : answer.reading ? say(`reading.${answer.reading}`) : say("answer.calm");
  const vivid = answer.imagination > 0 ? say("answer.vivid", { imagination: round(answer.imagination) }) : calm;
  const origin = answer.origin === null ? vivid : say("answer.like", { number: answer.origin });
  const differs = answer.differs ? say("answer.differs", { ...answer.differs, where: say(`where.${answer.differs.where}`) }) : "";
  return [kind, origin, differs].filter(Boolean);
}

/** The command that makes an answer again. */
export function command(answer, name) {
  if (answer.partner) return `depixel project ${quoted(answer.partner)} --to ${quoted(name)} -o ${quoted(`exact-${baseName(answer.partner)}`)}`;
  const words = ["depixel", "upscale", quoted(name), ...(answer.settings.size ? [] : ["--scale", answer.report.scale]), "--seed", answer.seed];
  for (const [key, value] of Object.entries(answer.settings)) {
    if (["scale", "seed", "candidates", "imagination", "reading"].includes(key)) continue;
    if (key === "model" && answer.model) continue;
    words.push(`--${key.replaceAll("_", "-")}`, Array.isArray(value) ? value.join(",") : quoted(String(value)));
  }
  if (answer.imagination) words.push("--imagination", round(answer.imagination));
  if (answer.reading) words.push("--reading", answer.reading);
  if (answer.model) words.push("--model", answer.model);
  return words.join(" ");
}

const round = (value) => String(Math.round(value * 1000) / 1000);
const quoted = (text) => (/^[\w./+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Show the tiles of an item. choose(index) is called when another one is looked at; kept() when one is kept. */
export function showAnswers(item, choose, kept) {
  const tiles = item.answers.map((answer, index) => tile(item, answer, index, choose, kept));
  at("answers").replaceChildren(...tiles);
}

function tile(item, answer, index, choose, kept) {
  const name = say("answer.name", { number: answer.number });
  const picture = make("span", { class: "picture ground" });
  picture.style.backgroundImage = `url("${answer.url}")`;
  picture.classList.toggle("pixels", Math.max(answer.width, answer.height) <= 320);
  const show = make("button", {
    type: "button", class: "show", "aria-pressed": String(index === item.chosen), "aria-label": say("answer.show", { number: answer.number }),
    onclick: () => choose(index),
  }, picture);
  const keep = make("input", { type: "checkbox", onchange: (event) => { answer.kept = event.target.checked; kept(); } });
  keep.checked = answer.kept;
  const line = command(answer, plain(item.name));
  return make("li", { class: "answer" },
    show,
    make("div", { class: "answer-head" }, make("strong", {}, name), make("label", { class: "check" }, keep, " ", say("answer.keep"))),
    ...character(answer).map((line) => make("p", {}, line)),
    make("details", {}, make("summary", {}, answer.partner ? say("answer.how") : `seed ${answer.seed}${answer.imagination ? `, imagination ${round(answer.imagination)}` : ""}`),
      make("p", { class: "soft" }, say("answer.again", { command: "" })), make("code", {}, line)),
  );
}
