/** Keeps the looks while the page is loaded again; the server keeps their pictures as long as it runs. */

import type { Look, State } from "../store/state";
import type { Store } from "../store/store";

const KEY = "studio.looks";
const MOST = 60;

export function keepLooks(store: Store<State>): void {
  store.set({ looks: kept() });
  store.on(["looks"], ({ looks }) => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(looks.slice(0, MOST)));
    } catch {
      sessionStorage.removeItem(KEY); // their texts do not fit; the next page starts without looks
    }
  });
}

function kept(): Look[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Look[];
  } catch {
    return [];
  }
}
