// A texture pack: what it is, how long it takes, and the larger pack.

import { at, make } from "./dom.js";
import { stem } from "./formats.js";
import { download } from "./saving.js";
import { sayEngine } from "./sentences.js";
import { say, sayOr, sayTime } from "./words.js";

const NOTES = 200; // most that are shown

/** Show a pack. start(profile): make it larger; look(profile): look at it again under another profile. */
export function showPack(item, look, start) {
  const facts = item.pack;
  at("pack-facts").replaceChildren();
  at("pack-start").hidden = at("pack-profile").parentElement.hidden = !facts;
  at("pack-save").hidden = !item.packFile;
  at("pack-notes").replaceChildren();
  if (!facts) return;
  const select = at("pack-profile");
  select.replaceChildren(...facts.profiles.map(({ name, title }) => make("option", { value: name }, sayOr(`profile.${name}`, title))));
  select.value = facts.profile;
  select.onchange = () => look(select.value);
  at("pack-start").textContent = say(item.packFile ? "pack.again" : "pack.start");
  at("pack-start").classList.toggle("primary", !item.packFile);
  at("pack-start").disabled = item.tasks > 0 || facts.textures === 0;
  at("pack-start").onclick = () => start(facts.profileAsked === "auto" && select.value === facts.profile ? "auto" : select.value);
  at("pack-save").onclick = () => download(item.packFile, `${stem(item.name)}-depixel${item.name.slice(stem(item.name).length)}`);
  at("pack-facts").append(...lines(facts).map((line) => make("li", {}, line)));
  const where = sayOr(`profile.${facts.profile}.where`, facts.where);
  if (where) at("pack-facts").append(make("li", {}, say("pack.where", { where }), ...guide(facts.link)));
  const failed = Object.entries(facts.failed).slice(0, NOTES).map(([path, reason]) => `${path}: ${sayEngine(reason)}`);
  const notes = [sayOr(`profile.${facts.profile}.note`, facts.note), ...(facts.notes ?? []).map(sayEngine), ...failed];
  at("pack-notes").append(...notes.filter(Boolean).slice(0, NOTES).map((note) => make("p", { class: "note" }, note)));
}

/** A link to the game's or emulator's own page, which opens in a tab of its own. */
function guide(link) {
  return link ? [" ", make("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, say("pack.guide"))] : [];
}

function lines(facts) {
  const found = [say(facts.profileAsked === "auto" ? "pack.recognised" : "pack.chosen", { title: sayOr(`profile.${facts.profile}`, facts.title) })];
  found.push(say("pack.textures", { count: facts.textures }));
  if (facts.duplicates) found.push(say("pack.duplicates", { count: facts.duplicates }));
  found.push(say("pack.copied", { count: facts.copied }));
  if (facts.bytes_then) found.push(say(facts.looked ? "pack.size" : "pack.size.made", { now: megabytes(facts.bytes_now), then: megabytes(facts.bytes_then) }));
  if (facts.looked && facts.seconds) found.push(say("pack.time", { time: sayTime(facts.seconds) }));
  return found;
}

const megabytes = (bytes) => (bytes < 1e6 ? say("size.kilobytes", { count: Math.max(1, Math.round(bytes / 1e3)) }) : say("size.megabytes", { count: (bytes / 1e6).toFixed(1) }));
