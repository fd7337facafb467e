// Making and finding elements. Text only ever enters as text, so a file name cannot become markup.

/** The element with this id. */
export const at = (id) => document.getElementById(id);

/** A new element: attributes, listeners (on...), then children (strings become text). */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Show a file name without characters that reorder text or break lines. */
export const plain = (name) => name.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

/** Say something to screen readers. */
export function announce(text) {
  at("live").textContent = text;
}
