// Asking the service first, and judging here where the network fails.

import { judgeBlank, judgeText, judgeUnread } from "./judging.js";
import { findKept } from "./kept.js";
import { readQrOfFile } from "./qr_reading.js";

const VERIFY = "/v1/verify";
const TIMEOUT_MS = 15_000;
const OUT_OF_REACH = new Set([502, 503, 504]);

/** The service's own refusal: `problem` has its words. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.code);
    this.problem = problem;
  }
}

/** The answer on a code or on a QR's text: `report`, and `isOffline`. Throws Refused for what is neither. */
export async function checkText(text, words) {
  const question = text.includes("/") ? { qr: text } : { code: text };
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question), signal: AbortSignal.timeout(TIMEOUT_MS) };
  const report = await ask(init);
  return report ? { report, isOffline: false } : { report: await judgeHere(text, words), isOffline: true };
}

/** The answer on a file. Without a network a photo's QR is judged here; of a PDF nothing can be said. Throws Refused. */
export async function checkFile(file, words) {
  const body = new FormData();
  body.append("file", file);
  const report = await ask({ method: "POST", body });
  if (report) return { report, isOffline: false };
  if (!file.type.startsWith("image/")) return { report: judgeUnread({ now: new Date(), reasons: words.reasons }), isOffline: true };
  const text = await readQrOfFile(file).catch(() => null);
  return { report: await judgeHere(text, words), isOffline: true };
}

/** The service's report; null where it is out of reach. */
async function ask(init) {
  let answer;
  try {
    answer = await fetch(VERIFY, { ...init, headers: { ...init.headers, Accept: "application/json" } });
  } catch {
    return null;
  }
  const isOurs = /\bjson\b/.test(answer.headers.get("Content-Type")); // a network's log-in page is not
  if (!isOurs || OUT_OF_REACH.has(answer.status)) return null;
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said);
  return said;
}

async function judgeHere(text, { reasons }) {
  const now = new Date();
  if (text === null) return judgeBlank({ now, reasons });
  const kept = await findKept().catch(() => null); // what can no longer be read is as good as nothing
  return judgeText(text, { kept, now, reasons });
}
