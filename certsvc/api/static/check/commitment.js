// Whether what is printed on a paper is what its QR was made for. Computed here: nothing that is typed leaves the page.

import { plainCode } from "./codes.js";

/** Whether name and days (`yyyy-mm-dd`) belong to these claims, under the printed code and the QR's token. */
export async function isMatch({ commitment, token }, { code, name, firstDay, lastDay }) {
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(plainCode(code) + token), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const message = [plainName(name), firstDay, lastDay].join("\n");
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes.encode(message)));
  return commitment.every((byte, at) => byte === digest[at]);
}

/** A name as it is compared: upper case, without marks, Đ as D, words parted by one space. */
export function plainName(name) {
  return name.toUpperCase().replaceAll("Đ", "D").normalize("NFD").replace(/\p{Mn}/gu, "").replace(/\s+/gu, " ").trim();
}
