// The pictures and what is to be done with them: a queue that feeds the engine, and survives its restarts.

import { difference, samePixels } from "./compare.js";
import * as engine from "./engine.js";
import { sniff } from "./formats.js";
import { sayWhy } from "./words.js";

const AT_ONCE = 2; // one that the engine works on, and one that waits there, so that it never idles
const RETRY = 1500; // milliseconds between two tries to reach an engine that is gone

/** One answer of the engine. */
export class Answer {
  constructor(values) {
    Object.assign(this, { kept: false, origin: null, heat: null, differs: null }, values);
    this.url = URL.createObjectURL(this.png);
  }

  release() {
    URL.revokeObjectURL(this.url);
    if (this.heat) URL.revokeObjectURL(this.heat);
  }
}

/** One picture in the list. */
export class Item {
  constructor({ name, load, pack = false, partner = null }) {
    Object.assign(this, { name, load, state: "waiting", fraction: 0, reason: "", blob: null, look: null, shown: null, url: "" });
    Object.assign(this, { kind: "", asked: undefined }); // what the engine takes it for; what the form asked for it last
    Object.assign(this, { isPack: pack, pack: null, packFile: null, partner });
    this.answers = [];
    this.chosen = 0;
    this.tasks = 0; // waiting or running
  }

  get pixels() {
    return this.look?.width ? this.look.width * this.look.height : 0;
  }

  /** Load the file and look at its first bytes; a picture that browsers do not show gets a PNG of it. */
  async open() {
    if (this.blob) return;
    const blob = await this.load();
    this.look = await sniff(blob);
    this.blob = blob;
  }

  /** An address of the original that a browser shows. */
  async shownUrl() {
    if (this.isPack) return "";
    await this.open();
    if (!this.url) {
      this.shown ||= this.look.shown ? this.blob : await engine.convert(this.blob, this.name.slice(-200), "image/png");
      this.url ||= URL.createObjectURL(this.shown);
    }
    return this.url;
  }

  release() {
    if (this.url) URL.revokeObjectURL(this.url);
    for (const answer of this.answers) answer.release();
  }
}

/** The queue. Tells of its news by the events "item" (detail: the item), "answers" (likewise), "list" and "engine". */
export class Work extends EventTarget {
  constructor() {
    super();
    this.items = [];
    this.paused = false;
    this.away = false;
    this.pace = new Pace();
    this.waiting = [];
    this.running = new Set();
    this.ended = 0; // when a running task last ended
  }

  /** Add a picture and a task for it. */
  add(picture, settings) {
    const item = new Item(picture);
    this.items.push(item);
    this.request(item, settings, null, { look: item.isPack, profile: "auto" });
    return item;
  }

  /** Ask for more answers to a picture. */
  request(item, settings, origin = null, pack = null) {
    this.waiting.push({ item, settings, origin, pack, abort: new AbortController(), job: "", began: null, latest: null });
    item.tasks += 1;
    if (item.state !== "running") this.set(item, { state: "waiting", fraction: 0, reason: "" });
    this.tell("list");
    this.pump();
  }

  pause(on) {
    this.paused = on;
    this.tell("list");
    this.pump();
  }

  cancel(item) {
    for (const task of this.waiting.filter((other) => other.item === item)) this.drop(task);
    for (const task of this.running) if (task.item === item) this.stop(task);
  }

  cancelAll() {
    for (const task of [...this.waiting]) this.drop(task);
    for (const task of this.running) this.stop(task);
  }

  remove(item) {
    this.cancel(item);
    this.items.splice(this.items.indexOf(item), 1);
    item.release();
    this.tell("list");
  }

  drop(task) {
    this.waiting.splice(this.waiting.indexOf(task), 1);
    this.end(task, { state: "cancelled" });
  }

  stop(task) {
    task.cancelled = true;
    task.abort.abort();
    if (task.job) engine.forget(task.job);
  }

  pump() {
    while (!this.paused && !this.away && this.running.size < AT_ONCE && this.waiting.length) {
      const task = this.waiting.shift();
      this.running.add(task);
      this.run(task).finally(() => {
        this.running.delete(task);
        this.pump();
      });
    }
  }

  async run(task) {
    const { item } = task;
    try {
      await item.open();
      if (task.cancelled) throw new DOMException("", "AbortError");
      task.sent = performance.now();
      task.job = await this.start(task);
      await this.follow(task);
    } catch (error) {
      if (task.cancelled) this.end(task, { state: "cancelled" });
      else if (error instanceof engine.EngineGone) this.wait(task);
      else this.end(task, { state: "failed", reason: sayWhy(error) || String(error) });
    } finally {
      this.ended = performance.now();
      if (task.job) engine.forget(task.job);
      task.job = "";
    }
  }

  start({ item, settings, pack }) {
    const request = { settings, picture: { name: item.name.slice(-200) } };
    if (item.isPack) return engine.sendPack(item.blob, { ...request, ...pack });
    if (item.partner) return engine.sendPair(item.blob, item.partner.blob, [item.name, item.partner.name].map((name) => name.slice(-200)), request);
    return engine.send(item.blob, request);
  }

  async follow(task) {
    const { item } = task;
    for await (const news of engine.events(task.job, task.abort.signal)) {
      if (news.event === "progress") {
        task.began ??= { time: performance.now(), fraction: news.share };
        if (news.share > (task.latest?.fraction ?? -1)) task.latest = { time: performance.now(), fraction: news.share };
        this.set(item, { state: "running", fraction: news.share, preparing: news.stage === "preparing" && !news.share, looking: Boolean(task.pack?.look) });
      } else if (news.event === "queued" && news.position === 0) {
        this.set(item, { state: "running", fraction: 0, looking: Boolean(task.pack?.look) }); // begun, with no step to tell of yet
      } else if (news.event === "done") await (item.isPack ? this.collectPack(task, news) : this.collect(task, news));
    }
  }

  async collectPack(task, news) {
    const { item } = task;
    item.pack = { ...news.facts, looked: task.pack.look, profileAsked: task.pack.profile };
    item.packFile = task.pack.look || !news.file ? null : await engine.jobFile(task.job);
    this.end(task, { state: task.pack.look ? "looked" : "done", fraction: 1 });
    this.tell("answers", item);
  }

  async collect(task, news) {
    const { item } = task;
    const first = item.answers.length;
    const answers = [];
    for (let index = 0; index < news.candidates.length; index += 1) {
      const line = news.candidates[index];
      const own = await engine.answer(task.job, index, "image/*");
      const png = own.blob.type === "image/png" ? own.blob : (await engine.answer(task.job, index, "image/png")).blob;
      answers.push({ ...line, png, own: own.blob, written: own.residual, report: news.report, settings: task.settings, origin: task.origin, partner: item.partner?.name ?? "" });
    }
    await dropKnown(answers, item.answers);
    const heat = answers.length > 1 ? await engine.heat(task.job) : null;
    for (const values of answers.slice(1)) {
      values.differs = await difference(answers[0].png, values.png).then((found) => ({ ...found, number: first + 1 }), () => null);
    }
    for (const values of answers) {
      const answer = new Answer({ ...values, number: item.answers.length + 1 });
      if (heat) answer.heat = URL.createObjectURL(heat);
      item.answers.push(answer);
    }
    const { scale } = news;
    const size = news.candidates[0];
    if (!item.look.width && scale) Object.assign(item.look, { width: size.width / scale, height: size.height / scale });
    const seconds = (performance.now() - Math.max(task.sent, this.ended)) / 1000; // the engine does one task at a time
    this.pace.learn(news.report.domain, workOf(item.pixels, news.candidates.length, scale, news.report.domain), seconds);
    if (first === 0 || task.origin !== null || item.answers.length > first) item.chosen = first;
    this.end(task, { state: "done", fraction: 1 });
    this.tell("answers", item);
  }

  // The engine is gone: the task comes next again once it is back.
  wait(task) {
    this.set(task.item, { state: "away", fraction: 0 });
    task.began = task.latest = null;
    task.abort = new AbortController();
    this.waiting.unshift(task);
    this.lose();
  }

  /** Note that the engine does not answer, and look for it until it does. */
  lose() {
    if (this.away) return;
    this.away = true;
    this.tell("engine");
    const look = async () => {
      try {
        await engine.hello();
      } catch (error) {
        if (error instanceof engine.EngineGone) return void setTimeout(look, RETRY);
        this.refused = true; // another engine, which does not know this tab
        return void this.tell("engine");
      }
      this.away = false;
      this.tell("engine");
      this.pump();
    };
    setTimeout(look, RETRY);
  }

  end(task, changes) {
    task.item.tasks -= 1;
    const more = task.item.tasks > 0 && changes.state === "done";
    const kept = changes.state === "cancelled" && task.item.answers.length ? { state: "done", fraction: 1 } : changes;
    this.set(task.item, more ? { state: "waiting", fraction: 0 } : kept);
    this.tell("list");
  }

  set(item, changes) {
    Object.assign(item, changes);
    this.tell("item", item);
  }

  tell(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Whether anything waits or runs. */
  get busy() {
    return this.waiting.length + this.running.size > 0;
  }

  /** Seconds until all is done; null as long as nothing was measured. */
  get secondsLeft() {
    let seconds = 0;
    const mean = this.meanPixels();
    for (const task of [...this.waiting, ...this.running]) {
      if (task.item.isPack) {
        seconds += task.pack.look ? 5 : (task.item.pack?.seconds ?? 0) * (1 - task.item.fraction);
        continue;
      }
      const own = secondsByProgress(task);
      if (own !== null) {
        seconds += own;
        continue;
      }
      const kind = task.settings.domain ?? task.item.kind;
      const pixels = task.item.pixels || mean;
      if (!pixels) return null; // not opened yet
      const whole = this.pace.seconds(kind, workOf(pixels, task.settings.candidates ?? 1, scaleOf(task), kind));
      if (whole === null) return null;
      // Until steps confirm the estimate, the time that has passed is subtracted.
      seconds += task.began ? Math.max(1, whole - (performance.now() - task.began.time) / 1000) : whole;
    }
    return seconds;
  }

  meanPixels() {
    const sizes = this.items.map((item) => item.pixels).filter(Boolean);
    return sizes.length ? sizes.reduce((sum, size) => sum + size, 0) / sizes.length : 0;
  }
}

// An answer whose pixels are there already is not added again, whatever else its file says.
async function dropKnown(answers, known) {
  for (const other of known) {
    for (let index = answers.length - 1; index >= 0; index -= 1) if (await samePixels(answers[index].png, other.png)) answers.splice(index, 1);
  }
}

// Seconds that the rest of a task takes at its own pace; null as long as it has not got far enough to tell.
// Measured at the latest step; the time that has passed since then is subtracted.
function secondsByProgress({ began, latest, item }) {
  const part = latest && item.state === "running" ? latest.fraction - began.fraction : 0;
  const seconds = part ? (latest.time - began.time) / 1000 : 0;
  if (part <= 0.02 || seconds <= 2) return null;
  return Math.max(1, (seconds * (1 - latest.fraction)) / part - (performance.now() - latest.time) / 1000);
}

const OVERHEAD = 2048; // pixels that would take as long as the fixed cost of every picture
const BEGIN = 8192; // the weight of the engine's own measurement, as work: a single small picture hardly changes the estimate
const PERSON = 1e6; // pixels of the result that would take as long as finding a person, which takes equally long at every size

// The work for a picture, in pixels of it that are made 4 times larger; for a face, in pixels of the result.
function workOf(pixels, count, scale, kind) {
  return kind === "faces" ? count * (PERSON + pixels * scale ** 2) : count * pixels * workAt(scale) + OVERHEAD;
}

// The work for a pixel at a scale, as a multiple of that at 4: the network enlarges 4 times, and beyond that its answer
// is enlarged again. Measured from 2 to 16 on textures of 96 x 96 pixels.
function workAt(scale) {
  const area = (scale / 4) ** 2;
  if (scale <= 4) return 0.45 + 0.55 * area;
  const stages = scale <= 16 ? 2 : 3;
  return (0.6 * (16 ** stages - 1)) / 15 + 1.45 * area;
}

// An answer of a given size is reduced from the next larger whole factor.
function scaleOf({ settings, item }) {
  const side = Math.max(item.look?.width ?? 0, item.look?.height ?? 0);
  return settings.scale ?? (settings.size && side ? Math.max(2, Math.ceil(settings.size / side)) : 4);
}

// How long the engine takes, learnt from earlier pictures; older ones count less. Faces have their own pace.
class Pace {
  constructor() {
    this.of = { faces: { work: 0, time: 0 }, others: { work: 0, time: 0 } };
  }

  /** Take the engine's own measurement, in seconds per pixel, until a picture has been measured. */
  begin(seconds) {
    if (seconds && !this.of.others.work) Object.assign(this.of.others, { work: BEGIN, time: BEGIN * seconds });
  }

  learn(kind, work, seconds) {
    const known = kind === "faces" ? this.of.faces : this.of.others;
    Object.assign(known, { work: 0.9 * known.work + work, time: 0.9 * known.time + seconds });
  }

  seconds(kind, work) {
    const known = kind === "faces" ? this.of.faces : this.of.others;
    return known.work ? (work * known.time) / known.work : null;
  }
}
