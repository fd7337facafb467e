// What is asked of the engine: a preset, a size, and all options behind "More".

import { at, make } from "./dom.js";
import { has, say } from "./words.js";

const PRESETS = {
  auto: { action: "upscale", values: {} },
  sprite: { action: "upscale", values: { domain: "art" } },
  pixel: { action: "upscale", values: { domain: "pixel-art" } },
  texture: { action: "upscale", values: { domain: "textures" } },
  face: { action: "imagine-face", values: {} },
};
const NOT_SHOWN = ["scale", "output"]; // asked elsewhere on the page, or not at all
const FOR_KINDS = { auto: null, art: "sprite", "pixel-art": "pixel", textures: "texture", faces: "face" };

// Options that change nothing for a kind of picture.
const IDLE = {
  "pixel-art": ["steps", "imagination", "ensemble"],
  normals: ["palette"],
};

/** The form. `changed()` is called whenever a value changes. */
export class Settings {
  constructor(actions, changed) {
    this.actions = Object.fromEntries(actions.map((action) => [action.name, action]));
    this.changed = changed;
    this.preset = "auto";
    this.values = {};
    this.kind = "";
    for (const name of Object.keys(PRESETS)) at("presets").append(this.choice(name));
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

  /** Take a preset with its defaults. */
  choose(name) {
    this.preset = name;
    at(`preset-${name}`).checked = true;
    const action = this.action;
    this.values = { ...Object.fromEntries(action.options.map((option) => [option.name, option.default])), ...PRESETS[name].values };
    at("factor").value = this.values.scale ?? 4;
    at("options").replaceChildren(...action.options.filter((option) => !NOT_SHOWN.includes(option.name)).map((option) => this.row(option)));
    this.show(this.kind);
    this.changed();
  }

  get action() {
    return this.actions[PRESETS[this.preset].action];
  }

  pick(id) {
    document.querySelector(`[name=size-by][value=${id}]`).checked = true;
    this.changed();
  }

  row(option) {
    const id = `option-${option.name}`;
    const control = this.control(option, id);
    const help = make("p", { class: "soft", id: `${id}-help` }, option.help);
    return make("div", { class: "option", "data-option": option.name }, make("label", { for: id }, option.label), control, help);
  }

  control(option, id) {
    const described = { id, "aria-describedby": `${id}-help` };
    let control;
    if (option.kind === "choice") {
      control = make("select", described, ...option.choices.map(([value, label]) => make("option", { value }, label)));
      control.value = this.values[option.name];
    } else if (option.kind === "bool") {
      control = make("input", { ...described, type: "checkbox" });
      control.checked = this.values[option.name];
    } else if (option.kind === "int" || option.kind === "float") {
      const step = option.kind === "int" ? "1" : "any";
      control = make("input", { ...described, type: "number", min: String(option.low), max: String(option.high), step });
      control.value = this.values[option.name];
    } else {
      control = make("input", { ...described, type: "text" });
      control.value = this.values[option.name] ?? "";
    }
    control.addEventListener("change", () => {
      if (!control.reportValidity()) return;
      const value = option.kind === "bool" ? control.checked : control.value;
      this.values[option.name] = option.kind === "int" || option.kind === "float" ? Number(value) : value;
      this.changed();
    });
    return control;
  }

  /** Mark the options that change nothing for a kind of picture. */
  show(kind) {
    this.kind = kind;
    const idle = IDLE[this.values.domain && this.values.domain !== "auto" ? this.values.domain : kind] ?? [];
    for (const row of at("options").children) {
      const off = idle.includes(row.dataset.option);
      row.classList.toggle("idle", off);
      row.querySelector("p").textContent = this.action.options.find((option) => option.name === row.dataset.option).help;
      if (off) row.querySelector("p").append(" ", make("em", {}, say("more.idle")));
    }
  }

  /** Say what a picture seems to be, and offer that preset. */
  suggest(name, kind) {
    const preset = FOR_KINDS[kind];
    const text = has(`kind.${kind}`) && this.preset === "auto" ? say("suggest", { name, kind: say(`kind.${kind}`) }) : "";
    at("suggestion").replaceChildren(text);
    this.suggested = preset;
  }

  /** How many times larger a picture of this size becomes. */
  factorFor(width, height) {
    if (document.querySelector("[name=size-by]:checked").value === "factor" || !width) return Number(at("factor").value) || 4;
    return Math.min(64, Math.max(2, Math.ceil(Number(at("side").value) / Math.max(width, height))));
  }

  /** The settings of a request for a picture. */
  request(item) {
    const settings = { scale: this.factorFor(item?.look?.width ?? 0, item?.look?.height ?? 0) };
    for (const option of this.action.options) {
      const value = this.values[option.name];
      if (NOT_SHOWN.includes(option.name) || value === option.default && option.default === this.engineDefault(option.name)) continue;
      settings[option.name] = value;
    }
    if (settings.steps === -1) delete settings.steps;
    if (this.action.name === "imagine-face") settings.domain = "faces";
    return settings;
  }

  // The engine's defaults are those of the plain action.
  engineDefault(name) {
    return this.actions.upscale.options.find((option) => option.name === name)?.default;
  }
}
