// Whether two answers are the same, and where they differ.

const SIDE = 48; // pixels to which both are reduced
const THIRDS = ["top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right"];

/** {levels, where}: by how many of 255 steps two pictures differ on average, and in which of nine fields most. */
export async function difference(first, second) {
  const [a, b] = await Promise.all([first, second].map(pixels));
  const fields = new Array(9).fill(0);
  let total = 0;
  for (let i = 0; i < a.length; i += 4) {
    const apart = (Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) + Math.abs(a[i + 2] - b[i + 2])) / 3;
    const [x, y] = [(i / 4) % SIDE, Math.floor(i / 4 / SIDE)];
    fields[3 * Math.floor((3 * y) / SIDE) + Math.floor((3 * x) / SIDE)] += apart;
    total += apart;
  }
  const levels = total / (SIDE * SIDE);
  return { levels: levels < 10 ? levels.toFixed(1) : String(Math.round(levels)), where: THIRDS[fields.indexOf(Math.max(...fields))].replace(" ", "-") };
}

async function pixels(blob) {
  const bitmap = await createImageBitmap(blob, { resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: "high" });
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext("2d");
  context.fillStyle = "#808080";
  context.fillRect(0, 0, SIDE, SIDE);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, SIDE, SIDE).data;
}

const PIXELS = ["IHDR", "PLTE", "tRNS", "IDAT", "fdAT"]; // the chunks of a PNG that hold its pixels

/** Whether two PNGs of the same writer hold the same pixels; their texts may differ. */
export async function samePixels(first, second) {
  const [one, other] = await Promise.all([first, second].map(chunksOfPixels));
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

async function chunksOfPixels(blob) {
  const bytes = await blob.arrayBuffer();
  const view = new DataView(bytes);
  const parts = [];
  for (let start = 8; start + 12 <= view.byteLength; ) {
    const length = view.getUint32(start);
    const name = String.fromCharCode(...new Uint8Array(bytes, start + 4, 4));
    if (PIXELS.includes(name)) parts.push(new Uint8Array(bytes.slice(start + 8, start + 8 + length)));
    start += length + 12;
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
