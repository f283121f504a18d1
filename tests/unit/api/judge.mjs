// Judges with the check page's own modules what a test asks on standard input, and answers on standard output.

import { isMatch, plainName } from "../../../certsvc/api/static/check/commitment.js";
import { decodeBase32 } from "../../../certsvc/api/static/check/base32.js";
import { typedDay } from "../../../certsvc/api/static/check/days.js";
import { judgeText } from "../../../certsvc/api/static/check/judging.js";
import { openKept } from "../../../certsvc/api/static/check/kept.js";
import { readFileSync } from "node:fs";

const WORK = {
  judge: async ({ text, kept, now, reasons }) => judgeText(text, { kept: kept && (await openKept(kept)), now: new Date(now), reasons }),
  match: async ({ token, commitment, printed }) => isMatch({ token, commitment: Uint8Array.from(commitment) }, printed),
  plainName: async ({ name }) => plainName(name),
  base32: async ({ text }) => decodeBase32(text) && [...decodeBase32(text)],
  day: async ({ text }) => typedDay(text),
};

const answers = [];
for (const question of JSON.parse(readFileSync(0, "utf-8"))) {
  answers.push(await WORK[question.work](question).catch((fault) => ({ fault: String(fault) })));
}
process.stdout.write(JSON.stringify(answers));
