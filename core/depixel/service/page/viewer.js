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
    this.stage = at("stage");
    this.grounds();
    this.listen();
    new ResizeObserver(() => (this.fitted ? this.fit() : this.draw())).observe(this.stage);
  }

  /** Show two pictures of the same thing; `factor`: how many times larger the second is. */
  show({ before, after, width, height }) {
    const same = width === this.width && height === this.height;
    Object.assign(this, { width, height });
    this.image(at("before"), before);
    this.image(at("after"), after);
    this.stage.classList.toggle("lone", !after);
    if (same) this.draw();
    else this.fit();
  }

  /** Lay another picture over the result, such as the heat; "" takes it away. */
  cover(url, after) {
    this.image(at("after"), url || after);
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
    at("zoom").textContent = this.width ? `${Math.round(this.zoom * devicePixelRatio * 100)} %` : "";
  }
}
