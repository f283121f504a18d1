// The check without a network: a QR's claims against what an earlier visit kept. It can say less than the register,
// and says how old its knowledge is. Answers are Reports of the HTTP contract.

import { findClaims } from "./claims.js";
import { findAddress, hasCode, hostIn } from "./codes.js";
import { printedInstant } from "./days.js";
import { stateOf } from "./status_list.js";

const HOUR_MS = 3600 * 1000;
const TOLD_AFTER_MS = 24 * HOUR_MS;
const TOO_OLD_AFTER_MS = 7 * 24 * HOUR_MS;
const CLOCKS_DIFFER_MS = 5 * 60 * 1000;
const BY_STATE = [
  ["valid", "genuine"],
  ["revoked", "withdrawn"],
  ["suspended", "withdrawn"],
  ["replaced", "withdrawn"],
];

/**
 * The report on a QR's text or a code. `kept` holds `trusted` and `lists` by address, or is null; `reasons` are all reasons by code.
 */
export async function judgeText(text, { kept, now, reasons }) {
  const report = reporter({ now, reasons });
  const [host, isCode] = [hostIn(text), hasCode(text)];
  if (host === null && !isCode) return report("unknown", "malformed_code", []);
  if (!kept || !/[/\\]/.test(text)) return report("cannot_check", "register_unreachable", []);
  for (const issuer of kept.trusted.issuers) {
    const address = findAddress(text, issuer.host);
    if (address && !address.claims) return report("cannot_check", issuer.isOwn ? "register_unreachable" : "other_issuer", []);
    const claims = address && (await findClaims(address.claims, issuer.keys));
    if (claims && (issuer.isOwn || Object.hasOwn(issuer.facilities, claims.facilityCode))) return judgeClaims(claims, issuer, { kept, now, report });
  }
  const own = kept.trusted.issuers.find(({ isOwn }) => isOwn);
  if (isCode || text.toLowerCase().includes(own.host)) return report("invalid", "forged_qr", [{ name: "claims", outcome: "failed", detail: "Nội dung mã QR không do hệ thống ký." }]);
  const elsewhere = { name: "register", outcome: "not_done", detail: `Mã QR dẫn tới “${host}”, không phải hệ thống này.` };
  return report("unknown", "leads_elsewhere", [], { checks: [elsewhere] });
}

/** The report on a picture in which no QR was found. */
export function judgeBlank({ now, reasons }) {
  return reporter({ now, reasons })("unknown", "no_qr_found", []);
}

/** The report on a file that nothing here can read, as a PDF: no step of a check was done. */
export function judgeUnread({ now, reasons }) {
  return reporter({ now, reasons })("cannot_check", "offline_file", []);
}

function reporter({ now, reasons }) {
  return (verdict, reason, checks, more = {}) => ({
    verdict,
    reasons: [reasons[reason]],
    checked_at: isoInstant(now),
    as_of: isoInstant(now),
    checks: [{ name: "register", outcome: "not_done", detail: "Kiểm tra khi không có mạng." }, ...checks],
    certificate: null,
    signatures: [],
    ...more,
  });
}

function judgeClaims(claims, issuer, { kept, now, report }) {
  const checks = [{ name: "claims", outcome: "passed", detail: `Nội dung mã QR do ${issuer.isOwn ? "hệ thống" : issuer.name} ký.` }];
  const list = kept.lists[issuer.listAddress(claims.statusList)];
  if (!list && !issuer.isOwn) {
    checks.push({ name: "status", outcome: "not_done", detail: "Chưa có danh sách trạng thái của nơi cấp." });
    return report("cannot_check", "other_issuer", checks);
  }
  const state = list ? stateOf(list, claims.statusIndex) : null;
  if (state === null || !isFresh(list.madeAt, now) || !isFresh(kept.trusted.issuedAt, now)) {
    checks.push({ name: "status", outcome: "not_done", detail: "Chưa có danh sách trạng thái đủ mới." });
    return report("cannot_check", "list_too_old", checks);
  }
  checks.push({ name: "status", outcome: "passed", detail: ageOf(list, now) });
  const [verdict, reason] = BY_STATE[state];
  const certificate = {
    kind: claims.kind,
    serial_tail: claims.serialTail,
    facility: issuer.facilities[claims.facilityCode] ?? claims.facilityCode,
    dated_on: claims.datedOn,
    signed_on: claims.signedOn,
    signed_at: null,
    initials: null,
  };
  return report(verdict, reason, checks, { certificate, as_of: isoInstant(list.madeAt) });
}

/** Young enough to decide by; of no time to come, for then this clock or that one is wrong. */
function isFresh(madeAt, now) {
  const age = now - madeAt;
  return -CLOCKS_DIFFER_MS <= age && age <= TOO_OLD_AFTER_MS;
}

/** Whether people must be told that this knowledge is more than a day old. */
export function isOld(madeAt, now) {
  return now - madeAt > TOLD_AFTER_MS;
}

function ageOf(list, now) {
  const made = `Theo danh sách trạng thái lúc ${printedInstant(list.madeAt)} (giờ Việt Nam)`;
  return isOld(list.madeAt, now) ? `${made}; dữ liệu đã cũ hơn một ngày.` : `${made}.`;
}

function isoInstant(instant) {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
