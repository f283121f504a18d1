// Keys and signatures as JSON has them: JWK [RFC 7517] and the compact JWS [RFC 7515], with ES256 alone.

const ES256 = { name: "ECDSA", hash: "SHA-256" };
const P256 = { name: "ECDSA", namedCurve: "P-256" };

/** What is signed by nobody we know, or is not in the form that we write. */
export class NotTrusted extends Error {}

/** Whether a P-256 key, given as a JWK, signed these bytes; the signature is r and s behind one another. */
export async function isSignedBy(jwk, signature, bytes) {
  const { kty, crv, x, y } = jwk;
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, P256, false, ["verify"]);
  return crypto.subtle.verify(ES256, key, signature, bytes);
}

/** Header, payload (bytes) and key of a compact JWS that one of the keys signed. Throws NotTrusted. */
export async function openJws(text, keys) {
  const [header, payload, signature, ...more] = text.split(".");
  if (signature === undefined || more.length > 0) throw new NotTrusted("no compact JWS");
  const said = JSON.parse(new TextDecoder().decode(decodeBase64url(header)));
  const key = keys.find((each) => each.kid === said.kid);
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  if (said.alg !== "ES256" || !key || !(await isSignedBy(key, decodeBase64url(signature), signed))) throw new NotTrusted("signed by no known key");
  return { header: said, payload: decodeBase64url(payload), key };
}

export function decodeBase64url(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

export function encodeBase64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
