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

const CALM = 400; // milliseconds after the last key, for what may take longer

/** Keeps up to the text from which frame on a render of it has to be made again. */
export function keepStale(store: Store<State>, api: Api): void {
  let timer = 0;
  let asked = new AbortController();
  const ask = async (signal: AbortSignal): Promise<void> => {
    const { path, text, problems, revision } = store.get();
    if (path === null || problems.some((problem) => problem.severity === "error")) return;
    const draft = store.get().jobs.find((job) => job.kind === "render" && job.path === path)?.draft ?? false;
    const stale = await api.stale(path, text, draft, signal).catch(() => null);
    if (store.get().revision === revision) store.set({ stale });
  };
  let [states, last] = ["", -1];
  store.on(["revision", "path", "jobs"], ({ jobs, revision }) => {
    const now = jobs.map((job) => job.state).join();
    if (now === states && revision === last) return; // only a frame of a render
    [states, last] = [now, revision];
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      asked.abort();
      asked = new AbortController();
      void ask(asked.signal);
    }, CALM);
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
