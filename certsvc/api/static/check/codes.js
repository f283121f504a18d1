// Codes, tokens and the addresses in QR codes, as people type, paste and scan them: what the service's own `codes` says.

const SEPARATORS = /[\s\-_.\u00ad\u200b\u2010-\u2015\u2212]+/gu;
const CODE = /^(?:[0-9A-HJKMNP-TV-Z]{16}|[0-9A-HJKMNP-TV-Z]{26})$/;
const CODE_IN_ADDRESS = /\/v(?:\/#?|#\/?)([^/?#&\s]+)/i;
// One strict form, for a browser takes "\\" for "/" and drops line breaks; what messengers add at the end says nothing.
const ADDRESS = /^https?:\/\/([a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?\/v\/([0-9a-z-]+)(?:\/([0-9a-z]+))?\/?(?:[?#][!-[\]-~]*)?$/i;
const ANY_ADDRESS = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]{2,}([^/\\?#]+)/i;
const LONGEST_HOST = 100;

/** A look-up code or token as it is compared: upper case, without separators, O as 0, I and L as 1. */
export function plainCode(text) {
  return text.normalize("NFKC").replace(SEPARATORS, "").toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1");
}

/** Whether a text is a code or token, or an address with one, on whatever host. */
export function hasCode(text) {
  const plain = text.normalize("NFKC").trim();
  return CODE.test(plainCode(plain.match(CODE_IN_ADDRESS)?.[1] ?? plain));
}

/** Token and claims in the text of a QR that leads to the page on a host, in any case; null where it leads elsewhere. The port may have changed since. */
export function findAddress(text, host) {
  const [, name, port = "0", token, claims = ""] = text.trim().match(ADDRESS) ?? [];
  const isOurs = token && Number(port) <= 65535 && plainHost(name) === plainHost(host);
  return isOurs ? { token: token.toUpperCase(), claims: claims.toUpperCase() } : null;
}

/** The host that a browser would go to; null for what is no address. Nothing in it turns the letters around it. */
export function hostIn(text) {
  const authority = text.replace(/\s+/g, "").match(ANY_ADDRESS)?.[1];
  return authority ? plainHost(authority.replace(/^.*@/s, "").replace(/:[0-9]*$/, "")).slice(0, LONGEST_HOST) : null;
}

function plainHost(name) {
  return name.replace(/[\p{C}\p{Z}]/gu, "").toLowerCase().replace(/\.+$/, "");
}
