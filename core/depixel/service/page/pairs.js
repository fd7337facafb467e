// Pairs for "make another result exact": a small original and the large picture that another program made of it.

import { baseName, sniff, stem } from "./formats.js";

let waiting = [];

/** Take pictures [{name, load()}]; returns the pairs that are complete. What has no partner yet waits for it. */
export async function pair(pictures) {
  const all = [...waiting, ...(await Promise.all(pictures.map(measured)))].sort((a, b) => a.pixels - b.pixels);
  const pairs = [];
  waiting = [];
  while (all.length) {
    const small = all.shift();
    const fits = (other) => other.pixels > small.pixels && (all.length === 1 || related(small.name, other.name));
    const index = all.findIndex(fits);
    if (index < 0) waiting.push(small);
    else {
      const [large] = all.splice(index, 1);
      pairs.push({ name: small.name, load: async () => small.blob, partner: { name: large.name, blob: large.blob } });
    }
  }
  return pairs;
}

/** Names of the pictures that still have no partner. */
export const alone = () => waiting.map((picture) => picture.name);

/** Forget them. */
export function forgetAlone() {
  waiting = [];
}

async function measured({ name, load }) {
  const blob = await load();
  const { width, height } = await sniff(blob);
  if (width) return { name, blob, pixels: width * height };
  const bitmap = await createImageBitmap(blob).catch(() => ({ width: 0, height: 0, close: () => {} }));
  const pixels = bitmap.width * bitmap.height;
  bitmap.close();
  return { name, blob, pixels };
}

// "hero.png" and "hero-x4.png", "hero_upscaled.png"; in whatever folders they are.
const related = (small, large) => stem(baseName(large)).toLowerCase().startsWith(stem(baseName(small)).toLowerCase());
