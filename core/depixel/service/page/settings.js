// What is asked of the engine: a preset, a size, and all options behind "More".

import { at, make } from "./dom.js";
import { Person } from "./person.js";
import { has, say, sayOr } from "./words.js";

const PRESETS = {
  auto: {},
  sprite: { domain: "art" },
  pixel: { domain: "pixel-art" },
  texture: { domain: "textures" },
  pack: {},
  face: { domain: "faces", scale: 8, candidates: 4, imagination: 0.5 },
  exact: {},
};
const ELSEWHERE = ["scale", "size"]; // asked above, by themselves
const SCALE = 4;
const LARGEST = 64;
const FOR_EXACT = ["domain", "degradation", "wrap", "alpha", "palette"]; // the only ones that matter there

/** The form. rows: the engine's table of options; dials: those of a person. `changed()` is called whenever a value changes. */
export class Settings {
  constructor(rows, dials, changed) {
    this.rows = rows;
    this.changed = changed;
    this.preset = "auto";
    this.values = {}; // only what differs from the engine's defaults
    this.kind = "";
    this.seems = "";
    for (const name of Object.keys(PRESETS)) at("presets").append(this.choice(name));
    at("options").append(...rows.filter((row) => !ELSEWHERE.includes(row.name)).map((row) => this.row(row)));
    this.person = new Person(dials, (text) => this.describe(text));
    at("reset").addEventListener("click", () => this.choose(this.preset));
    for (const id of ["factor", "side"]) at(id).addEventListener("input", () => this.pick(id));
    for (const radio of document.querySelectorAll("[name=size-by]")) radio.addEventListener("change", () => this.changed());
    this.choose("auto");
  }

  choice(name) {
    const radio = make("input", { type: "radio", name: "preset", value: name, id: `preset-${name}`, "aria-describedby": `preset-${name}-help` });
    radio.addEventListener("change", () => this.choose(name));
    const help = make("span", { class: "soft", id: `preset-${name}-help` }, say(`preset.${name}.help`));
    return make("div", { class: "preset" }, radio, make("label", { for: `preset-${name}` }, make("strong", {}, say(`preset.${name}`))), help);
  }

  /** Take a preset with its values; all other options go back to their defaults. */
  choose(name) {
    this.preset = name;
    at(`preset-${name}`).checked = true;
    const { scale = SCALE, ...values } = PRESETS[name];
    this.values = values;
    at("factor").value = scale;
    for (const row of this.rows.filter((other) => !ELSEWHERE.includes(other.name))) {
      const control = at(`option-${row.name}`);
      const value = values[row.name] ?? row.default;
      if (row.kind === "bool") control.checked = value;
      else control.value = value ?? "";
    }
    this.mark();
    this.changed();
  }

  pick(id) {
    document.querySelector(`[name=size-by][value=${id}]`).checked = true;
    this.changed();
  }

  row(row) {
    const id = `option-${row.name}`;
    const help = make("p", { class: "soft", id: `${id}-help` });
    return make("div", { class: "option", "data-option": row.name }, make("label", { for: id }, sayOr(`option.${row.name}`, row.label)), this.control(row, id), help);
  }

  control(row, id) {
    const described = { id, "aria-describedby": `${id}-help` };
    let control;
    if (row.kind === "choice") {
      const automatic = row.default === null ? [["", say("more.automatic")]] : [];
      control = make("select", described, ...[...automatic, ...row.choices].map(([value, label]) => make("option", { value: String(value) }, sayOr(`option.${row.name}.${value}`, label))));
    } else if (row.kind === "bool") control = make("input", { ...described, type: "checkbox" });
    else if (row.kind === "int" || row.kind === "float") {
      const step = row.kind === "int" ? "1" : "any";
      control = make("input", { ...described, type: "number", min: String(row.low), max: String(row.high), step });
    } else control = make("input", { ...described, type: "text" });
    if (row.default === null && row.kind !== "choice") control.placeholder = say("more.automatic");
    control.addEventListener("change", () => control.reportValidity() && this.set(row, control));
    return control;
  }

  // What the dials say goes through the option's own control, where it can be read and typed as well.
  describe(text) {
    const control = at("option-face");
    control.value = text;
    this.set(this.rows.find((row) => row.name === "face"), control);
  }

  set(row, control) {
    const value = read(row, control);
    if (value === undefined || value === row.default) delete this.values[row.name];
    else this.values[row.name] = value;
    this.mark();
    this.changed();
  }

  /** Note what kind of picture is shown: some options change nothing for it. */
  show(kind) {
    this.kind = kind;
    this.mark();
  }

  mark() {
    at("preset-help").textContent = say(`preset.${this.preset}.help`); // shown instead of the radio buttons' own descriptions once there is less room
    at("suggestion").textContent = this.preset === "auto" ? this.seems : "";
    const kind = this.values.domain ?? this.kind;
    at("person").hidden = kind !== "faces";
    this.person.show(this.values.face ?? "");
    for (const row of this.rows.filter((other) => !ELSEWHERE.includes(other.name))) {
      const box = at(`option-${row.name}`).parentElement;
      const idle = Boolean(kind) && row.domains.length > 0 && !row.domains.includes(kind);
      box.classList.toggle("idle", idle);
      const what = sayOr(`option.${row.name}.automatic`, row.automatic);
      const automatic = what ? ` ${say("more.by-itself", { what })}` : "";
      box.querySelector("p").replaceChildren(sayOr(`option.${row.name}.help`, row.help) + automatic, ...(idle ? [" ", make("em", {}, say("more.idle"))] : []));
    }
  }

  /** Say what a picture seems to be. */
  suggest(name, kind) {
    this.seems = has(`kind.${kind}`) ? say("suggest", { name, kind: say(`kind.${kind}`) }) : "";
    this.mark();
  }

  get bySide() {
    return document.querySelector("[name=size-by]:checked").value === "side";
  }

  /** Width and height of the answer to a picture. */
  sizeFor(width, height) {
    const factor = this.bySide ? Number(at("side").value) / Math.max(width, height) : Number(at("factor").value) || SCALE;
    return [width * factor, height * factor].map((length) => Math.max(1, Math.round(length)));
  }

  /** The whole factor at which the engine makes the answer to a picture of this size. */
  wholeFactor(width, height) {
    const factor = this.bySide ? Math.ceil(Number(at("side").value) / Math.max(width, height)) : Number(at("factor").value);
    return Math.min(LARGEST, Math.max(2, Math.round(factor) || SCALE));
  }

  /** The settings of a request. */
  request() {
    if (this.preset === "exact") return Object.fromEntries(Object.entries(this.values).filter(([name]) => FOR_EXACT.includes(name)));
    const size = this.bySide ? { size: Number(at("side").value) } : { scale: Number(at("factor").value) || SCALE };
    return { ...size, ...this.values };
  }
}

// undefined where the control is empty: the default.
function read(row, control) {
  if (row.kind === "bool") return control.checked;
  if (control.value === "") return undefined;
  if (row.kind === "int" || row.kind === "float") return Number(control.value);
  if (row.kind === "box") return control.value.split(",").map(Number);
  if (row.kind === "choice") return row.choices.map(([value]) => value).find((value) => String(value) === control.value);
  return control.value;
}
