/** Steering: a render that runs goes on with the text as it is typed, from its next frame on. */

import { type Api, sentence } from "../api/client";
import type { Job } from "../api/types";
import type { State } from "../store/state";
import type { Store } from "../store/store";
import type { Studio } from "../store/studio";

const CALM = 300; // milliseconds after the last key

/** While `live` is on, gives each text without errors to the render of its schedule that runs. */
export function keepLive(store: Store<State>, api: Api, announce: Studio["announce"]): void {
  let timer = 0;
  store.on(["revision", "checked", "live", "jobs"], (state) => {
    const job = renderOf(state);
    if (!state.live || job === undefined || state.given[job.id] === state.text) return;
    clearTimeout(timer);
    if (state.checked && isRight(state)) timer = window.setTimeout(() => void giveText(store, api, announce), CALM);
  });
}

/** Gives the text in the page to the render that runs. */
export async function giveText(store: Store<State>, api: Api, announce: Studio["announce"]): Promise<void> {
  const state = store.get();
  const job = renderOf(state);
  if (job === undefined || !isRight(state)) return;
  const given = { ...state.given, [job.id]: state.text };
  store.set({ given }); // now, so that it is not sent twice
  try {
    await api.changeRender(job.id, state.text);
  } catch (error) {
    announce(`The render keeps its text: ${sentence(error)}`, "error");
  }
}

/** The render of the open schedule that waits or runs. */
export function renderOf({ jobs, path }: Pick<State, "jobs" | "path">): Job | undefined {
  return jobs.find((job) => job.kind === "render" && job.path === path && isOpen(job));
}

export function isOpen(job: Job): boolean {
  return job.state === "running" || job.state === "waiting";
}

function isRight({ problems }: Pick<State, "problems">): boolean {
  return problems.every((problem) => problem.severity !== "error");
}
