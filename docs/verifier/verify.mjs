// An independent check of certificates without a network, with nothing but Node.js and docs/verify.md.
//
//   node verify.mjs VECTORS.json          compares every answer with the published vectors
//   node verify.mjs KEPT-FOLDER QR-TEXT   checks a QR against what `certsvc verify` kept in a folder
//
// It shares no code with the service.
import { createHash, createHmac, createPublicKey, verify as verifySignature, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";

const DAY_MS = 24 * 3600 * 1000;
const HANOI_MS = 7 * 3600 * 1000;
const LIST_BYTES = 2 ** 18;
const LAST_DAY = 2 ** 16;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LIST_SIGNING = "2.25.126422320133889027303606424253449234599";
const KINDS = { 1: "sick_leave", 2: "station_certificate" };
const STATES = [["valid", "genuine"], ["revoked", "withdrawn"], ["suspended", "withdrawn"], ["replaced", "withdrawn"]];

// --- the trust list and the status lists ---------------------------------------------------------

export function readTrustList(document, root, now) {
  const { signed, ...rest } = document;
  const [header, payload] = signed.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  const chain = header.x5c.map((der) => new X509Certificate(Buffer.from(der, "base64")));
  if (!chain.at(-1).raw.equals(root)) throw new Error("another root");
  chain.forEach((certificate, at) => {
    const issuer = chain[at + 1] ?? certificate;
    if (!certificate.verify(issuer.publicKey) || (at > 0 && !certificate.ca)) throw new Error("broken chain");
    if (now < new Date(certificate.validFrom) || now > new Date(certificate.validTo)) throw new Error("not valid now");
  });
  if (!chain[0].keyUsage?.includes(LIST_SIGNING)) throw new Error("not for lists"); // extended key usage
  if (!isSigned(signed, chain[0].publicKey) || canonical(payload) !== canonical(rest)) throw new Error("bad signature");
  const hosts = new Set(rest.issuers.map(({ service }) => new URL(service).hostname));
  if (rest.version !== 2 || rest.issuers[0].id !== "self" || hosts.size !== rest.issuers.length) throw new Error("another form");
  return rest;
}

export function readStatusList(token, address, trusted) {
  const [header, payload] = token.split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  const issuer = trusted.issuers.find((each) => each.status_lists.lists.some((number) => listAddress(each, number) === address));
  const key = issuer?.claim_keys.find((each) => each.kid === header.kid);
  if (!key || header.typ !== "statuslist+jwt" || payload.sub !== address || payload.status_list.bits !== 2) throw new Error("another list");
  if (!isSigned(token, publicKey(key))) throw new Error("bad signature");
  const bytes = inflateSync(Buffer.from(payload.status_list.lst, "base64url"), { maxOutputLength: LIST_BYTES });
  return { madeAt: payload.iat * 1000, state: (index) => (index >> 2 < bytes.length ? (bytes[index >> 2] >> ((index & 3) * 2)) & 3 : null) };
}

function isSigned(jws, key) {
  const [header, payload, signature] = jws.split(".");
  const { alg } = JSON.parse(Buffer.from(header, "base64url"));
  const options = { key, dsaEncoding: "ieee-p1363" };
  return alg === "ES256" && verifySignature("sha256", Buffer.from(`${header}.${payload}`), options, Buffer.from(signature, "base64url"));
}

const listAddress = (issuer, number) => issuer.status_lists.address.replace("{list}", number);
const publicKey = ({ kty, crv, x, y }) => createPublicKey({ key: { kty, crv, x, y }, format: "jwk" });
const canonical = (value) => JSON.stringify(value, (_, each) => (each?.constructor === Object ? Object.fromEntries(Object.entries(each).sort()) : each));

// --- the claims in a QR ---------------------------------------------------------------------------

export function readClaims(text, issuer) {
  const raw = fromBase32(text);
  // d2 84 43 a10126 a1 04 48 <kid: 8> 58 <length> <payload> 58 40 <signature: 64>
  if (!raw || raw.length < 90 || raw.subarray(0, 9).toString("hex") !== "d28443a10126a10448") return null;
  const kid = raw.subarray(9, 17).toString("base64url");
  const length = raw[18];
  const payload = raw.subarray(19, 19 + length);
  const isShaped = raw[17] === 0x58 && raw.length === 19 + length + 66 && raw[19 + length] === 0x58 && raw[20 + length] === 0x40;
  const key = issuer.claim_keys.find((each) => each.kid === kid);
  if (!isShaped || !key || kidOf(key) !== kid) return null;
  const toBeSigned = Buffer.concat([bytes(0x84, 0x6a), Buffer.from("Signature1"), bytes(0x43, 0xa1, 0x01, 0x26, 0x40, 0x58, length), payload]);
  if (!verifySignature("sha256", toBeSigned, { key: publicKey(key), dsaEncoding: "ieee-p1363" }, raw.subarray(-64))) return null;
  return readPayload(payload, key);
}

function readPayload(payload, key) {
  const claims = new Reader(payload).certificateClaims();
  if (!claims) return null;
  const midnight = claims.issuedAt * 1000 + HANOI_MS;
  const day = (instant) => new Date(new Date(instant).getTime() + HANOI_MS).toISOString().slice(0, 10);
  const signedOn = new Date(midnight).toISOString().slice(0, 10);
  const isInTime = midnight % DAY_MS === 0 && day(key.valid_from) <= signedOn && signedOn <= day(key.valid_to);
  const isDated = claims.dated !== null;
  const isSane = KINDS[claims.kind] && (claims.commitment ?? claims.former).length === 16 && (!isDated || claims.dated < LAST_DAY);
  const datedOn = isDated && isSane ? new Date(claims.dated * DAY_MS).toISOString().slice(0, 10) : null;
  return isInTime && isSane ? { ...claims, datedOn, signedOn } : null;
}

// Reads just the one form that claims have: {6: uint, -65537: {1: uint, 2: text, 3: text, 4: uint, 5: uint, 7: uint, 8: bytes}},
// and those of papers printed earlier, which have 6: bytes instead of 8, before 7, and the oldest no 7.
class Reader {
  constructor(data) { this.data = data; this.at = 0; this.isGood = true; }

  certificateClaims() {
    this.exactly("a206");
    const issuedAt = this.number();
    this.exactly("3a00010000");
    const isDated = this.data[this.at] === 0xa7;
    this.exactly(isDated ? "a7" : "a6");
    this.exactly("01");
    const kind = this.number();
    this.exactly("02");
    const serialTail = this.string(3).toString("utf8");
    this.exactly("03");
    const facility = this.string(3).toString("utf8");
    this.exactly("04");
    const list = this.number();
    this.exactly("05");
    const index = this.number();
    const isFormer = this.data[this.at] === 0x06;
    const former = isFormer ? this.entry("06").string(2) : null; // nothing is compared with it any more
    this.isGood &&= isFormer || isDated;
    const dated = isDated ? this.entry("07").number() : null;
    const commitment = isFormer ? null : this.entry("08").string(2);
    return this.isGood && this.at === this.data.length ? { issuedAt, kind, serialTail, facility, list, index, commitment, former, dated } : null;
  }

  exactly(hex) {
    const length = hex.length / 2;
    this.isGood &&= this.data.subarray(this.at, this.at + length).toString("hex") === hex;
    this.at += length;
  }

  entry(label) { this.exactly(label); return this; }

  number() { return this.head(0); }

  string(type) {
    const length = this.head(type);
    const value = this.data.subarray(this.at, this.at + length);
    this.isGood &&= value.length === length;
    this.at += length;
    return value;
  }

  // The argument of a head, in its shortest form only [RFC 8949 §4.2.1].
  head(type) {
    const first = this.data[this.at++] ?? 0xff;
    const short = first & 31;
    const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[short] ?? 0;
    if (first >> 5 !== type || (short > 23 && size === 0) || this.at + size > this.data.length) { this.isGood = false; return 0; }
    if (size === 0) return short;
    const value = Number(BigInt(`0x${this.data.subarray(this.at, this.at + size).toString("hex")}`));
    this.at += size;
    const least = { 1: 24, 2: 2 ** 8, 4: 2 ** 16, 8: 2 ** 32 }[size];
    this.isGood &&= value >= least && value < 2 ** 33;
    return value;
  }
}

function fromBase32(text) {
  let bits = 0, held = 0;
  const out = [];
  for (const letter of text) {
    const value = BASE32.indexOf(letter);
    if (value < 0) return null;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) { bits -= 8; out.push((held >> bits) & 255); held &= (1 << bits) - 1; }
  }
  return held === 0 && bits < 5 ? Buffer.from(out) : null; // spare bits are zero, and no letter is idle
}

const bytes = (...values) => Buffer.from(values);
const kidOf = (jwk) => createHash("sha256").update(publicKey(jwk).export({ type: "spki", format: "der" })).digest().subarray(0, 8).toString("base64url");

// --- the answer -------------------------------------------------------------------------------------

export function check(qr, { trusted, lists, now }) {
  const isCode = hasCode(qr), isAddress = ANY_ADDRESS.test(qr.replace(/\s+/g, ""));
  if (!isCode && !isAddress) return answer("unknown", "malformed_code");
  for (const issuer of trusted.issuers) {
    const text = claimsIn(qr, issuer.service);
    if (text === "") return answer("cannot_check", issuer.id === "self" ? "register_unreachable" : "other_issuer");
    const claims = text && readClaims(text, issuer);
    const isTheirs = claims && (issuer.id === "self" || Object.hasOwn(issuer.facilities, claims.facility));
    if (isTheirs) return checkClaims(claims, issuer, { trusted, lists, now });
  }
  const imitates = isCode || qr.toLowerCase().includes(bare(new URL(trusted.service).hostname));
  return imitates ? answer("invalid", "forged_qr") : answer("unknown", "leads_elsewhere");
}

function checkClaims(claims, issuer, { trusted, lists, now }) {
  const list = lists[listAddress(issuer, claims.list)];
  if (!list && issuer.id !== "self") return answer("cannot_check", "other_issuer");
  const state = list?.state(claims.index) ?? null;
  const oldest = now - 7 * DAY_MS;
  if (state === null || list.madeAt < oldest || new Date(trusted.issued_at) < oldest) return answer("cannot_check", "list_too_old");
  const facility = issuer.facilities[claims.facility] ?? claims.facility;
  const days = { dated_on: claims.datedOn, signed_on: claims.signedOn, signed_at: null }; // compare the first with the paper
  const shown = { kind: KINDS[claims.kind], serial_tail: claims.serialTail, facility, ...days, initials: null };
  return answer(...STATES[state], shown);
}

const ADDRESS = /^https?:\/\/([a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?\/v\/([0-9a-z-]+)(?:\/([0-9a-z]+))?\/?(?:[?#][!-[\]-~]*)?$/i;

const ANY_ADDRESS = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,}[^/\\?#]+/i;

// Whether this is a look-up code or a token, bare or behind /v/ in an address.
function hasCode(text) {
  const plain = text.normalize("NFKC").trim();
  const found = plain.match(/\/v(?:\/#?|#\/?)([^/?#&\s]+)/i)?.[1] ?? plain;
  const code = found.replace(/[\s\-_.\u00ad\u200b\u2010-\u2015\u2212]+/gu, "").toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1");
  return /^(?:[0-9A-HJKMNP-TV-Z]{16}|[0-9A-HJKMNP-TV-Z]{26})$/.test(code);
}

function claimsIn(qr, service) {
  if (!/[/\\]/.test(qr)) return "";
  const [, host, port = "0", , claims = ""] = qr.trim().match(ADDRESS) ?? [];
  const isThere = host && Number(port) <= 65535 && bare(host) === bare(new URL(service).hostname);
  return isThere ? claims.toUpperCase() : null;
}

const bare = (host) => host.toLowerCase().replace(/\.+$/, "");

export function commitment({ code, token, full_name, first_day, last_day }) {
  const plain = full_name.toUpperCase().replaceAll("Đ", "D").normalize("NFD").replace(/\p{Mn}/gu, "").trim().split(/\s+/).join(" ");
  return createHmac("sha256", code + token).update([plain, first_day, last_day].join("\n")).digest().subarray(0, 16).toString("hex");
}

const answer = (verdict, reason, certificate = null) => ({ verdict, reason, certificate });

// --- the command ------------------------------------------------------------------------------------

function compare(path) {
  const vectors = JSON.parse(readFileSync(path));
  let failed = 0;
  const expect = (about, found, wanted) => {
    const isSame = canonical(found) === canonical(wanted);
    failed += isSame ? 0 : 1;
    console.log(`${isSame ? "ok    " : "FAILED"} ${about}`);
  };
  const trusted = readTrustList(vectors.trust_list, Buffer.from(vectors.root, "base64"), new Date(vectors.now));
  const lists = Object.fromEntries(Object.entries(vectors.status_lists).map(([address, { jwt }]) => [address, readStatusList(jwt, address, trusted)]));
  for (const { about, qr, now, verdict, reason, certificate } of vectors.checks) {
    expect(about, check(qr, { trusted, lists, now: new Date(now) }), { verdict, reason, certificate });
  }
  vectors.commitments.forEach((each) => expect(`commitment: ${each.full_name}`, commitment(each), each.commitment));
  const count = vectors.checks.length + vectors.commitments.length;
  console.log(`${count - failed} passed, ${failed} failed`);
  return failed === 0;
}

function checkKept(folder, qr) {
  const now = new Date();
  const trusted = readTrustList(JSON.parse(readFileSync(join(folder, "trust.json"))), readFileSync(join(folder, "root.der")), now);
  const file = (issuer, number) => join(folder, issuer.id === "self" ? `status-${number}.jwt` : `status-${issuer.id}-${number}.jwt`);
  const places = trusted.issuers.flatMap((issuer) => issuer.status_lists.lists.map((number) => [listAddress(issuer, number), file(issuer, number)]));
  const kept = places.filter(([, path]) => existsSync(path));
  const lists = Object.fromEntries(kept.map(([address, path]) => [address, readStatusList(readFileSync(path, "utf8"), address, trusted)]));
  const found = check(qr, { trusted, lists, now });
  console.log(JSON.stringify(found, null, 1));
  return found.verdict === "valid";
}

const [first, second] = process.argv.slice(2);
process.exitCode = (second === undefined ? compare(first) : checkKept(first, second)) ? 0 : 1;
