// What a file is, by its first bytes, and what it can be saved as.

let formats = [];

/** Take the engine's formats: [{name, label, endings, type, written, from_folders}]. */
export function setFormats(list) {
  formats = list;
}

/** The format with this media type. */
export const formatOf = (type) => formats.find((format) => format.type === type) ?? { label: "PNG", endings: [".png"], type };

/** The formats that can be written. */
export const written = () => formats.filter((format) => format.written);

/** Endings of the files that are taken out of folders and zips. */
export const fromFolders = () => new Set(formats.filter((format) => format.from_folders).flatMap((format) => format.endings));

const SHOWN = new Set(["image/png", "image/webp", "image/gif", "image/jpeg", "image/bmp"]);

/** {type, width, height, shown}: what the first bytes say; 0 where they do not say it. */
export async function sniff(blob) {
  const bytes = new DataView(await blob.slice(0, 64).arrayBuffer());
  const text = (start, length) =>
    Array.from({ length }, (_, i) => (start + i < bytes.byteLength ? String.fromCharCode(bytes.getUint8(start + i)) : "")).join("");
  const at = (start, size, little) =>
    start + size > bytes.byteLength ? 0 : size === 4 ? bytes.getUint32(start, little) : bytes.getUint16(start, little);
  let found = { type: "", width: 0, height: 0 };
  if (text(0, 4) === "\x89PNG") found = { type: "image/png", width: at(16, 4), height: at(20, 4) };
  else if (text(0, 3) === "GIF") found = { type: "image/gif", width: at(6, 2, true), height: at(8, 2, true) };
  else if (text(0, 3) === "\xff\xd8\xff") found = { type: "image/jpeg", width: 0, height: 0 };
  else if (text(0, 2) === "BM") found = { type: "image/bmp", width: at(18, 4, true), height: at(22, 4, true) };
  else if (text(0, 4) === "DDS ") found = { type: "image/vnd-ms.dds", width: at(16, 4, true), height: at(12, 4, true) };
  else if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") {
    found = { type: "image/webp", width: 0, height: 0 };
    if (text(12, 4) === "VP8 ") Object.assign(found, { width: at(26, 2, true) & 0x3fff, height: at(28, 2, true) & 0x3fff });
    if (text(12, 4) === "VP8X") Object.assign(found, { width: (at(24, 4, true) & 0xffffff) + 1, height: (at(27, 4, true) & 0xffffff) + 1 });
  } else if (text(0, 4) === "PK\x03\x04") found = { type: "application/zip", width: 0, height: 0 };
  return { ...found, shown: SHOWN.has(found.type) };
}

/** The name without its folders. */
export const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);

/** The ending in lower case, with its dot; "" when there is none. */
export function ending(name) {
  const dot = baseName(name).lastIndexOf(".");
  return dot > 0 ? baseName(name).slice(dot).toLowerCase() : "";
}

/** The name without its ending. */
export const stem = (name) => name.slice(0, name.length - ending(name).length);
