/** What the server tells by itself: how jobs go, and which files changed. */

import type { Arrived, Look, State } from "../store/state";
import type { Store } from "../store/store";
import type { Api } from "./client";
import type { Job } from "./types";

const PAUSE = 120; // milliseconds; what arrives within is shown at once
const RETRY = 3000; // milliseconds; a stream that the server has refused is asked for again
const MOST = 2000; // frames that are remembered of a job

export function followEvents(store: Store<State>, api: Api, fileChanged: (path: string) => void): void {
  const waiting = new Map<string, Job>();
  const show = (): void => {
    take(store, [...waiting.values()]);
    waiting.clear();
  };
  const listen = (): void => {
    const source = new EventSource("/api/events");
    source.addEventListener("open", () => {
      store.set({ connected: true });
      void api.jobs().then((jobs) => take(store, jobs));
    });
    source.addEventListener("error", () => {
      store.set({ connected: false });
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY);
    });
    source.addEventListener("job", (event) => {
      const job = JSON.parse(event.data as string) as Job;
      if (waiting.size === 0) setTimeout(show, PAUSE);
      waiting.set(job.id, job);
    });
    source.addEventListener("file", ({ data }) => fileChanged((JSON.parse(data as string) as { path: string }).path));
  };
  listen();
}

/** Takes in jobs as they are now: known ones are replaced, new ones come first. */
function take(store: Store<State>, found: readonly Job[]): void {
  const { jobs, arrived, looks } = store.get();
  const byId = new Map(found.map((job) => [job.id, job]));
  const known = jobs.map((job) => byId.get(job.id) ?? job);
  const fresh = found.filter((job) => !jobs.some((each) => each.id === job.id));
  const grown = { ...arrived };
  for (const job of found) grown[job.id] = withFrame(arrived[job.id] ?? [], job);
  const seen = looks.map((look) => withPicture(look, byId.get(look.id)));
  store.set({ jobs: [...fresh.reverse(), ...known], arrived: grown, looks: seen });
}

function withFrame(frames: readonly Arrived[], { frame, similarity, picture }: Job): readonly Arrived[] {
  if (frame === null || picture === "" || frames.at(-1)?.picture === picture) return frames;
  return [...frames.slice(1 - MOST), { frame, similarity, picture }];
}

function withPicture(look: Look, job: Job | undefined): Look {
  if (job === undefined || job.picture === "") return look;
  return { ...look, picture: `${job.picture}?${job.done}` };
}
