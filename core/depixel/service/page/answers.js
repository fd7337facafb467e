// The answers to the picture that is shown: large tiles, what makes each different, how to get it again.

import { at, make, plain } from "./dom.js";
import { baseName } from "./formats.js";
import { sayFace } from "./person.js";
import { has, say } from "./words.js";

// Which pixels an exact answer gives, in words: repeated pixels count once, and pixel art is compared at the centre of each block.
function exact({ degradation, grid }) {
  const centres = degradation === "point";
  if (grid > 1) return say(centres ? "verdict.exact.repeated.centres" : "verdict.exact.repeated", { grid });
  return say(centres ? "verdict.exact.centres" : "verdict.exact");
}

/** How exactly an answer scales back, in words. */
export function verdict(answer) {
  if (answer.residual <= 0.5) return exact(answer.report);
  const levels = answer.residual < 10 ? answer.residual.toFixed(1) : String(Math.round(answer.residual));
  if (answer.settings.size) return say("verdict.sized", { scale: answer.report.scale, side: answer.settings.size, levels });
  return say(answer.residual <= 2 ? "verdict.near" : "verdict.off", { levels });
}

const MATERIALS = ["stone", "wood", "sand", "grass"]; // readings of textures that always have invented detail

/** What an answer is, in a few words. */
export function title(answer) {
  if (answer.partner) return say("answer.exact");
  if (answer.origin !== null) return say("answer.like", { number: answer.origin });
  if (answer.model) return answer.model;
  if (answer.report.domain === "faces") return say("answer.face");
  if (answer.imagination > 0 && !MATERIALS.includes(answer.reading)) return say("answer.vivid");
  return say(answer.reading ? `reading.${answer.reading}` : "reading.calm");
}

/** What makes an answer different: what was asked for, then where it differs from the one it came with. */
export function character(answer, others) {
  if (answer.partner) return [say("answer.exact.help", { name: plain(answer.partner) })];
  const { domain, scale } = answer.report;
  const alike = others.every((other) => other.report.domain === domain && other.width === answer.width);
  const sized = { kind: has(`kind.${domain}`) ? say(`kind.${domain}`) : domain, scale, width: answer.width, height: answer.height };
  const lines = alike ? [] : [say(answer.settings.size ? "answer.kind.sized" : "answer.kind", sized)];
  if (domain === "faces") lines.push(answer.settings.face ? sayFace(answer.settings.face) : say("answer.face.help"));
  else if (MATERIALS.includes(answer.reading) || (!answer.imagination && !answer.model)) lines.push(say(`reading.${answer.reading || "calm"}.help`));
  if (answer.imagination > 0) lines.push(say("answer.imagination", { imagination: round(answer.imagination) }));
  if (answer.differs) lines.push(say("answer.differs", { ...answer.differs, where: say(`where.${answer.differs.where}`) }));
  return lines;
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

/** Show the tiles of an item. does: choose(index), like(index), and kept(), which is called when an answer is kept or not. */
export function showAnswers(item, does) {
  at("answers").replaceChildren(...item.answers.map((answer, index) => tile(item, answer, index, does)));
}

function tile(item, answer, index, { choose, like, kept }) {
  const { number } = answer;
  const picture = make("span", { class: "picture ground" });
  picture.style.backgroundImage = `url("${answer.url}")`;
  picture.classList.toggle("pixels", Math.max(answer.width, answer.height) <= 320);
  const show = make("button", {
    type: "button", class: "show", "aria-pressed": String(index === item.chosen), "aria-label": say("answer.show", { number, title: title(answer) }),
    onclick: () => choose(index),
  }, picture);
  const keep = make("input", { type: "checkbox", "aria-label": say("answer.keep.name", { number }), onchange: (event) => { answer.kept = event.target.checked; kept(); } });
  keep.checked = answer.kept;
  const similar = make("button", { type: "button", class: "like", "aria-label": say("answer.more-like.name", { number }), onclick: () => like(index) }, say("answer.more-like"));
  return make("li", { class: "answer" },
    show,
    make("div", { class: "answer-head" }, make("strong", {}, title(answer)), make("span", { class: "soft" }, say("answer.name", { number }))),
    ...character(answer, item.answers).map((line) => make("p", {}, line)),
    make("div", { class: "answer-row" }, make("label", { class: "check" }, keep, " ", say("answer.keep")), ...(answer.partner ? [] : [similar])),
    make("details", {}, make("summary", {}, say("answer.how")), make("code", {}, command(answer, plain(item.name)))),
  );
}
