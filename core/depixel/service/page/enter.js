// Keeps this tab's session, which came with this page or in exchange for the key in its address, and goes on to the page.

import { enter, keep } from "./engine.js";

const banner = document.getElementById("banner");
try {
  const given = document.querySelector("meta[name=session]");
  if (given) keep(given.content);
  else await enter();
  location.replace("/");
} catch (error) {
  banner.textContent = error.message;
  banner.dataset.kind = "bad";
  banner.hidden = false;
}
