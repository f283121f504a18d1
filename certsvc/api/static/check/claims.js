// The claims in a QR's address: text → claims that one of the service's keys signed, or null.
//
// Strict, for a second way of writing the same claims would be a second QR. Nothing of a stranger's is decoded
// before its signature is good, but the frame that holds it.

import { decodeBase32 } from "./base32.js";
import { decodeCbor, encodeBytes, Tagged, valuesOf } from "./cbor.js";
import { dayFrom1970, dayInHanoi, isMidnightInHanoi } from "./days.js";
import { encodeBase64url, isSignedBy } from "./jose.js";

const MAX_TEXT = 340;
const COSE_SIGN1 = 18; // RFC 9052 clause 4.2
const PROTECTED = [0xa1, 0x01, 0x26]; // {1: -7}, ES256
const [KEY_ID, ISSUED_AT, CERTIFICATE] = [4, 6, -65537];
const [SHARED, FORMER_COMMITMENT, DATED, COMMITMENT] = [[1, 2, 3, 4, 5], 6, 7, 8];
const FORMS = [
  [...SHARED, DATED, COMMITMENT],
  [...SHARED, FORMER_COMMITMENT, DATED], // of papers printed before the commitment was keyed by the code
  [...SHARED, FORMER_COMMITMENT], // and of those before claims held the paper's date
];
const LAST_DAY = 2 ** 16; // days are counted from 1970 on
const LIMIT = 2 ** 33;
const KINDS = { 1: "sick_leave", 2: "station_certificate" };

/** The claims in the last part of a QR's address, by the keys of a trust list; null for whatever none of them signed in its time. */
export async function findClaims(text, keys) {
  const message = openMessage(text);
  const key = message && keys.find((each) => each.kid === encodeBase64url(message.kid));
  if (!key || !(await isSignedBy(key, message.signature, toBeSigned(message.payload)))) return null;
  const claims = readClaims(message.payload);
  const isInTime = claims && dayInHanoi(key.validFrom) <= claims.signedOn && claims.signedOn <= dayInHanoi(key.validTo);
  return isInTime ? claims : null;
}

function openMessage(text) {
  const raw = text.length <= MAX_TEXT ? decodeBase32(text) : null;
  const tagged = raw && decoded(raw);
  if (!(tagged instanceof Tagged) || tagged.tag !== COSE_SIGN1 || !Array.isArray(tagged.value) || tagged.value.length !== 4) return null;
  const [protected_, unprotected, payload, signature] = tagged.value;
  const [kid] = valuesOf(unprotected, [KEY_ID]) ?? [];
  const isOurs = isBytes(protected_) && PROTECTED.join() === protected_.join() && isBytes(kid, 8) && isBytes(payload) && isBytes(signature, 64);
  return isOurs ? { kid, payload, signature } : null;
}

/** The Sig_structure [RFC 9052 §4.4]: `["Signature1", protected, external, payload]`. */
function toBeSigned(payload) {
  const context = new TextEncoder().encode("Signature1");
  return Uint8Array.from([0x84, 0x60 | context.length, ...context, ...encodeBytes(PROTECTED), ...encodeBytes([]), ...encodeBytes(payload)]);
}

function readClaims(payload) {
  const [issuedAt, certificate] = valuesOf(decoded(payload), [ISSUED_AT, CERTIFICATE]) ?? [];
  const form = FORMS.find((labels) => valuesOf(certificate, labels)) ?? [];
  const entries = Object.fromEntries((valuesOf(certificate, form) ?? []).map((value, at) => [form[at], value]));
  const [kind, serialTail, facilityCode, statusList, statusIndex] = SHARED.map((label) => entries[label]);
  const { [DATED]: dated, [FORMER_COMMITMENT]: former, [COMMITMENT]: commitment = null } = entries;
  const isSane =
    [issuedAt, statusList, statusIndex].every((each) => Number.isInteger(each) && each >= 0 && each < LIMIT) &&
    isMidnightInHanoi(issuedAt) &&
    Object.hasOwn(KINDS, kind) &&
    [serialTail, facilityCode].every((each) => typeof each === "string") &&
    isBytes(commitment ?? former, 16) &&
    (dated === undefined || (Number.isInteger(dated) && dated >= 0 && dated < LAST_DAY));
  if (!isSane) return null;
  const datedOn = dated === undefined ? null : dayFrom1970(dated);
  return { kind: KINDS[kind], serialTail, facilityCode, datedOn, signedOn: dayInHanoi(new Date(issuedAt * 1000)), statusList, statusIndex, commitment };
}

function decoded(bytes) {
  try {
    return decodeCbor(bytes);
  } catch {
    return null; // a bad document is an answer
  }
}

function isBytes(value, length) {
  return value instanceof Uint8Array && (length === undefined || value.length === length);
}
