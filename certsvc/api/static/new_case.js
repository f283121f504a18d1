// The form for one case: which fields are needed, a citizen card scanned into it, days of leave, checks while it is filled in.
// Without this script its buttons do the same by sending the form.

import { CameraFault, scan } from "./check/camera.js";

const CHECK_AFTER_MS = 400;
const SCANNED_AFTER_MS = 150;
const CARE_LEAVE_ENDS = 7;
const MS_A_DAY = 86_400_000;

const form = document.getElementById("case");
const part = (id) => document.getElementById(id);
const fields = [...form.querySelectorAll("[data-field]")];
const inputOf = (field) => part(field.dataset.field);
const touched = new Set();
const cardSays = new Map(); // by field, what a scanned card says otherwise

let checking = null;
let checkTimer = 0;
let scanning = null;

/* Days, as people here write them. */

function dayOf(text) {
  const found = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text.trim());
  if (!found) return null;
  const [day, month, year] = found.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 ? date : null;
}

function written(date) {
  return [date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCFullYear()].map((each) => String(each).padStart(2, "0")).join("/");
}

function slash(input) {
  const found = /^(\d{2})(\d{2})((?:19|20)\d{2})$/.exec(input.value.trim());
  if (found && dayOf(found.slice(1).join("/"))) input.value = found.slice(1).join("/");
}

/* Which papers, and what they need. */

function choose(papers) {
  const before = form.elements.papers.value;
  form.elements.papers.value = papers;
  for (const link of document.querySelectorAll("[data-choose]")) {
    if (link.dataset.choose === papers) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const firstOf = (field, which) => field.getAttribute(`data-first-${which.replace("_", "-")}`);
  for (const field of fields) {
    const input = inputOf(field);
    if (input.value === firstOf(field, before)) input.value = firstOf(field, papers);
  }
  showNeeded();
  plan();
}

function showNeeded() {
  const papers = form.elements.papers.value;
  for (const each of form.querySelectorAll("[data-papers]")) each.hidden = !each.dataset.papers.split(" ").includes(papers);
  for (const each of form.querySelectorAll("[data-under-seven]")) each.hidden ||= !isUnderSeven();
  for (const field of fields) inputOf(field).disabled = field.hidden;
}

function isUnderSeven() {
  const [year] = /\d{4}$/.exec(part("birth_date").value.trim()) ?? [];
  const examined = dayOf(part("examined_on").value);
  if (!year || !examined) return false;
  const born = dayOf(part("birth_date").value) ?? new Date(Date.UTC(Number(year), 11, 31));
  return Date.UTC(born.getUTCFullYear() + CARE_LEAVE_ENDS, born.getUTCMonth(), born.getUTCDate()) > examined.getTime();
}

/* The days of leave. */

function takeDays(days) {
  const from = part("isolation_from");
  const first = dayOf(from.value) ?? dayOf(part("examined_on").value);
  if (!first) return from.focus();
  from.value = written(first);
  part("isolation_to").value = written(new Date(first.getTime() + (days - 1) * MS_A_DAY));
  touch("isolation_from", "isolation_to");
}

/* What began on the day of examination goes with it when that is changed. */
function followExamination(before, after) {
  for (const name of ["isolation_from", "positive_on"]) {
    if (part(name).value === before && !touched.has(name)) part(name).value = after;
  }
}

/* What is wrong so far. Only of fields that somebody has been in: the others are not wrong yet. */

function touch(...names) {
  for (const name of names) touched.add(name);
  plan();
}

function plan() {
  clearTimeout(checkTimer);
  checkTimer = setTimeout(check, CHECK_AFTER_MS);
}

async function check() {
  clearTimeout(checkTimer);
  checking?.abort();
  const mine = new AbortController();
  checking = mine;
  const asked = new FormData(form);
  const answer = await ask(asked, mine.signal);
  if (mine.signal.aborted) return;
  part("unread").hidden = answer !== null;
  if (answer === null) return;
  takeTexts(answer.texts, asked);
  for (const [name, text] of Object.entries(answer.card_says)) cardSays.set(name, text);
  const isShown = (fault) => touched.has(fault.field);
  for (const field of fields) {
    const name = field.dataset.field;
    tell(field, answer.faults.filter((fault) => fault.field === name && isShown(fault)), cardSays.get(name));
  }
}

async function ask(asked, signal) {
  try {
    const answer = await fetch("/staff/new/check", { method: "POST", body: new URLSearchParams(asked), signal, redirect: "error" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/* What the service made of the fields, a card spread over them: not where somebody has typed on meanwhile. */
function takeTexts(texts, asked) {
  for (const field of fields) {
    const input = inputOf(field);
    const text = texts[field.dataset.field];
    if (input.disabled || text === undefined || text === input.value || input.value !== asked.get(input.name)) continue;
    if (input === document.activeElement && !asked.get("citizen_id").includes("|")) continue;
    input.value = text;
    touched.add(input.name);
  }
  showNeeded();
}

function tell(field, faults, onCard) {
  const input = inputOf(field);
  const place = part(`${field.dataset.field}-told`);
  const isWrong = faults.some((fault) => fault.level === "reject");
  place.replaceChildren(...faults.map(line), ...(onCard ? [cardLine(input, onCard)] : []));
  if (isWrong) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

function english(text) {
  const element = make("span", "en", text);
  element.lang = "en";
  return element;
}

function line(fault) {
  const words = make("span", "", fault.message_vi, " ", make("code", "", fault.rule), " ", english(fault.message_en));
  return make("p", fault.level === "reject" ? "field-error" : "field-note", words);
}

function cardLine(input, text) {
  const take = make("button", "btn btn-outline-primary btn-sm", "Lấy theo CCCD");
  take.type = "button";
  take.addEventListener("click", () => {
    input.value = text;
    cardSays.delete(input.name);
    touch(input.name);
    input.focus();
  });
  return make("p", "field-note", "Trên CCCD: ", make("strong", "", text), " ", english("On the card"), " ", take);
}

/* A citizen card: typed by a scanner, or seen by the camera. */

async function takeCard() {
  const number = part("citizen_id");
  if (!number.value.includes("|")) return;
  for (const name of ["citizen_id", "full_name", "birth_date", "sex"]) touched.add(name);
  cardSays.clear();
  await check();
  const next = [...form.querySelectorAll("input:not([type=hidden]), select")].find((each) => !each.disabled && each.value === "" && each.closest("fieldset"));
  (next ?? number).focus();
}

async function startScan() {
  const mine = new AbortController();
  scanning = mine;
  showCamera(true);
  complain(null);
  try {
    const text = await scan(part("video"), mine.signal);
    if (text) {
      part("citizen_id").value = text;
      if (text.includes("|")) await takeCard();
      else refuseCard();
    }
  } catch (fault) {
    if (!(fault instanceof CameraFault)) throw fault;
    complain(fault.code);
  } finally {
    if (scanning === mine) showCamera(false);
  }
}

function refuseCard() {
  part("citizen_id").value = "";
  complain("no_card");
}

function showCamera(isOn) {
  part("camera").hidden = !isOn;
  part("scan").hidden = isOn;
}

function complain(code) {
  for (const each of document.querySelectorAll("[data-fault]")) each.hidden = each.dataset.fault !== code;
}

function setUpCard() {
  const number = part("citizen_id");
  let timer = 0;
  number.addEventListener("input", () => {
    clearTimeout(timer);
    if (number.value.includes("|")) timer = setTimeout(takeCard, SCANNED_AFTER_MS);
  });
  part("scan").hidden = false;
  part("scan").addEventListener("click", startScan);
  part("scan-stop").addEventListener("click", () => {
    scanning.abort();
    showCamera(false);
    part("scan").focus();
  });
}

function setUp() {
  for (const link of document.querySelectorAll("[data-choose]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose(link.dataset.choose);
    });
  }
  for (const button of form.querySelectorAll("button[name=days]")) {
    button.type = "button";
    button.addEventListener("click", () => takeDays(Number(button.value)));
  }
  for (const field of fields) {
    const input = inputOf(field);
    let before = input.value;
    input.addEventListener("change", () => {
      if (field.classList.contains("field-day")) slash(input);
      if (input.name === "examined_on") followExamination(before, input.value);
      before = input.value;
      cardSays.delete(input.name);
      if (["birth_date", "examined_on"].includes(input.name)) showNeeded();
      touch(input.name);
    });
    if (input.getAttribute("aria-invalid")) touched.add(input.name);
  }
  // A scanner ends with Enter, which must not send the form.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
  });
  setUpCard();
  showNeeded();
}

setUp();
