// Canonical base32 without padding [RFC 4648 §6]: one text for the same bytes, never two.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LENGTHS_OF_NO_BYTES = new Set([1, 3, 6]);

/** The bytes of an upper-case text; null for any other text, also for one whose spare bits are set. */
export function decodeBase32(text) {
  if (LENGTHS_OF_NO_BYTES.has(text.length % 8)) return null;
  const bytes = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return null;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
  }
  const spare = held & ((1 << bits) - 1);
  return spare === 0 ? Uint8Array.from(bytes) : null;
}
