// The list of pictures: thumbnail, state, what can be done with each.

import { at, make, plain } from "./dom.js";
import { baseName } from "./formats.js";
import { say, sayTime } from "./words.js";

const LARGE = 2 ** 20; // pixels; above this, one percent takes so long that tenths are shown

/** The list. `select(item)` is called when a picture is to be shown. */
export class List {
  constructor(work, select) {
    this.work = work;
    this.select = select;
    this.rows = new Map();
    this.shown = null; // the item that is marked as the one in view
    this.seen = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((other) => other.isIntersecting)) this.thumbnail(entry.target);
    });
  }

  /** Bring the rows in line with the items. */
  update(shown) {
    const there = new Set(this.work.items);
    for (const [item, row] of this.rows) {
      if (!there.has(item)) {
        row.remove();
        this.rows.delete(item);
      }
    }
    for (const item of this.work.items.filter((other) => !this.rows.has(other))) {
      this.append(item);
      this.mark(item, shown);
    }
    if (shown !== this.shown) for (const item of [this.shown, shown]) this.mark(item, shown);
    this.shown = shown;
    this.summary();
  }

  append(item) {
    const name = plain(item.name);
    const picture = make("span", { class: "thumb ground" });
    const state = make("span", { class: "state" });
    const show = make("button", { type: "button", class: "pick", onclick: () => this.select(item) },
      picture, make("span", { class: "item-text" }, make("span", { class: "item-name", title: name }, plain(baseName(item.name))), state));
    const end = make("button", { type: "button", class: "end", onclick: () => (item.tasks ? this.work.cancel(item) : this.work.remove(item)) }, "×");
    const row = make("li", { class: "item" }, show, end);
    row.item = item;
    this.rows.set(item, row);
    at("items").append(row);
    this.seen.observe(row);
  }

  async thumbnail(row) {
    this.seen.unobserve(row);
    if (row.item.isPack) return row.querySelector(".thumb").classList.add("zip");
    try {
      row.querySelector(".thumb").style.backgroundImage = `url("${await row.item.shownUrl()}")`;
    } catch {
      row.querySelector(".thumb").classList.add("broken"); // the state says why
    }
  }

  /** An item's state in words. */
  stateOf(item) {
    const percent = (100 * item.fraction).toFixed(item.pixels > LARGE ? 1 : 0);
    const words = {
      waiting: say("state.waiting"),
      running: item.looking ? say("state.looking") : item.preparing ? say("state.preparing") : item.fraction ? say("state.step", { percent }) : say("state.running"),
      away: say("state.away"),
      done: item.answers.length > 1 ? say("state.answers", { count: item.answers.length }) : say("state.done"),
      failed: say("state.failed", { reason: item.reason }),
      cancelled: say("state.cancelled"),
      looked: say("state.looked"),
    };
    return words[item.state];
  }

  /** Show an item's state. */
  mark(item, shown) {
    const row = this.rows.get(item);
    if (!row) return;
    row.dataset.state = item.state;
    row.querySelector(".state").textContent = row.querySelector(".state").title = this.stateOf(item);
    row.querySelector(".pick").setAttribute("aria-current", String(item === shown));
    row.querySelector(".end").setAttribute("aria-label", say(item.tasks ? "item.cancel" : "item.remove", { name: plain(item.name) }));
  }

  /** What is said about all pictures together. */
  summary() {
    const { items } = this.work;
    const count = (state) => items.filter((item) => item.state === state).length;
    const [done, failed] = [count("done"), count("failed")];
    at("list").hidden = items.length === 0;
    at("tally").textContent = say(failed ? "list.tally.failed" : "list.tally", { done, failed, total: items.length });
    const fractions = items.reduce((sum, item) => sum + (item.tasks ? item.fraction : item.state === "looked" ? 0 : 1), 0);
    at("overall").value = items.length ? fractions / items.length : 0;
    at("overall").hidden = !this.work.busy; // nothing is under way: a pack that waits for its start, or the end of all
    at("pause").textContent = say(this.work.paused ? "list.resume" : "list.pause");
    at("pause").hidden = at("cancel-all").hidden = !this.work.busy;
    at("retry").hidden = failed === 0;
    at("zip").hidden = items.filter((item) => item.answers.length).length < 2;
    at("clear").hidden = this.work.busy;
    this.time();
  }

  time() {
    const seconds = this.work.secondsLeft;
    const ready = this.work.items.some((item) => item.state === "looked");
    const failed = this.work.items.filter((item) => item.state === "failed").length;
    const finished = failed ? say("list.finished.failed", { count: failed }) : say("list.finished");
    const words = !this.work.busy ? (ready ? say("state.looked") : this.work.items.length ? finished : "")
      : this.work.paused ? say("list.paused")
      : this.work.away ? say("state.away")
      : seconds === null ? say("list.measuring")
      : say("list.left", { time: sayTime(seconds) });
    if (at("left").textContent !== words) at("left").textContent = words;
  }
}
