// The check page's service worker. It keeps the page itself, as one piece under its version (SHELL stands above, written by the
// service), and nothing else: no answer on anybody's paper, no upload. What is asked of the service goes to the network.

const STORE = `certsvc-shell-${SHELL.version}`;
const SHELL_FILES = new Set(SHELL.files);

self.addEventListener("install", (event) => event.waitUntil(keepShell()));
self.addEventListener("activate", (event) => event.waitUntil(dropOlder()));
self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname, search } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (SHELL_FILES.has(pathname + search)) event.respondWith(fromShell(pathname + search, event.request));
  else if (mode === "navigate" && pathname === "/check") event.respondWith(fetch(event.request).catch(() => fromShell("/check", event.request)));
});

async function keepShell() {
  const store = await caches.open(STORE);
  await store.addAll(SHELL.files.map((address) => new Request(address, { cache: "reload" })));
  await self.skipWaiting();
}

async function dropOlder() {
  const old = (await caches.keys()).filter((name) => name.startsWith("certsvc-shell-") && name !== STORE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function fromShell(address, request) {
  const store = await caches.open(STORE);
  return (await store.match(address)) ?? fetch(request);
}
