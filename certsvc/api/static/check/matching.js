// The small form below a good QR: does what is printed on the paper belong to it? Nothing typed is sent.

import { both, icon, make } from "./building.js";
import { findClaims } from "./claims.js";
import { findAddress } from "./codes.js";
import { isMatch } from "./commitment.js";
import { typedDay } from "./days.js";
import { findKept } from "./kept.js";

/** The form for the claims in a QR's text; null where they cannot be compared here. */
export async function makeMatching(text, words) {
  const kept = await findKept().catch(() => null);
  const issuer = kept?.trusted.issuers.find(({ host }) => findAddress(text, host));
  const address = issuer && findAddress(text, issuer.host);
  const claims = address && (await findClaims(address.claims, issuer.keys));
  return claims?.commitment ? makeForm({ token: address.token, commitment: claims.commitment }, words) : null;
}

function makeForm(sealed, words) {
  const section = document.getElementById("matching").content.cloneNode(true).firstElementChild;
  const [form, answer] = [section.querySelector("form"), section.querySelector("output")];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const printed = printedIn(new FormData(form));
    const outcome = printed ? ((await isMatch(sealed, printed)) ? "match" : "no_match") : "no_date";
    const sign = { match: "tick", no_match: "cross", no_date: "question" }[outcome];
    answer.className = `match-answer match-${outcome}`;
    answer.replaceChildren(icon(sign), make("span", "", ...both(words.page[outcome])));
  });
  return section;
}

/** What was typed, as the commitment has it; null where a date is none. */
function printedIn(fields) {
  const [firstDay, lastDay] = ["first_day", "last_day"].map((name) => typedDay(fields.get(name)));
  const isWhole = firstDay?.length === 10 && lastDay?.length === 10;
  return isWhole ? { code: fields.get("code"), name: fields.get("name"), firstDay, lastDay } : null;
}
