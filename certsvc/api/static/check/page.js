// The check page: three ways in, one answer. Without this script its forms go to the service as they are.

import { Refused, checkFile, checkText } from "./asking.js";
import { both, english, icon, make } from "./building.js";
import { CameraFault, scan } from "./camera.js";
import { headlineOf, makeCard } from "./card.js";
import { makeMatching } from "./matching.js";
import { startOffline } from "./offline.js";
import { readQrOfFile } from "./qr_reading.js";

const part = (id) => document.getElementById(id);
const wordsLoading = fetch("/check/words.json").then((answer) => answer.json());

let scanning = null;

function setUp() {
  for (const id of ["app", "drop-hint", "offline"]) part(id).hidden = false;
  part("scan").addEventListener("click", startScan);
  part("scan-stop").addEventListener("click", stopScan);
  part("code").form.addEventListener("submit", (event) => {
    event.preventDefault();
    answerText(part("code").value.trim());
  });
  part("file").multiple = true;
  part("file").form.addEventListener("submit", (event) => {
    event.preventDefault();
    answerFiles([...part("file").files]);
  });
  setUpDrop(part("drop"));
  part("again").addEventListener("click", startAgain);
  wordsLoading.then((words) => startOffline(words.page));
}

function setUpDrop(zone) {
  const mark = (isOver) => zone.classList.toggle("drop-over", isOver);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  zone.addEventListener("dragleave", () => mark(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    answerFiles([...event.dataTransfer.files]);
  });
}

async function startScan() {
  const mine = new AbortController();
  scanning = mine;
  showCamera(true);
  try {
    const text = await scan(part("video"), mine.signal);
    if (text) await answerText(text);
  } catch (fault) {
    if (!(fault instanceof CameraFault)) throw fault;
    complain((await wordsLoading).page[fault.code]);
  } finally {
    if (scanning === mine) showCamera(false); // else another one began meanwhile
  }
}

function stopScan() {
  scanning.abort();
  showCamera(false);
  part("scan").focus();
}

function showCamera(isOn) {
  part("camera").hidden = !isOn;
  part("scan").hidden = isOn;
  if (isOn) part("message").replaceChildren();
}

async function answerText(text) {
  if (!text) return;
  const words = await wordsLoading;
  await wait(words, async () => {
    const answer = await checkText(text, words);
    const card = await makeMatchedCard(answer, text, words);
    if (!answer.isOffline && answer.report.certificate) card.append(makeLink(text, words));
    show(card);
  });
}

/** The card, and below what it says the form that compares the paper with the claims in a QR's text. */
async function makeMatchedCard(answer, text, words) {
  const card = makeCard(answer, words);
  const hasGoodClaims = answer.report.checks.some(({ name, outcome }) => name === "claims" && outcome === "passed");
  const matching = text && hasGoodClaims ? await makeMatching(text, words) : null;
  if (matching) card.querySelector(".panel").after(matching);
  return card;
}

/** The way to name, dates and PDF, which the service shows to who knows the birth date. */
function makeLink(text, words) {
  const link = make("a", "btn btn-outline-primary btn-lg", ...both(words.page.see_more));
  link.href = text.includes("/") ? new URL(text).pathname : `/v/${encodeURIComponent(text)}`;
  return make("p", "beside", link);
}

async function answerFiles(files) {
  if (files.length === 0) return;
  const words = await wordsLoading;
  await wait(words, async () => {
    if (files.length === 1) show(await makeFileCard(files[0], words));
    else await answerEach(files, words);
  });
  part("file").form.reset();
}

async function makeFileCard(file, words) {
  const answer = await checkFile(file, words);
  const isPhoto = answer.report.signatures.length === 0 && file.type.startsWith("image/");
  const text = isPhoto ? await readQrOfFile(file).catch(() => null) : null;
  return makeMatchedCard(answer, text, words);
}

/** One after another, each listed as soon as it is there: what the service refuses of one does not stop the others. */
async function answerEach(files, words) {
  const list = make("ol", "file-answers");
  show(make("section", "panel", make("h2", "", ...both(words.page.files)), list));
  for (const file of files) list.append(await makeRow(file, words));
  say({ vi: `${words.page.files_done.vi}: ${files.length}`, en: `${words.page.files_done.en}: ${files.length}` });
}

async function makeRow(file, words) {
  const name = make("span", "file-name", file.name);
  try {
    const answer = await checkFile(file, words);
    const headline = headlineOf(answer.report, words);
    const summary = make("summary", "", make("span", "check-sign", icon(headline.icon)), make("span", "", name, make("strong", "", headline.title.vi), " ", english(headline.title.en)));
    return make("li", `verdict-${headline.tone}`, make("details", "", summary, makeCard(answer, words)));
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    const { message_vi: vi, message_en: en } = fault.problem;
    return make("li", "verdict-none file-refused", make("span", "check-sign", icon("question")), make("span", "", name, ...both({ vi, en })));
  }
}

/** Say that something is going on, and what the service refuses. */
async function wait(words, work) {
  say(words.page.checking);
  try {
    await work();
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    complain({ vi: fault.problem.message_vi, en: fault.problem.message_en });
  }
}

function show(card) {
  part("message").replaceChildren();
  part("answer").replaceChildren(card);
  part("ways").hidden = true;
  part("result").hidden = false;
  part("result").focus();
  part("result").scrollIntoView({ behavior: "instant" });
}

function say(words) {
  part("message").classList.remove("message-fault");
  part("message").replaceChildren(make("p", "", ...both(words)));
}

/** Say what went wrong, where it is seen from whichever form it was. */
function complain(words) {
  say(words);
  part("message").classList.add("message-fault");
  part("message").scrollIntoView({ behavior: "instant", block: "center" });
}

function startAgain() {
  part("result").hidden = true;
  part("ways").hidden = false;
  part("answer").replaceChildren();
  part("message").replaceChildren();
  part("code").value = "";
  part("scan").focus();
}

setUp();
