// Puts the page together.

import { showAnswers, verdict } from "./answers.js";
import { announce, at, make, plain } from "./dom.js";
import * as engine from "./engine.js";
import { formatOf, fromFolders, setFormats, written } from "./formats.js";
import { listen, note, showExamples } from "./intake.js";
import { List } from "./list.js";
import { showPack } from "./pack.js";
import { alone, forgetAlone, pair } from "./pairs.js";
import { loadDials } from "./person.js";
import { Preview, asked } from "./preview.js";
import { download, fileName, fileOf, saveZip } from "./saving.js";
import { sayEngine } from "./sentences.js";
import { Settings } from "./settings.js";
import { Viewer } from "./viewer.js";
import { loadWords, say, sayWhy } from "./words.js";
import { Work } from "./work.js";

const EXAMPLES = ["dragon.png", "potion.png", "wall.png", "coin.png", "portrait.png"];

const READINGS = 6; // of pixel art: as many ways as there are to read it
const SOFT = { art: 5, textures: 7 }; // the calm answer that is there, all other readings, for art also two with invented detail

const PAUSE = 500; // milliseconds without a change before a pack is looked at again

const work = new Work();
const list = new List(work, (item) => select(item, true));
let settings = null;
let viewer = null;
let preview = null;
let moving = null; // the animated answer in view, and addresses at which it and its original began together
let shown = null; // the item in view
let picked = false; // whether the user selected it
let looking = 0; // the timer until a pack is looked at again
let settled = true; // whether the end of all was told

function banner(text, kind = "") {
  at("banner").textContent = text;
  at("banner").dataset.kind = kind;
  at("banner").hidden = !text;
}

async function add(incoming, ignored) {
  const pictures = settings.preset === "exact" ? await pair(incoming.filter((picture) => !picture.pack)) : incoming;
  const values = settings.request();
  const items = pictures.map((picture) => work.add(picture, values));
  for (const item of items) item.asked = asked(values);
  const single = settings.preset === "exact" ? alone() : [];
  at("pairing").textContent = single.length ? say("exact.alone", { names: single.map(plain).join(", ") }) : "";
  const added = at("pairing").textContent || (items.length ? say("intake.added", { count: items.length }) : "");
  const missing = [!items.length && !single.length && say("intake.none"), ignored && say("intake.ignored", { count: ignored })];
  note(missing.filter(Boolean).join(" "), added);
  document.body.classList.toggle("empty", work.items.length === 0);
  settled = false;
  list.update(shown);
  if (items.length && (!shown || !work.items.includes(shown) || shown.tasks === 0)) select(items[0]);
}

async function select(item, chosen = false) {
  shown = item;
  picked = chosen;
  at("view").hidden = false;
  at("apply").hidden = item.isPack;
  at("pack").hidden = !item.isPack;
  at("view-title").textContent = plain(item.name);
  list.update(shown);
  try {
    const url = await item.shownUrl();
    if (shown !== item) return;
    if (item.isPack) return showItem(item, "");
    await measure(item, url);
    if (shown === item) showItem(item, url);
    const facts = await engine.facts(item.blob, { settings: settings.request(), picture: { name: item.name.slice(-200) } });
    item.kind = facts.domain ?? "";
    if (shown === item) settings.suggest(plain(item.name), facts.domain);
    if (shown === item) settings.show(facts.domain);
  } catch (error) {
    if (error instanceof engine.EngineGone) work.lose();
    if (shown === item) showItem(item, "");
  }
  settingsChanged();
}

// Requests an item with the settings of the form and remembers them, to notice later changes. pack: {look, profile} of a pack.
function requestAsSet(item, pack = null) {
  const values = settings.request();
  item.asked = asked(values);
  work.request(item, values, null, pack);
}

// What was said of a pack that waits for its start was said of other settings.
function lookAgain(item) {
  clearTimeout(looking);
  looking = setTimeout(() => {
    if (shown !== item || !item.pack || item.tasks || item.packFile || asked(settings.request()) === item.asked) return;
    requestAsSet(item, { look: true, profile: item.pack.profileAsked });
  }, PAUSE);
}

function showNothing() {
  shown = null;
  preview.update(null);
  at("view").hidden = at("apply").hidden = true;
}

// Some formats do not say in their first bytes how large they are.
async function measure(item, url) {
  if (item.look.width) return;
  const image = make("img", { src: url });
  await image.decode();
  Object.assign(item.look, { width: image.naturalWidth, height: image.naturalHeight });
}

function showItem(item, before) {
  const answer = item.answers[item.chosen];
  const { width = 0, height = 0 } = item.look ?? {};
  at("compare").hidden = item.isPack || (!answer && (!before || item.state === "failed"));
  at("saving").hidden = at("answers-title").parentElement.hidden = !answer;
  at("more-answers").hidden = Boolean(item.partner);
  if (item.isPack) {
    const ask = (look) => (profile) => requestAsSet(item, { look, profile });
    showPack(item, ask(true), ask(false));
  }
  at("verdict").textContent = answer ? verdict(answer) : item.state === "failed" ? item.reason : "";
  at("verdict").dataset.kind = answer ? (answer.residual <= 0.5 ? "good" : answer.residual <= 2 || answer.settings.size ? "near" : "bad") : item.state === "failed" ? "bad" : "";
  at("view-size").textContent = answer ? say("view.sizes", { width, height, large: answer.width, tall: answer.height }) : "";
  at("heat-label").hidden = !answer?.heat;
  if (!answer?.heat) at("heat").checked = false;
  at("heat-help").hidden = !at("heat").checked;
  at("after-label").textContent = say(at("heat").checked ? "view.heat.label" : "view.after");
  const addresses = together(item, answer) ?? { before, after: answer?.url ?? "" };
  if (at("heat").checked) addresses.after = answer.heat;
  viewer.show({ ...addresses, width: answer?.width ?? width * 4, height: answer?.height ?? height * 4, source: [width || 1, height || 1] });
  const notes = [...new Set(answer?.report.notes ?? [])].map((note) => make("p", { class: "note" }, sayEngine(note)));
  at("notes").replaceChildren(...notes);
  showAnswers(item, { choose: (index) => choose(item, index), like: (index) => likeThis(item, index), kept: keptChanged });
  showWorking(item);
  formats(answer);
  keptChanged();
  preview.update(item);
}

// An animation begins when its address is first shown: fresh addresses let the original and the answer begin together.
function together(item, answer) {
  if (moving?.answer !== answer) {
    if (moving) for (const url of [moving.before, moving.after]) URL.revokeObjectURL(url);
    moving = answer?.frames > 1 && item.shown ? { answer, before: URL.createObjectURL(item.shown), after: URL.createObjectURL(answer.png) } : null;
  }
  return moving && { before: moving.before, after: moving.after };
}

function showWorking(item) {
  at("pack-state").textContent = !item.isPack || !item.tasks ? "" : list.stateOf(item);
  at("working").hidden = !item.tasks;
  at("working").textContent = list.stateOf(item);
}

function choose(item, index) {
  item.chosen = index;
  showItem(item, item.url);
  announce(`${say("answer.name", { number: item.answers[index].number })}. ${verdict(item.answers[index])}`);
  at("answers").children[index].querySelector("button").focus({ preventScroll: true });
}

function formats(answer) {
  if (!answer) return;
  const before = at("format").value;
  const own = formatOf(answer.own.type);
  const others = written().filter((format) => format.type !== own.type);
  const choices = [["own", say("save.own", { format: own.label })], ...others.map((format) => [format.type, format.label])];
  at("format").replaceChildren(...choices.map(([value, label]) => make("option", { value }, label)));
  at("format").value = choices.some(([value]) => value === before) ? before : "own";
  at("zip").textContent = at("format").value === "own" ? say("list.zip") : say("list.zip.as", { format: formatOf(at("format").value).label });
  const { written: file } = answer;
  const changed = at("format").value === "own" && file && file.maximum > Math.max(0.5, answer.residual);
  at("save-note").textContent = changed ? say("verdict.format", { format: own.label, levels: file.maximum.toFixed(file.maximum < 10 ? 1 : 0) }) : "";
}

function keptPairs() {
  return shown ? shown.answers.filter((answer) => answer.kept).map((answer) => [shown, answer]) : [];
}

function keptChanged() {
  const { length } = keptPairs();
  at("save-kept").hidden = length === 0;
  at("save-kept").textContent = say("save.kept", { count: length });
}

function settingsChanged() {
  if (!settings) return;
  preview?.update(shown);
  if (shown?.isPack) lookAgain(shown);
  const { width = 0, height = 0 } = shown?.look ?? {};
  const [large, tall] = settings.sizeFor(width, height);
  at("size-hint").textContent = width ? say("size.hint", { width, height, large, tall }) : "";
}

/** Run what a button does; errors are shown below the answer, or at the top of the page if no answer is in view. */
function onClick(id, action) {
  at(id).addEventListener("click", async () => {
    try {
      await action();
    } catch (error) {
      if (error instanceof engine.EngineGone) return work.lose();
      const why = error instanceof RangeError ? say("save.zip.large") : sayWhy(error);
      if (at("save-note").checkVisibility()) at("save-note").textContent = why;
      else banner(why, "bad");
    }
  });
}

function listenToButtons() {
  at("settings").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!shown) return;
    requestAsSet(shown);
    preview.update(shown);
    settled = false;
  });
  onClick("pause", () => work.pause(!work.paused));
  onClick("cancel-all", () => work.cancelAll());
  onClick("retry", () => {
    for (const item of work.items.filter((other) => other.state === "failed")) {
      requestAsSet(item, { look: true, profile: "auto" });
    }
    settled = false;
  });
  onClick("clear", () => {
    forgetAlone();
    at("pairing").textContent = at("intake-note").textContent = "";
    showNothing();
    for (const item of [...work.items]) work.remove(item);
    document.body.classList.add("empty");
    list.update(null);
  });
  onClick("more-answers", () => {
    const seed = Math.max(...shown.answers.map((other) => other.seed)) + 1;
    const values = settings.request();
    const readings = shown.answers.filter((other) => other.reading).length;
    const soft = shown.answers.length === 1 && SOFT[shown.answers[0].report.domain];
    const candidates = soft || (readings === 1 && READINGS);
    if (candidates && !values.imagination) work.request(shown, { ...values, candidates });
    else work.request(shown, { ...values, seed, candidates: 4, imagination: values.imagination || 0.5 });
  });
}

function listenToSaving() {
  onClick("save", async () => {
    const answer = shown.answers[shown.chosen];
    const type = at("format").value;
    const name = fileName(shown, answer, type);
    download(await fileOf(shown, answer, type), name);
    announce(say("save.saved", { name: plain(name) }));
  });
  onClick("save-kept", async () => {
    const pairs = keptPairs();
    const type = at("format").value;
    if (pairs.length === 1) download(await fileOf(...pairs[0], type), fileName(...pairs[0], type));
    else await saveZip(pairs, type, "depixel-kept.zip");
  });
  onClick("zip", () => {
    const done = work.items.filter((item) => item.answers.length);
    const pairs = done.flatMap((item) => {
      const kept = item.answers.filter((answer) => answer.kept);
      return (kept.length ? kept : [item.answers[item.chosen]]).map((answer) => [item, answer]);
    });
    return saveZip(pairs, at("format").value || "own", "depixel.zip");
  });
  onClick("copy", copy);
  at("heat").addEventListener("change", () => showItem(shown, shown.url));
  at("format").addEventListener("change", () => formats(shown.answers[shown.chosen]));
}

function likeThis(item, index) {
  const answer = item.answers[index];
  const seed = Math.max(...item.answers.map((other) => other.seed)) + 1;
  const wanted = { reading: answer.reading || "auto", like: answer.seed, imagination: answer.imagination || 0.3, candidates: 4, seed };
  work.request(item, { ...answer.settings, ...wanted }, answer.number);
}

async function copy() {
  const answer = shown.answers[shown.chosen];
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": answer.png })]);
    at("save-note").textContent = say("save.copied");
  } catch {
    at("save-note").textContent = say("save.copy.failed");
  }
}

function listenToWork() {
  let drawn = false;
  const later = () => {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(() => {
      drawn = false;
      list.update(shown);
    });
  };
  work.addEventListener("item", ({ detail: item }) => {
    list.mark(item, shown);
    if (item === shown) {
      if (item.isPack) at("pack-start").disabled = item.tasks > 0;
      showWorking(item);
      if (item.state === "failed") showItem(item, item.url);
    }
    if (item.state === "failed") announce(say("announce.failed", { name: plain(item.name), reason: item.reason }));
    later();
  });
  work.addEventListener("answers", ({ detail: item }) => {
    if (item === shown) showItem(item, item.url);
    else if (shown?.state === "failed" && !shown.answers.length && !picked) select(item); // rather an answer than a failure that the user did not select
    if (item.isPack) announce(say("announce.pack", { name: plain(item.name), state: list.stateOf(item) }));
    else if (work.items.length < 10 || item === shown) announce(say("announce.done", { name: plain(item.name), verdict: verdict(item.answers.at(-1)) }));
  });
  work.addEventListener("list", () => {
    later();
    if (shown && !work.items.includes(shown)) {
      showNothing();
      if (work.items.length) select(work.items[0]);
      document.body.classList.toggle("empty", work.items.length === 0);
    }
    if (!work.busy && !settled && work.items.length > 1) announce(say("announce.all"));
    settled = !work.busy;
  });
  work.addEventListener("engine", () => {
    if (work.refused) banner(say("engine.closed"), "bad");
    else if (work.away) banner(say("engine.gone"), "bad");
    else {
      banner("");
      announce(say("engine.back"));
    }
    status();
  });
  setInterval(() => list.time(), 1000);
}

// Also keeps the engine from leaving for want of work while somebody looks at the page.
async function status() {
  if (work.away || document.visibilityState === "hidden") return;
  try {
    const welcome = await engine.hello();
    const count = welcome.queued;
    work.pace.begin(welcome.pixel_seconds);
    at("engine").textContent = !welcome.ready ? say("engine.warming") : count ? say("engine.busy", { count }) : say((welcome.device ?? "cpu").startsWith("cpu") ? "engine.ready.cpu" : "engine.ready.gpu");
    at("engine").dataset.kind = !welcome.ready || count ? "busy" : "ready";
  } catch (error) {
    at("engine").textContent = at("engine").dataset.kind = "";
    if (error instanceof engine.EngineGone) work.lose();
    else banner(say("engine.closed"), "bad");
  }
}

async function start() {
  await loadWords();
  if (!engine.hasSession()) return banner(say("engine.closed"), "bad");
  try {
    const options = await engine.options();
    setFormats(options.formats);
    settings = new Settings(options.options, await loadDials(), settingsChanged);
    viewer = new Viewer();
    preview = new Preview(viewer, settings, () => work.lose());
    at("main").hidden = false;
    const take = listen(fromFolders(), new Set(options.archives), () => settings.preset === "pack", add);
    showExamples(EXAMPLES, take);
    listenToButtons();
    listenToSaving();
    listenToWork();
    const files = await engine.namedFiles();
    if (files.length) take(files);
  } catch (error) {
    if (error instanceof engine.EngineGone) return banner(say("engine.gone"), "bad");
    throw error;
  }
  window.addEventListener("beforeunload", (event) => work.busy && event.preventDefault());
  status();
  setInterval(status, 5000);
  document.addEventListener("visibilitychange", status);
}

start().catch((error) => banner(say("failed.fault", { reason: error.message }), "bad"));
