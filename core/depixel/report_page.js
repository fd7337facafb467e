"use strict";
for (const slider of document.querySelectorAll(".slider input")) {
  const show = () => slider.parentElement.style.setProperty("--split", slider.value + "%");
  slider.addEventListener("input", show);
  show();
}
for (const choice of document.querySelectorAll("input[name=ground]")) {
  choice.addEventListener("change", () => { document.body.dataset.ground = choice.value; });
}
for (const choice of document.querySelectorAll("input[name=zoom]")) {
  choice.addEventListener("change", () => document.documentElement.style.setProperty("--zoom", choice.value));
}
for (const button of document.querySelectorAll(".candidates button")) {
  button.addEventListener("click", () => {
    const card = button.closest(".card");
    card.style.setProperty("--after", `var(--c${button.dataset.candidate})`);
    for (const other of card.querySelectorAll(".candidates button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    const link = button.parentElement.querySelector("a");
    const title = card.querySelector("h3 a");
    if (link && title) title.href = link.href;
  });
}
const search = document.getElementById("search");
const found = document.getElementById("found");
search.addEventListener("input", () => {
  const wanted = search.value.toLowerCase();
  let shown = 0;
  for (const card of document.querySelectorAll("[data-name]")) {
    card.hidden = !card.dataset.name.includes(wanted);
    shown += card.hidden ? 0 : 1;
  }
  found.textContent = wanted ? `${shown} shown` : "";
});
