// The little of CBOR that claims are made of [RFC 8949], read strictly: definite lengths, shortest heads, nothing behind.
//
// Maps become arrays of `[label, value]`, so that order and number of entries can be seen: what this reads has one encoding only.

const ONE_BYTE_HEADS = 24;
const MAX_DEPTH = 4;

export class BadCbor extends Error {}

/** A tagged value: `tag` and `value`. */
export class Tagged {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

class Entries extends Array {}

/** The one value that these bytes encode. Throws BadCbor. */
export function decodeCbor(bytes) {
  const cursor = { bytes, at: 0 };
  const value = readValue(cursor, 0);
  if (cursor.at !== bytes.length) throw new BadCbor("more behind");
  return value;
}

/** The values of a map with exactly these labels in this order; null for anything else. */
export function valuesOf(map, labels) {
  if (!(map instanceof Entries) || map.length !== labels.length) return null;
  return map.every(([label], at) => label === labels[at]) ? map.map(([, value]) => value) : null;
}

/** A byte string, encoded: for what a signature is made over. */
export function encodeBytes(bytes) {
  const length = bytes.length;
  if (length < ONE_BYTE_HEADS) return [0x40 | length, ...bytes];
  if (length < 0x100) return [0x58, length, ...bytes];
  return [0x59, length >> 8, length & 0xff, ...bytes];
}

function readValue(cursor, depth) {
  if (depth > MAX_DEPTH) throw new BadCbor("too deep");
  const first = take(cursor, 1)[0];
  const major = first >> 5;
  const number = readNumber(cursor, first & 31);
  switch (major) {
    case 0:
      return number;
    case 1:
      return -1 - number;
    case 2:
      return take(cursor, number);
    case 3:
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(take(cursor, number));
    case 4:
      return readMany(cursor, number, () => readValue(cursor, depth + 1), []);
    case 5:
      return readMany(cursor, number, () => [readValue(cursor, depth + 1), readValue(cursor, depth + 1)], new Entries());
    case 6:
      return new Tagged(number, readValue(cursor, depth + 1));
    default:
      throw new BadCbor("neither floats nor simple values");
  }
}

function readMany(cursor, count, read, into) {
  if (count > cursor.bytes.length) throw new BadCbor("too many members");
  for (let each = 0; each < count; each += 1) into.push(read());
  return into;
}

/** The number in a head, in its shortest form only [RFC 8949 §4.2.1]. */
function readNumber(cursor, short) {
  if (short < ONE_BYTE_HEADS) return short;
  const size = { 24: 1, 25: 2, 26: 4, 27: 8 }[short];
  if (size === undefined) throw new BadCbor("indefinite length");
  const number = take(cursor, size).reduce((sum, byte) => sum * 256 + byte, 0);
  const least = size === 1 ? ONE_BYTE_HEADS : 2 ** (size * 4);
  if (number < least || !Number.isSafeInteger(number)) throw new BadCbor("not the shortest head");
  return number;
}

function take(cursor, count) {
  const part = cursor.bytes.subarray(cursor.at, cursor.at + count);
  if (part.length !== count) throw new BadCbor("too short");
  cursor.at += count;
  return part;
}
