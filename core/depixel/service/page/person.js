// What an invented person should be like: sliders and choices that write the one option `face`, "age=+10, smile=0.8".

import { at, make } from "./dom.js";
import { has, say, sayOr } from "./words.js";

/** The rows of dials.json. */
export async function loadDials() {
  return (await fetch("/page/static/dials.json")).json();
}

/** The parts of a text in their order: dial => value; "smile" alone stays as it is written. */
export function readFace(text) {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  return new Map(parts.map((part) => {
    const [name, value] = part.split("=", 2).map((word) => word.trim());
    return [name.toLowerCase().replace(/[\s-]+/g, "_"), value === undefined ? part : `${name}=${value}`];
  }));
}

/** What a text asks of the person, in words. */
export function sayFace(text) {
  const parts = [...readFace(text)].map(([name, part]) => {
    const value = part.includes("=") ? part.slice(part.indexOf("=") + 1) : "";
    return !value ? part : `${has(`dial.${name}`) ? say(`dial.${name}`) : name.replaceAll("_", " ")}: ${named(name, value)}`;
  });
  return parts.join("; ");
}

/** The dials. write(text): called with the new text of the option when a dial is moved. */
export class Person {
  constructor(rows, write) {
    this.rows = rows;
    this.write = write;
    this.text = "";
    at("dials").append(...rows.map((row) => this.row(row)));
    at("dials-clear").addEventListener("click", () => this.change(new Map()));
  }

  row(row) {
    const id = `dial-${row.name}`;
    const control = row.kind === "choice"
      ? make("select", { id }, make("option", { value: "" }, say("person.as-seen")), ...row.options.map((value) => make("option", { value }, named(row.name, value))))
      : make("input", { id, type: "range", min: String(row.low), max: String(row.high), step: String(row.step), "aria-describedby": `${id}-value` });
    control.addEventListener("change", () => this.turn(row, control.value));
    return make("div", { class: "dial" }, make("label", { for: id }, say(`dial.${row.name}`)), make("output", { id: `${id}-value`, for: id }), control);
  }

  turn(row, value) {
    const parts = readFace(this.text);
    const number = Number(value);
    if (value === "" || (row.kind === "shift" && number === 0)) parts.delete(row.name);
    else parts.set(row.name, `${row.name}=${row.kind === "shift" && number > 0 ? "+" : ""}${value}`);
    this.change(parts);
  }

  change(parts) {
    const text = [...parts.values()].join(", ");
    this.show(text);
    this.write(text);
  }

  /** Set the dials as a text says; what it does not name is as in the picture. */
  show(text) {
    this.text = text;
    const parts = readFace(text);
    for (const row of this.rows) {
      const control = at(`dial-${row.name}`);
      const part = parts.get(row.name);
      const value = part?.split("=")[1];
      if (row.kind === "choice") control.value = value ?? "";
      else control.value = value !== undefined ? Number(value) : (row.kind === "shift" ? 0 : (row.low + row.high) / 2);
      control.parentElement.classList.toggle("set", part !== undefined);
      at(`dial-${row.name}-value`).textContent = row.kind === "choice" ? "" : part === undefined ? say("person.as-seen") : value ?? part;
    }
  }
}

const named = (dial, value) => sayOr(`dial.${dial}.${value}`, /^[a-z]/.test(value) ? value.replaceAll("-", " ") : value);
