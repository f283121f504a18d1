// What makes the page work without a network: its own worker, the kept lists, and telling people how old they are.

import { both, make } from "./building.js";
import { printedInstant } from "./days.js";
import { findKept, refreshKept } from "./kept.js";

const part = (id) => document.getElementById(id);

/** Install the worker, renew what is kept, and show the state now and whenever it changes. */
export async function startOffline(words) {
  const renew = async () => {
    const kept = await refreshKept().catch(() => findKept().catch(() => null));
    showState(kept, words);
  };
  addEventListener("online", renew);
  addEventListener("offline", renew);
  setUpInstalling();
  if ("serviceWorker" in navigator) await navigator.serviceWorker.register("/check/worker.js", { scope: "/check" });
  await renew();
}

function showState(kept, words) {
  const state = kept
    ? make("p", "", `${words.kept_at.vi} `, make("strong", "", printedInstant(kept.fetchedAt)), " ", ...both({ vi: "", en: words.kept_at.en }))
    : make("p", "", ...both(words.nothing_kept));
  part("kept").replaceChildren(state);
  part("no-network").hidden = navigator.onLine;
}

/** The browser's own offer to install, behind a button of ours. */
function setUpInstalling() {
  const button = part("install");
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    button.hidden = false;
    button.onclick = () => event.prompt();
  });
  addEventListener("appinstalled", () => {
    button.hidden = true;
  });
}
