// Calendar days are those of Hanoi, whatever the telephone's own time zone is.

const HANOI_MS = 7 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;

/** The day in Hanoi of an instant, `yyyy-mm-dd`. */
export function dayInHanoi(instant) {
  return new Date(instant.getTime() + HANOI_MS).toISOString().slice(0, 10);
}

export function isMidnightInHanoi(seconds) {
  return (seconds * 1000 + HANOI_MS) % DAY_MS === 0;
}

/** The day that comes so many days after the first of 1970. */
export function dayFrom1970(days) {
  return new Date(days * DAY_MS).toISOString().slice(0, 10);
}

/** `2026-08-19` as people read it: `19/08/2026`. */
export function printedDay(day) {
  return day.split("-").reverse().join("/");
}

/** An instant as people in Hanoi read it: `14:05 19/08/2026`. */
export function printedInstant(instant) {
  const local = new Date(instant.getTime() + HANOI_MS).toISOString();
  return `${local.slice(11, 16)} ${printedDay(local.slice(0, 10))}`;
}

/** When a certificate was signed: `19/08/2026 14:05` in Hanoi, or the day alone where no more is known; null where nothing is signed. */
export function printedSigning({ signed_at: signedAt, signed_on: signedOn }) {
  if (!signedAt) return signedOn ? printedDay(signedOn) : null;
  const local = new Date(new Date(signedAt).getTime() + HANOI_MS).toISOString();
  return `${printedDay(local.slice(0, 10))} ${local.slice(11, 16)}`;
}

/** What somebody typed for a day (`5/9/1988`, `05091988`, `1988-09-05`) as `yyyy-mm-dd`; a year alone stays; null for what is no day. */
export function typedDay(text) {
  const plain = text.trim();
  if (/^\d{4}$/.test(plain)) return plain;
  const [, year, month, day] = plain.match(/^(\d{4})-(\d{1,2})-(\d{1,2})$/) ?? [];
  if (year) return realDay(year, month, day);
  const turned = plain.match(/^(\d{1,2})[\s./-](\d{1,2})[\s./-](\d{4})$/) ?? plain.match(/^(\d{2})(\d{2})(\d{4})$/);
  return turned ? realDay(turned[3], turned[2], turned[1]) : null;
}

function realDay(year, month, day) {
  const text = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const moment = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text) ? text : null;
}
