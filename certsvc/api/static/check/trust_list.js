// The list of whom to trust, `/.well-known/certsvc.json`. It comes over HTTPS from our own origin, and that is what makes it trusted;
// that one of its keys signed it shows that it is whole.

import { NotTrusted, openJws } from "./jose.js";

const VERSION = 2;
const OWN = "self";

/** The trust list in a body as the service hands it out: what was signed, not what stands around it. Throws NotTrusted. */
export async function readTrustList(body) {
  const around = JSON.parse(body);
  const { header, payload } = await openJws(around.signed, claimKeys(around.issuers[0]));
  if (header.typ !== "certsvc-trust+jwt") throw new NotTrusted("another document");
  const document = JSON.parse(new TextDecoder().decode(payload));
  if (document.version !== VERSION || document.issuers[0].id !== OWN) throw new NotTrusted("another version");
  const issuers = document.issuers.map(readIssuer);
  if (new Set(issuers.map(({ host }) => host)).size !== issuers.length) throw new NotTrusted("two with one host");
  return { issuedAt: new Date(document.issued_at), issuers };
}

/** One who issues certificates: where its QR codes lead, whose keys sign those, and its status lists. The service itself comes first. */
function readIssuer(issuer) {
  if (issuer.status_lists.bits !== 2) throw new NotTrusted("another version");
  return {
    isOwn: issuer.id === OWN,
    name: issuer.name,
    host: new URL(issuer.service).hostname,
    keys: claimKeys(issuer),
    facilities: issuer.facilities,
    listAddress: (number) => issuer.status_lists.address.replace("{list}", number),
    lists: issuer.status_lists.lists,
  };
}

function claimKeys(issuer) {
  return issuer.claim_keys.map((jwk) => ({ ...jwk, validFrom: new Date(jwk.valid_from), validTo: new Date(jwk.valid_to) }));
}
