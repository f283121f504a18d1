"use strict";

/* What the console's pages gain from a script; without it they work all the same. */

const RETRY_MS = 5000;
const PAPER_MS = 500;

/* A batch that goes on: its figures as they change; the whole page once its file turned out broken, and once it has ended. */
function follow(panel) {
  const stream = new EventSource(panel.dataset.events);
  const bar = panel.querySelector("progress");
  const reload = () => { stream.close(); location.reload(); };
  stream.addEventListener("progress", (event) => {
    const { counts, status } = JSON.parse(event.data);
    if (status === "failed" && !panel.querySelector(".error-summary")) return reload();
    for (const place of panel.querySelectorAll("[data-count]")) place.textContent = counts[place.dataset.count];
    if (status === "reading") return;
    bar.max = Math.max(counts.issued + counts.failed + counts.pending, 1);
    bar.value = counts.issued + counts.failed;
  });
  for (const end of ["done", "failed", "cancelled"]) stream.addEventListener(end, reload);
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(reload, RETRY_MS);
  });
}

/* A file dropped anywhere on the form is the form's file. */
function takeDrops(form) {
  const field = form.querySelector("input[type=file]");
  const mark = (isOver) => form.classList.toggle("is-over", isOver);
  form.addEventListener("dragover", (event) => { event.preventDefault(); mark(true); });
  form.addEventListener("dragleave", () => mark(false));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    if (event.dataTransfer.files.length === 1) field.files = event.dataTransfer.files;
  });
}

/* Papers that are being signed: the page again once one of them stands otherwise. */
async function followPapers(place) {
  const addresses = [...document.querySelectorAll("[data-paper]")].map((each) => each.dataset.paper);
  for (let pause = PAPER_MS; ; pause = Math.min(pause * 1.2, RETRY_MS)) {
    await new Promise((resume) => setTimeout(resume, pause));
    const states = await Promise.all(addresses.map(stateOf));
    if (states.some((state) => state !== "requested" && state !== "signing")) return location.assign(place.dataset.papersOf);
  }
}

async function stateOf(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.status === 429 || answer.status >= 500) return "signing";
    return answer.ok ? (await answer.json()).status : "signed out";
  } catch {
    return "signing"; // the network may come back
  }
}

/* A button that asks for something is pressed once. */
function pressOnce(button) {
  button.form.addEventListener("submit", (event) => {
    if (event.submitter !== button) return;
    if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
    button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", () => button.removeAttribute("aria-disabled"));
}

for (const panel of document.querySelectorAll("[data-events]")) follow(panel);
for (const form of document.querySelectorAll("[data-drop]")) takeDrops(form);
for (const place of document.querySelectorAll("[data-papers-of]")) followPapers(place);
for (const button of document.querySelectorAll("[data-once]")) pressOnce(button);
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
