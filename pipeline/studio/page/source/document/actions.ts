/** What the user can start from anywhere in the page. */

import { sentence } from "../api/client";
import type { Job, Problem } from "../api/types";
import type { Look } from "../store/state";
import type { Studio } from "../store/studio";

/** Refines the moment under the playhead, and pins it to the timeline. */
export async function lookHere(studio: Studio, draft: boolean): Promise<void> {
  const { path, text, facts, time } = studio.store.get();
  if (path === null || !isReady(studio) || facts === null) return;
  const frame = Math.min(Math.max(Math.round(time * facts.fps), 0), facts.frames - 1);
  try {
    const { id } = await studio.api.look(path, text, frame, draft);
    const { looks, compared } = studio.store.get();
    const number = Math.max(0, ...looks.map((each) => each.number)) + 1;
    const look: Look = { id, number, path, frame, time: frame / facts.fps, draft, text, picture: null };
    studio.store.set({ looks: [look, ...looks], compared: [compared[1] ?? compared[0], id], tab: "looks" });
  } catch (error) {
    studio.announce(`No look: ${sentence(error)}`, "error");
  }
}

/** Renders the text as it is in the page; frames that are there already and still right are kept, unless `fresh`. */
export async function startRender(studio: Studio, draft: boolean, fresh = false): Promise<void> {
  const { path, text, saved, lockstep } = studio.store.get();
  if (path === null || !isReady(studio)) return;
  const edited = text === saved ? null : text;
  try {
    const { id } = await studio.api.render({ path, text: edited, draft, resume: !fresh, lockstep: lockstep ? "auto" : 1 });
    studio.store.set({ tab: "renders", given: { ...studio.store.get().given, [id]: text } });
  } catch (error) {
    studio.announce(`Not rendered: ${sentence(error)}`, "error");
  }
}

export async function stopJob(studio: Studio, id: string): Promise<void> {
  await studio.api.stop(id).catch((error: unknown) => studio.announce(`Not stopped: ${sentence(error)}`, "error"));
}

/** Starts a render that was stopped again, where it stopped. */
export async function goOn(studio: Studio, job: Job): Promise<void> {
  const { path, text, saved, lockstep } = studio.store.get();
  const edited = job.path === path && text !== saved ? text : null;
  await studio.api
    .render({ path: job.path, text: edited, draft: job.draft, resume: true, lockstep: lockstep ? "auto" : 1 })
    .catch((error: unknown) => studio.announce(`Not rendered: ${sentence(error)}`, "error"));
}

/** Puts the text cursor at the next problem after it, or at the first one. */
export function nextProblem(studio: Studio): void {
  const { problems, text, cursor } = studio.store.get();
  const before = text.slice(0, cursor);
  const line = before.split("\n").length;
  const column = cursor - before.lastIndexOf("\n");
  const isAfter = (each: Problem): boolean => each.line > line || (each.line === line && each.column > column);
  const next = problems.find(isAfter) ?? problems[0];
  if (next === undefined) return;
  studio.editor.revealLine(next.line, next.column);
  studio.editor.focus();
}

function isReady(studio: Studio): boolean {
  const count = studio.store.get().problems.filter((problem) => problem.severity === "error").length;
  if (count > 0) studio.announce(`First mend the ${count === 1 ? "problem" : `${count} problems`} in the text.`, "error");
  return count === 0;
}
