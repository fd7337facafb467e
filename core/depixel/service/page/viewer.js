// Before and after over each other, with one zoom and one place for both.

import { at, make } from "./dom.js";
import { say } from "./words.js";

const GROUNDS = ["check", "black", "white", "magenta"];
const MOST = 64; // screen pixels that one pixel of the result may take
const STEP = 1.25;

/** The stage. */
export class Viewer {
  constructor() {
    this.width = this.height = 0; // of the result
    this.zoom = 1; // CSS pixels a pixel of the result
    this.x = this.y = 0; // of the result's corner on the stage
    this.fitted = true;
    this.tiles = 1;
    this.source = [1, 1]; // width and height of the original
    this.part = null; // a preview of a part of it
    this.moved = () => {}; // called when another part of the picture is in view
    this.stage = at("stage");
    this.grounds();
    this.listen();
    new ResizeObserver(() => (this.fitted ? this.fit() : this.draw())).observe(this.stage);
  }

  /** Show two pictures of the same thing. width, height: of the second; source: of the first. */
  show({ before, after, width, height, source }) {
    const same = width === this.width && height === this.height;
    Object.assign(this, { width, height, source });
    this.image(at("before"), before);
    this.image(at("after"), after);
    this.stage.classList.toggle("lone", !after);
    if (same) this.draw();
    else this.fit();
  }

  /**
   * Lay a preview over a part of the result; null takes it away.
   * part and sent: [left, top, right, bottom] in pixels of the original, of what is shown and of the picture at `url`.
   */
  showPart(part) {
    this.part = part;
    at("preview").hidden = at("preview-frame").hidden = !part;
    if (!part) return;
    this.image(at("preview"), part.url);
    this.draw();
  }

  /** What is in view, in pixels of the original: {left, top, right, bottom, middle: [x, y] under the middle of the stage}. */
  visible() {
    const [width, height] = this.source;
    const [x, y] = this.corner();
    const across = (position) => ((position - x) * width) / (this.width * this.zoom);
    const down = (position) => ((position - y) * height) / (this.height * this.zoom);
    const within = (value, most) => Math.min(most, Math.max(0, value));
    const [right, bottom] = [this.stage.clientWidth, this.stage.clientHeight];
    return {
      left: within(across(0), width), right: within(across(right), width), top: within(down(0), height), bottom: within(down(bottom), height),
      middle: [across(right / 2), down(bottom / 2)],
    };
  }

  // Of the picture, or of the middle one of its tiles.
  corner() {
    const skipped = (this.tiles - 1) / 2;
    return [this.x + skipped * this.width * this.zoom, this.y + skipped * this.height * this.zoom];
  }

  image(layer, url) {
    layer.style.backgroundImage = url ? `url("${url}")` : "none";
  }

  grounds() {
    const box = at("grounds");
    for (const name of GROUNDS) {
      const label = say(`ground.${name}`);
      const button = make("button", { type: "button", class: `swatch ${name}`, "aria-label": label, title: label, "aria-pressed": String(name === "check") });
      button.addEventListener("click", () => {
        document.body.dataset.ground = name;
        for (const other of box.children) other.setAttribute("aria-pressed", String(other === button));
      });
      box.append(button);
    }
  }

  listen() {
    at("zoom-fit").addEventListener("click", () => this.fit());
    at("zoom-one").addEventListener("click", () => this.to(1 / devicePixelRatio));
    at("zoom-in").addEventListener("click", () => this.to(this.zoom * 2));
    at("zoom-out").addEventListener("click", () => this.to(this.zoom / 2));
    at("tiled").addEventListener("change", () => {
      this.tiles = at("tiled").checked ? 3 : 1;
      this.fit();
    });
    at("split").addEventListener("input", () => this.draw());
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = this.stage.getBoundingClientRect();
      this.to(this.zoom * STEP ** -Math.sign(event.deltaY), event.clientX - box.left, event.clientY - box.top);
    }, { passive: false });
    this.drag();
  }

  key(event) {
    const moves = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) this.move(...moves[event.key].map((step) => 40 * step));
    else if (event.key === "+" || event.key === "=") this.to(this.zoom * 2);
    else if (event.key === "-") this.to(this.zoom / 2);
    else if (event.key === "0") this.fit();
    else if (event.key === "1") this.to(1 / devicePixelRatio);
    else return;
    event.preventDefault();
  }

  // One pointer drags the picture, or the divider when it begins there; two pinch.
  drag() {
    const pointers = new Map();
    let divider = false;
    this.stage.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.stage.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      const box = this.stage.getBoundingClientRect();
      divider = Math.abs(event.clientX - box.left - this.split) < (event.pointerType === "touch" ? 24 : 10);
    });
    this.stage.addEventListener("pointermove", (event) => {
      const last = pointers.get(event.pointerId);
      if (!last) return;
      const box = this.stage.getBoundingClientRect();
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (other) {
        const spread = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
        const centre = [(event.clientX + other[0]) / 2 - box.left, (event.clientY + other[1]) / 2 - box.top];
        this.to((this.zoom * spread([event.clientX, event.clientY])) / spread(last), ...centre);
      } else if (divider) {
        at("split").value = String((100 * (event.clientX - box.left)) / box.width);
        this.draw();
      } else this.move(event.clientX - last[0], event.clientY - last[1]);
    });
    for (const end of ["pointerup", "pointercancel"]) this.stage.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }

  get split() {
    return (Number(at("split").value) / 100) * this.stage.clientWidth;
  }

  move(dx, dy) {
    this.fitted = false;
    this.x += dx;
    this.y += dy;
    this.draw();
  }

  /** Zoom, keeping the point (px, py) of the stage where it is; by default its middle. */
  to(zoom, px = this.stage.clientWidth / 2, py = this.stage.clientHeight / 2) {
    const next = Math.min(MOST, Math.max(1 / 64, zoom));
    this.x = px - ((px - this.x) * next) / this.zoom;
    this.y = py - ((py - this.y) * next) / this.zoom;
    this.zoom = next;
    this.fitted = false;
    this.draw();
  }

  /** The whole picture, as large as it goes; small ones by whole factors, so that pixels stay square. */
  fit() {
    if (!this.width) return;
    const [width, height] = [this.width * this.tiles, this.height * this.tiles];
    const zoom = Math.min(this.stage.clientWidth / width, this.stage.clientHeight / height);
    this.zoom = zoom > 1 ? Math.floor(zoom) : zoom;
    this.x = (this.stage.clientWidth - width * this.zoom) / 2;
    this.y = (this.stage.clientHeight - height * this.zoom) / 2;
    this.fitted = true;
    this.draw();
  }

  draw() {
    const [width, height] = [this.width * this.zoom, this.height * this.zoom];
    const whole = [width * this.tiles, height * this.tiles];
    for (const layer of [at("before"), at("after")]) {
      layer.style.width = `${whole[0]}px`;
      layer.style.height = `${whole[1]}px`;
      layer.style.transform = `translate(${this.x}px, ${this.y}px)`;
      layer.style.backgroundSize = `${width}px ${height}px`;
    }
    const cut = Math.min(Math.max(0, this.split - this.x), whole[0]);
    at("before").style.clipPath = `inset(0 ${whole[0] - cut}px 0 0)`;
    at("after").style.clipPath = `inset(0 0 0 ${cut}px)`;
    at("divider").style.transform = `translateX(${this.split}px)`;
    at("after").classList.toggle("pixels", this.zoom * devicePixelRatio >= 1);
    at("zoom").textContent = this.width ? `${Math.round(this.zoom * devicePixelRatio * 100)}%` : "";
    if (this.part) this.drawPart();
    this.moved();
  }

  drawPart() {
    const { part: [left, top, right, bottom], sent } = this.part;
    const [x, y] = this.corner();
    const [across, down] = [(this.width * this.zoom) / this.source[0], (this.height * this.zoom) / this.source[1]];
    const [width, height] = [(right - left) * across, (bottom - top) * down];
    for (const box of [at("preview"), at("preview-frame")]) {
      box.style.width = `${width}px`;
      box.style.height = `${height}px`;
      box.style.transform = `translate(${x + left * across}px, ${y + top * down}px)`;
    }
    at("preview").style.backgroundSize = `${(sent[2] - sent[0]) * across}px ${(sent[3] - sent[1]) * down}px`;
    at("preview").style.backgroundPosition = `${(sent[0] - left) * across}px ${(sent[1] - top) * down}px`;
    const cut = Math.min(Math.max(0, this.split - x - left * across), width);
    at("preview").style.clipPath = `inset(0 0 0 ${cut}px)`;
    at("preview").classList.toggle("pixels", this.zoom * devicePixelRatio >= 1);
  }
}
