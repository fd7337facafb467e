// How pictures get in: dropped, pasted, chosen, from the command line, examples; folders and zips are looked into.

import { at, make, announce } from "./dom.js";
import { baseName, ending, sniff, stem } from "./formats.js";
import { say } from "./words.js";
import { readZip, writeZip } from "./zip.js";

/**
 * Listen for pictures.
 * readable: endings that are taken out of folders and zips; what is named by itself is always taken.
 * archives: endings of zips, including those of games; all but .zip are texture packs.
 * wantsPacks(): whether every zip and folder is a texture pack, not only those that look like one.
 * add(files, ignored): [{name, load(), pack}] that came in together, and how many were left out.
 */
export function listen(readable, archives, wantsPacks, add) {
  const take = async (files) => {
    const { packs, others } = foldersThatArePacks(files, wantsPacks());
    const { pictures, ignored } = await expand(others, readable, archives, wantsPacks());
    add([...packs, ...pictures], ignored);
  };
  const choose = (input) => {
    input.addEventListener("change", () => {
      take([...input.files].map((file) => named(file, file.webkitRelativePath || file.name)));
      input.value = "";
    });
    return () => input.click();
  };
  at("choose-files").addEventListener("click", choose(at("files")));
  at("choose-folder").addEventListener("click", choose(at("folder")));
  at("paste").addEventListener("click", () => readClipboard(take));
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) event.preventDefault();
    if (files.length) take(files.map((file) => named(file, file.name)));
  });
  listenForDrops(take);
  return take;
}

function listenForDrops(take) {
  let depth = 0;
  const show = (change) => {
    depth = Math.max(0, change ? depth + change : 0);
    at("drop").hidden = depth === 0;
  };
  const carriesFiles = (event) => [...event.dataTransfer.types].includes("Files");
  window.addEventListener("dragenter", (event) => carriesFiles(event) && show(1));
  window.addEventListener("dragleave", (event) => carriesFiles(event) && show(-1));
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  window.addEventListener("drop", async (event) => {
    event.preventDefault();
    show(0);
    // Entries are gone after the first await: they are taken at once.
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
    const files = entries.length ? entries : [...event.dataTransfer.files];
    take((await Promise.all(files.map(walk))).flat());
  });
}

/** Show what could not be added below the buttons; screen readers say it too, after what was added. */
export function note(missing, added = "") {
  at("intake-note").textContent = missing;
  announce([added, missing].filter(Boolean).join(" "));
}

const named = (file, name) => ({ name, load: async () => file });

// A File, or a FileSystemEntry with all that is below it.
async function walk(entry) {
  if (entry instanceof File) return [named(entry, entry.name)];
  if (entry.isFile) return [{ name: entry.fullPath.replace(/^\//, ""), load: () => new Promise((done, fail) => entry.file(done, fail)) }];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail)); // a hundred at a time
    if (!some.length) break;
    found.push(...some.filter((inner) => !inner.name.startsWith(".")));
  }
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  return (await Promise.all(found.map(walk))).flat();
}

const MARKS = ["pack.mcmeta", "pack.txt"]; // in the root of a pack

// A folder that is a pack goes to the engine as a zip of all its files.
function foldersThatArePacks(files, all) {
  const tops = new Map();
  for (const file of files.filter((other) => other.name.includes("/"))) {
    const top = file.name.slice(0, file.name.indexOf("/"));
    if (!tops.has(top)) tops.set(top, []);
    tops.get(top).push(file);
  }
  const packs = [];
  for (const [top, inside] of tops) {
    if (!all && !inside.some((file) => MARKS.includes(file.name.slice(top.length + 1)))) continue;
    const load = async () => {
      const entries = inside.map(async (file) => ({ name: file.name.slice(top.length + 1), blob: await file.load() }));
      return writeZip(await Promise.all(entries));
    };
    packs.push({ name: `${top}.zip`, load, pack: true });
  }
  const taken = new Set(packs.map((pack) => pack.name.slice(0, -4)));
  return { packs, others: files.filter((file) => !taken.has(file.name.slice(0, file.name.indexOf("/")))) };
}

const isPack = (inside) => inside.some((entry) => MARKS.includes(baseName(entry.name)) && entry.name.split("/").length < 3);

// Out of folders and zips only what is a picture by its name; zips are opened.
async function expand(files, readable, archives, allPacks) {
  const pictures = [];
  let ignored = 0;
  for (const file of files) {
    const kind = ending(file.name);
    if (archives.has(kind) && kind !== ".zip") pictures.push({ ...file, pack: true });
    else if (kind === ".zip" || (!readable.has(kind) && !file.name.includes("/") && (await isZip(file)))) {
      try {
        const inside = await readZip(await file.load());
        if (allPacks || isPack(inside)) {
          pictures.push({ ...file, pack: true });
          continue;
        }
        const wanted = inside.filter((entry) => readable.has(ending(entry.name)) && !hidden(entry.name));
        ignored += inside.length - wanted.length;
        pictures.push(...wanted.map((entry) => ({ ...entry, name: `${stem(file.name)}/${entry.name}` })));
      } catch (error) {
        pictures.push({ name: file.name, load: () => Promise.reject(error) });
      }
    } else if (file.name.includes("/") && (!readable.has(kind) || hidden(file.name))) ignored += 1;
    else pictures.push(file);
  }
  return { pictures, ignored };
}

// Whether a file with an unknown ending is a zip, by its first bytes; a file that cannot be read is reported later.
async function isZip(file) {
  try {
    return (await sniff(await file.load())).type === "application/zip";
  } catch {
    return false;
  }
}

const hidden = (name) => name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");

async function readClipboard(take) {
  if (!navigator.clipboard?.read) return note(say("intake.paste.denied"));
  try {
    const files = [];
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((name) => name.startsWith("image/"));
      if (type) files.push(named(await item.getType(type), `clipboard.${type.slice(6).replace("jpeg", "jpg")}`));
    }
    if (files.length) return take(files);
    return note(say("intake.paste.none"));
  } catch {
    return note(say("intake.paste.denied"));
  }
}

/** Buttons for pictures that come with the page. */
export function showExamples(names, take) {
  for (const name of names) {
    const source = `/page/static/examples/${name}`;
    const image = make("img", { src: source, alt: "", width: "40", height: "40", draggable: "false" });
    const load = async () => (await fetch(source)).blob();
    const label = say(`example.${stem(name)}`);
    at("examples").append(
      make("button", { type: "button", class: "example", "aria-label": label, title: label, onclick: () => take([{ name, load }]) }, image),
    );
  }
}

