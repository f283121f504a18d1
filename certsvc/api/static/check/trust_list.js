// The list of whom to trust, `/.well-known/certsvc.json`. It comes over HTTPS from our own origin, and that is what makes it trusted;
// that one of its keys signed it shows that it is whole.

import { NotTrusted, openJws } from "./jose.js";

/** The trust list in a body as the service hands it out: what was signed, not what stands around it. Throws NotTrusted. */
export async function readTrustList(body) {
  const around = JSON.parse(body);
  const { header, payload } = await openJws(around.signed, claimKeys(around));
  if (header.typ !== "certsvc-trust+jwt") throw new NotTrusted("another document");
  const document = JSON.parse(new TextDecoder().decode(payload));
  if (document.version !== 1 || document.status_lists.bits !== 2) throw new NotTrusted("another version");
  return {
    service: document.service,
    issuedAt: new Date(document.issued_at),
    keys: claimKeys(document),
    facilities: Object.assign({}, ...document.issuers.map((issuer) => issuer.facilities)),
    listAddress: document.status_lists.address,
    lists: document.status_lists.lists,
  };
}

function claimKeys(document) {
  return document.issuers
    .flatMap((issuer) => issuer.claim_keys)
    .map((jwk) => ({ ...jwk, validFrom: new Date(jwk.valid_from), validTo: new Date(jwk.valid_to) }));
}
