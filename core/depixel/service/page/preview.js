// A live preview: the part of the picture in view, made with the form's settings before anybody asks for all of it.

import { at } from "./dom.js";
import * as engine from "./engine.js";
import { say, sayWhy } from "./words.js";

const SIDE = 64; // pixels of the original that are previewed at most, in each direction
const FACE = 128; // likewise of a face, which cannot be judged by a small part of it
const FACE_LARGE = 256; // pixels of a face's preview: it is the same face at every size
const LEAST = 16;
const LARGE = 384; // pixels of a preview's result: beyond them it takes too long to follow anybody's hand
const MARGIN = 12; // pixels of the original around a part, so that its border comes out as in the whole picture
const PAUSE = [300, 2000]; // milliseconds without a change before a preview begins: the shortest and the longest
const NOT_HERE = ["candidates", "box", "size"]; // of a request; a preview is one answer, and has a place of its own

/** Follows the settings and the view. state: "off", "working", "shown", "kept" (its settings are being used) or "failed". */
export class Preview {
  constructor(viewer, settings, lose) {
    Object.assign(this, { viewer, settings, lose, state: "off", item: null, key: "", url: "", timer: 0, seconds: 0, turn: 0 });
    this.abort = new AbortController();
    at("live-preview").addEventListener("change", () => this.update(this.item));
    viewer.moved = () => this.update(this.item);
  }

  /** The settings, the view or the picture in view changed. item: what is in view, or null. */
  update(item) {
    if (item !== this.item) this.clear();
    this.item = item;
    const changed = this.differs(item);
    at("again").classList.toggle("primary", changed);
    if (!changed && item?.tasks && this.url) return this.show("kept");
    if (!changed || !at("live-preview").checked) return this.clear();
    const plan = this.plan(item);
    const key = JSON.stringify(plan);
    if (key === this.key) return;
    this.key = key;
    this.stop();
    this.show("working");
    const pause = Math.min(PAUSE[1], Math.max(PAUSE[0], 300 * this.seconds));
    this.timer = setTimeout(() => this.make(item, plan, this.turn), pause);
  }

  /** Whether the form has changed since this picture was made. */
  differs(item) {
    if (!item || item.isPack || item.partner || !item.answers.length || !item.url || !item.look.width) return false;
    return item.asked !== undefined && asked(this.settings.request()) !== item.asked;
  }

  /** {part, sent, request}: which part of the original is shown, what is sent for it, and with which settings. */
  plan(item) {
    const { width, height } = item.look;
    const request = Object.fromEntries(Object.entries(this.settings.request()).filter(([name]) => !NOT_HERE.includes(name)));
    const domain = request.domain ?? item.kind;
    if (domain) request.domain = domain;
    request.scale = this.settings.wholeFactor(width, height);
    if (domain === "faces") request.scale = Math.max(2, Math.min(request.scale, Math.floor(FACE_LARGE / Math.min(FACE, Math.max(width, height)))));
    const most = domain === "faces" ? FACE : Math.min(SIDE, Math.max(LEAST, Math.round(LARGE / request.scale)));
    const view = this.viewer.visible();
    const across = span(width, view.right - view.left, view.middle[0], most);
    const down = span(height, view.bottom - view.top, view.middle[1], most);
    const part = [across[0], down[0], across[1], down[1]];
    const whole = part[0] === 0 && part[1] === 0 && part[2] === width && part[3] === height;
    if (!whole && domain !== "faces") request.wrap = "none";
    const sent = [Math.max(0, part[0] - MARGIN), Math.max(0, part[1] - MARGIN), Math.min(width, part[2] + MARGIN), Math.min(height, part[3] + MARGIN)];
    return { part, sent, request, whole };
  }

  async make(item, plan, turn) {
    let job = "";
    try {
      const blob = await cut(item.shown, plan.sent);
      if (turn !== this.turn) return;
      const began = performance.now();
      job = await engine.send(blob, { settings: plan.request, picture: { name: item.name.slice(-200) } });
      await this.follow(job, turn);
      const { blob: png } = await engine.answer(job, 0, "image/png");
      if (turn !== this.turn) return;
      this.seconds = (performance.now() - began) / 1000;
      this.place(plan, URL.createObjectURL(png));
      this.show("shown", say(plan.whole ? "preview.whole" : "preview.part"));
    } catch (error) {
      if (turn !== this.turn) return;
      if (error instanceof engine.EngineGone) this.lose();
      this.forget();
      this.show("failed", error instanceof engine.Refusal ? say("preview.failed", { reason: sayWhy(error) }) : "");
    } finally {
      if (job) engine.forget(job);
    }
  }

  // Shows the progress of a job until it is done.
  async follow(job, turn) {
    for await (const news of engine.events(job, this.abort.signal)) {
      if (news.event === "done") return;
      const percent = Math.round(100 * (news.share ?? 0));
      if (percent && turn === this.turn) this.show("working", say("preview.step", { percent }));
    }
  }

  place(plan, url) {
    this.forget();
    this.url = url;
    this.viewer.showPart({ ...plan, url });
    at("preview-small").style.backgroundImage = `url("${url}")`;
  }

  forget() {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
    this.viewer.showPart(null);
  }

  // Ends what is under way; what is shown stays until the next preview is there.
  stop() {
    this.turn += 1;
    clearTimeout(this.timer);
    this.abort.abort();
    this.abort = new AbortController();
  }

  /** Take the preview away. */
  clear() {
    if (this.state === "off") return;
    this.stop();
    this.forget();
    this.key = "";
    this.show("off");
  }

  show(state, words = state === "working" ? say("preview.working") : "") {
    this.state = state;
    at("preview").dataset.state = state;
    at("preview-small").hidden = !this.url;
    if (at("preview-state").textContent !== words) at("preview-state").textContent = words;
  }
}

/** What a request asks for, as text that can be compared: how many answers does not matter. */
export function asked({ candidates, ...request }) {
  return JSON.stringify(Object.entries(request).sort(([one], [other]) => (one < other ? -1 : 1)));
}

// So many of `total` pixels around the middle of the view; never more than is seen, but for the least.
function span(total, seen, middle, most) {
  const length = total <= most ? total : Math.min(most, Math.max(LEAST, Math.ceil(seen)));
  const start = Math.min(total - length, Math.max(0, Math.round(middle - length / 2)));
  return [start, start + length];
}

// A part of a picture as a PNG, its colours as they are in the file.
async function cut(picture, [left, top, right, bottom]) {
  const bitmap = await createImageBitmap(picture, left, top, right - left, bottom - top, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(right - left, bottom - top);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}
