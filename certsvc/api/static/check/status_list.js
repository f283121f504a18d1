// One Token Status List (draft-ietf-oauth-status-list) in a JWT: two bits a certificate, least significant first.

import { decodeBase64url, NotTrusted, openJws } from "./jose.js";

const BITS = 2;
const MAX_BYTES = 2 ** 20 / 4;

/** The list in a JWT as an issuer hands it out at an address: when it was made, and its states. Throws NotTrusted. */
export async function readStatusList(jwt, address, issuer) {
  const { header, payload, key } = await openJws(jwt, issuer.keys);
  const { sub, iat, status_list: list } = JSON.parse(new TextDecoder().decode(payload));
  const madeAt = new Date(iat * 1000);
  const isThisList = header.typ === "statuslist+jwt" && sub === address && list.bits === BITS;
  if (!isThisList || !(key.validFrom <= madeAt && madeAt <= key.validTo)) throw new NotTrusted("another list");
  return { madeAt, packed: await inflate(decodeBase64url(list.lst)) };
}

/** 0 in force, 1 revoked, 2 suspended, 3 replaced; null where the list has no such place. */
export function stateOf(list, index) {
  const byte = list.packed[Math.floor(index / 4)];
  return byte === undefined ? null : (byte >> ((index % 4) * BITS)) & 3;
}

/** At most one list's bytes, whatever the compressed ones promise. */
async function inflate(packed) {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const whole = new Uint8Array(MAX_BYTES);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return whole.slice(0, length);
    if (length + value.length > MAX_BYTES) {
      await reader.cancel();
      throw new NotTrusted("too long a list");
    }
    whole.set(value, length);
    length += value.length;
  }
}
