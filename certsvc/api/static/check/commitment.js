// Whether what is printed on a paper is what its QR was made for. Computed here: nothing that is typed leaves the page.

/** Whether name, birth (`yyyy-mm-dd` or `yyyy`) and the two days belong to these claims under this token. */
export async function isMatch({ commitment, token }, { name, birth, firstDay, lastDay }) {
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(token), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const message = [plainName(name), birth, firstDay, lastDay].join("\n");
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes.encode(message)));
  return commitment.every((byte, at) => byte === digest[at]);
}

/** A name as it is compared: upper case, without marks, Đ as D, words parted by one space. */
export function plainName(name) {
  return name.toUpperCase().replaceAll("Đ", "D").normalize("NFD").replace(/\p{Mn}/gu, "").replace(/\s+/gu, " ").trim();
}
