// What is kept for when there is no network: the trust list and its status lists, as one piece, with the time they were fetched.

import { NotTrusted } from "./jose.js";
import { readStatusList } from "./status_list.js";
import { readTrustList } from "./trust_list.js";

const STORE = "certsvc-kept";
const PLACE = "/check/kept";
const TRUST_LIST = "/.well-known/certsvc.json";
const STATUS_LIST_TYPE = "application/statuslist+jwt";

/** Fetch everything anew and keep it, if all of it is good; the older one stays if it is not. Throws where there is no network. */
export async function refreshKept() {
  const raw = { trustList: await fetchText(TRUST_LIST, "application/json"), lists: {}, fetchedAt: new Date().toISOString() };
  const trusted = await readTrustList(raw.trustList);
  const [own] = trusted.issuers; // the others' lists are on other hosts, where this page may not ask
  for (const number of own.lists) raw.lists[own.listAddress(number)] = await fetchText(`/status/${number}`, STATUS_LIST_TYPE);
  const kept = await openKept(raw);
  const store = await caches.open(STORE);
  await store.put(PLACE, new Response(JSON.stringify(raw)));
  return kept;
}

/** What the last refresh kept: `trusted`, `lists` by address, `fetchedAt`; null before the first one. Signatures are checked anew. */
export async function findKept() {
  if (!("caches" in globalThis)) return null; // not over HTTPS
  const answer = await (await caches.open(STORE)).match(PLACE);
  return answer ? openKept(await answer.json()) : null;
}

/** What a refresh fetched, read and with its signatures checked. Throws NotTrusted. */
export async function openKept({ trustList, lists, fetchedAt }) {
  const trusted = await readTrustList(trustList);
  const read = Object.entries(lists).map(async ([address, jwt]) => [address, await readStatusList(jwt, address, issuerOf(address, trusted))]);
  return { trusted, lists: Object.fromEntries(await Promise.all(read)), fetchedAt: new Date(fetchedAt) };
}

function issuerOf(address, trusted) {
  const issuer = trusted.issuers.find(({ lists, listAddress }) => lists.some((number) => listAddress(number) === address));
  if (!issuer) throw new NotTrusted("a list of nobody");
  return issuer;
}

async function fetchText(address, type) {
  const answer = await fetch(address, { headers: { Accept: type } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.text();
}
