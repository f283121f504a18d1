// The answer as a card: the same band, words and signs as on the service's own answer pages.

import { both, english, icon, make } from "./building.js";
import { printedDay, printedInstant, printedSigning } from "./days.js";
import { isOld } from "./judging.js";

const SIGNS = { passed: "tick", failed: "cross", not_done: "dash" };

/** The band's words, tone and icon: of the first reason if it has some of its own, else of the verdict; of a valid code or QR without its file, that it stands alone. */
export function headlineOf(report, words) {
  const hasPassed = (name) => report.checks.some((check) => check.name === name && check.outcome === "passed");
  if (report.verdict === "valid" && !hasPassed("geometry")) return words.headlines.alone[hasPassed("claims") ? "qr" : "code"];
  return words.headlines.by_reason[report.reasons[0].code] ?? words.headlines.by_verdict[report.verdict];
}

/** Everything about one answer, to be put into the page. `isOffline` says that it was judged here. */
export function makeCard({ report, isOffline }, words) {
  const card = make("div", "card-answer", makeBand(report, isOffline, words));
  if (report.certificate) card.append(makeFacts(report, isOffline, words));
  card.append(makeChecks(report.checks, words));
  if (report.signatures.length > 0) card.append(makeSigners(report.signatures, words));
  return card;
}

function makeBand(report, isOffline, words) {
  const headline = headlineOf(report, words);
  const kind = report.certificate?.kind;
  const title = make("h2", "", make("span", "verdict-title", headline.title.vi), " ", english(headline.title.en));
  const said = make("div", "verdict-words", title, kind ? make("p", "verdict-kind", ...both(words.kinds[kind])) : null);
  const band = make("div", "verdict-band", make("span", "verdict-sign", icon(headline.icon)), said);
  const order = make("div", "verdict-order", icon("arrow"), make("p", "", make("strong", "", headline.order.vi), " ", english(headline.order.en)));
  return make("section", `verdict verdict-${headline.tone}`, band, order, makeWhy(report, isOffline, words));
}

function makeWhy(report, isOffline, words) {
  const why = make("div", "verdict-why");
  if (isOffline) why.append(makeAge(report, words));
  const causes = causesOf(report, words);
  const told = report.reasons.filter((reason) => causes.length === 0 || !words.withdrawn_for[reason.code]);
  for (const reason of told) why.append(make("p", "", reason.message_vi, " ", english(reason.message_en)));
  for (const cause of causes) why.append(make("p", "", `${words.page.cause.vi}: ${cause.vi}. `, english(`${words.page.cause.en}: ${cause.en}.`)));
  for (const [vi, en] of stepsOf(told.length > 0 ? told : report.reasons)) {
    why.append(make("p", "", make("span", "step-mark", `${words.page.step.vi}: `), vi, " ", english(`${words.page.step.en}: ${en}`)));
  }
  const at = `${words.page.checked_at.vi} ${printedInstant(new Date(report.checked_at))} `;
  why.append(make("p", "checked-at", at, english(words.page.checked_at.en)));
  return why;
}

/** How old the knowledge is by which a telephone without a network judged; of a file that it could not read, that it did not. */
function makeAge(report, words) {
  if (report.reasons[0].code === "offline_file") {
    const { vi, en } = words.page.file_unread;
    return make("p", "offline-note", make("strong", "", vi), " ", english(en));
  }
  const [asOf, now] = [new Date(report.as_of), new Date(report.checked_at)];
  const { vi, en } = isOld(asOf, now) ? words.page.judged_by_old : words.page.judged_here;
  const isKnown = report.as_of !== report.checked_at;
  const since = isKnown ? ` ${words.page.data_of.vi} ${printedInstant(asOf)}.` : "";
  return make("p", "offline-note", make("strong", "", vi), since, " ", english(isKnown ? `${en} ${words.page.data_of.en}` : en));
}

/** Why a paper is suspended or replaced, in the few words that fit that state. */
function causesOf(report, words) {
  const isHeld = report.verdict === "suspended" || report.verdict === "replaced";
  return isHeld ? report.reasons.map((reason) => words.withdrawn_for[reason.code]).filter(Boolean) : [];
}

/** What to do, each step once: several reasons may advise the same. */
function stepsOf(reasons) {
  return new Map(reasons.map((reason) => [reason.next_step_vi, reason.next_step_en]));
}

function makeFacts({ certificate, verdict }, isOffline, words) {
  const { about, compare, facts } = words.page;
  const list = make("dl", "facts");
  const add = (name, value, more = "") => list.append(make("div", `fact ${more}`, make("dt", "", ...both(name)), make("dd", "", value)));
  if (!isOffline) add(facts.initials, certificate.initials ?? facts.minor.vi, "fact-big");
  if (certificate.dated_on) add(facts.dated_on, printedDay(certificate.dated_on), "fact-big");
  add(facts.facility, certificate.facility);
  if (certificate.serial_tail) add(facts.serial_tail, `… ${certificate.serial_tail}`);
  if (certificate.signed_on) add(facts.signed_at, printedSigning(certificate));
  if (verdict !== "valid") return make("section", "panel", make("h3", "", ...both(about)), list);
  const how = certificate.dated_on ? words.page.compare_how : words.page.compare_undated;
  return make("section", "panel", make("h3", "", ...both(compare)), make("p", "", ...both(how)), list, makeDatesNote(certificate, words));
}

/** Of a late paper, that it is no worse for it; of a QR that does not tell the paper's date, that the paper may bear an earlier one. */
function makeDatesNote({ dated_on: datedOn, signed_on: signedOn }, { page }) {
  if (datedOn === signedOn) return null;
  return make("p", "dates-note", ...both(datedOn ? page.late : page.undated));
}

function makeChecks(checks, words) {
  const items = checks.map(({ name, outcome, detail }) => {
    const said = make("p", "", make("strong", "", words.outcomes[outcome].vi), " ", english(words.outcomes[outcome].en));
    const about = make("div", "", make("h4", "", ...both(words.checks[name])), said, detail ? make("p", "", detail) : null);
    return make("li", `check check-${outcome}`, make("span", "check-sign", icon(SIGNS[outcome])), about);
  });
  return make("section", "panel", make("h3", "", ...both(words.page.checks)), make("ul", "checks", ...items));
}

function makeSigners(signatures, words) {
  const items = signatures.map(({ slot, signer, organisation, intact, trusted, hierarchy }) => {
    const proof = intact && trusted ? words.page.signer_known : words.page.signer_unknown;
    const sign = make("span", "check-sign", icon(intact && trusted ? "tick" : "cross"));
    const about = make("div", "", make("h4", "", signer || "–"), make("p", "", slot ? words.slots[slot].vi : organisation), make("p", "", ...both(proof)));
    if (hierarchy) about.append(make("p", "", ...both(words.hierarchies[hierarchy] ?? { vi: hierarchy, en: hierarchy })));
    return make("li", `check check-${intact && trusted ? "passed" : "failed"}`, sign, about);
  });
  return make("section", "panel", make("h3", "", ...both(words.page.signers)), make("ul", "checks", ...items));
}
