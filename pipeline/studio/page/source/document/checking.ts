/** Keeps problems and timeline up to the text: asks after the last key, and drops answers to a text that is no more. */

import { type Api, ApiError } from "../api/client";
import type { State } from "../store/state";
import type { Store } from "../store/store";

const PAUSE = 60; // milliseconds after the last key

export function keepChecked(store: Store<State>, api: Api): void {
  let timer = 0;
  let asked = new AbortController();
  store.on(["revision", "path"], () => {
    asked.abort();
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      asked = new AbortController();
      void checkNow(store, api, asked.signal);
    }, PAUSE);
  });
}

async function checkNow(store: Store<State>, api: Api, signal: AbortSignal): Promise<void> {
  const { path, text, revision } = store.get();
  if (path === null) return;
  try {
    const { problems, facts } = await api.check(path, text, signal);
    if (store.get().revision !== revision) return;
    store.set({ problems, facts, checked: true, connected: true });
    if (problems.some((problem) => problem.severity === "error")) return;
    const timeline = await api.timeline(path, text, signal);
    if (store.get().revision === revision) store.set({ timeline, timelineRevision: revision });
  } catch (error) {
    if (error instanceof TypeError) store.set({ connected: false });
    else if (!(error instanceof ApiError) && !signal.aborted) throw error;
  }
}
