// Zip archives: reading the pictures out of one, and writing one of finished files (stored: pictures are packed already).
// The format is PKWARE's APPNOTE.TXT, sections 4.3 and 4.4.

import { say } from "./words.js";

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const UTF8 = 0x800;
const MOST_BYTES = 0xffffffff;
const MOST_FILES = 0xffff;
const MOST_UNPACKED = 2 ** 29; // bytes of one file: no picture needs more, and a bomb would

/** The files in a zip: [{name, size, load()}]. Throws an Error with a sentence when it is none, or encrypted. */
export async function readZip(blob) {
  const tail = new DataView(await blob.slice(Math.max(0, blob.size - 65558)).arrayBuffer());
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== END) end -= 1;
  if (end < 0) throw new Error(say("zip.damaged"));
  const size = tail.getUint32(end + 12, true);
  const start = tail.getUint32(end + 16, true);
  if (start === MOST_BYTES) throw new Error(say("zip.large"));
  const list = new DataView(await blob.slice(start, start + size).arrayBuffer());
  const files = [];
  for (let at = 0; at + 46 <= list.byteLength && list.getUint32(at, true) === CENTRAL; ) {
    const lengths = [28, 30, 32].map((offset) => list.getUint16(at + offset, true));
    const flags = list.getUint16(at + 8, true);
    if (at + 46 + lengths[0] > list.byteLength) throw new Error(say("zip.damaged"));
    const raw = new Uint8Array(list.buffer, list.byteOffset + at + 46, lengths[0]);
    const entry = {
      name: new TextDecoder(flags & UTF8 ? "utf-8" : "windows-1252").decode(raw).replaceAll("\\", "/"),
      method: list.getUint16(at + 10, true),
      packed: list.getUint32(at + 20, true),
      size: list.getUint32(at + 24, true),
      offset: list.getUint32(at + 42, true),
      encrypted: (flags & 1) === 1,
    };
    if (!entry.name.endsWith("/")) files.push({ name: entry.name, size: entry.size, load: () => unpack(blob, entry) });
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  return files;
}

async function unpack(blob, entry) {
  if (entry.encrypted) throw new Error(say("zip.encrypted"));
  if (entry.size > MOST_UNPACKED) throw new Error(say("zip.large-file"));
  const head = new DataView(await blob.slice(entry.offset, entry.offset + 30).arrayBuffer());
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw new Error(say("zip.damaged"));
  const start = entry.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const data = blob.slice(start, start + entry.packed);
  if (entry.method === 0) return data;
  if (entry.method !== 8) throw new Error(say("zip.packed"));
  const reader = data.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  for (let total = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return new Blob(parts);
    total += value.byteLength;
    if (total > entry.size) throw new Error(say("zip.damaged"));
    parts.push(value);
  }
}

/** A zip of files [{name, blob}]; names are made unique. Throws RangeError when one zip cannot hold them. */
export async function writeZip(files, date = new Date()) {
  const total = files.reduce((sum, file) => sum + file.blob.size + 200 + 6 * file.name.length, 0);
  if (total > MOST_BYTES || files.length > MOST_FILES) throw new RangeError("too large for one zip");
  const time = (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
  const day = ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
  const parts = [];
  const central = [];
  const taken = new Set();
  let offset = 0;
  for (const { name, blob } of files) {
    const bytes = new TextEncoder().encode(unique(safe(name), taken));
    const fields = [20, UTF8, 0, time, day];
    const sum = await checksum(blob);
    const local = record(LOCAL, fields, [sum, blob.size, blob.size], [bytes.length, 0]);
    parts.push(local, bytes, blob);
    central.push(record(CENTRAL, [20, ...fields], [sum, blob.size, blob.size], [bytes.length, 0, 0, 0, 0], [0, offset]), bytes);
    offset += local.byteLength + bytes.length + blob.size;
  }
  const size = central.reduce((sum, part) => sum + part.byteLength, 0);
  const end = record(END, [0, 0, files.length, files.length], [size, offset], [0]);
  return new Blob([...parts, ...central, end], { type: "application/zip" });
}

// A signature, then groups of numbers: 16 bits, 32 bits, 16 bits, 32 bits.
function record(signature, ...groups) {
  const length = groups.reduce((sum, group, i) => sum + group.length * (i % 2 ? 4 : 2), 4);
  const view = new DataView(new ArrayBuffer(length));
  view.setUint32(0, signature, true);
  let at = 4;
  groups.forEach((group, i) => {
    for (const value of group) {
      if (i % 2) view.setUint32(at, value, true);
      else view.setUint16(at, value, true);
      at += i % 2 ? 4 : 2;
    }
  });
  return view.buffer;
}

// No name leaves the folder that the zip is unpacked into.
function safe(name) {
  const parts = name.replaceAll("\\", "/").split("/").filter((part) => part && part !== "." && part !== "..");
  return parts.map((part) => part.replace(/[\u0000-\u001f:*?"<>|]/g, "_")).join("/") || "picture";
}

/** A name that is not taken yet: a second a.png becomes "a (2).png". */
function unique(name, taken) {
  const dot = name.lastIndexOf(".") > name.lastIndexOf("/") + 1 ? name.lastIndexOf(".") : name.length;
  let free = name;
  for (let number = 2; taken.has(free.toLowerCase()); number += 1) free = `${name.slice(0, dot)} (${number})${name.slice(dot)}`;
  taken.add(free.toLowerCase());
  return free;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

async function checksum(blob) {
  let sum = 0xffffffff;
  for (let at = 0; at < blob.size; at += 2 ** 24) {
    for (const byte of new Uint8Array(await blob.slice(at, at + 2 ** 24).arrayBuffer())) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
