"use strict";

/* What the console's pages gain from a script; without it they work all the same. */

const RETRY_MS = 5000;

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

for (const panel of document.querySelectorAll("[data-events]")) follow(panel);
for (const form of document.querySelectorAll("[data-drop]")) takeDrops(form);
