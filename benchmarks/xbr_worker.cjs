// xBR x4 over a folder of PNG files, for benchmarks/art_pixels.py: node xbr_worker.cjs MODULES IN OUT
// MODULES is a node_modules folder with xbr-js 2.0.1 and pngjs 7.
const fs = require("fs");
const path = require("path");
const [modules, source, target] = process.argv.slice(2);
global.window = global; // the package was built for browsers
const { PNG } = require(path.join(modules, "pngjs"));
const loaded = require(path.join(modules, "xbr-js/dist/xBRjs.umd.js"));
const { xbr4x } = loaded.default || (loaded.xbr4x ? loaded : global.xBRjs);
fs.mkdirSync(target, { recursive: true });
for (const name of fs.readdirSync(source).filter((n) => n.endsWith(".png"))) {
  const png = PNG.sync.read(fs.readFileSync(path.join(source, name)));
  const pixels = new Uint32Array(new Uint8Array(png.data).buffer);
  const large = xbr4x(pixels, png.width, png.height);
  const out = new PNG({ width: png.width * 4, height: png.height * 4 });
  out.data = Buffer.from(large.buffer);
  fs.writeFileSync(path.join(target, name), PNG.sync.write(out));
}
