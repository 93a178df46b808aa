/** The server's API, one method per route that the page uses. */

import type { Edit, Timeline, Waveform } from "../timeline/model/types";
import type {
  About,
  Change,
  Checked,
  Completion,
  Hover,
  Job,
  Output,
  Problem,
  Rendering,
  Schedule,
  ScheduleEntry,
  Stale,
} from "./types";

/** What the server refused: its sentence, the HTTP status, and the problems of the text if that was the reason. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly problems: readonly Problem[],
  ) {
    super(message);
  }
}

type Body = Record<string, unknown>;

export class Api {
  about = (): Promise<About> => get("/api/studio");
  schedules = (): Promise<ScheduleEntry[]> => get("/api/schedules");
  schedule = (path: string): Promise<Schedule> => get(`/api/schedules/${address(path)}`);
  save = (path: string, text: string, version: string | null): Promise<{ version: string }> =>
    send("PUT", `/api/schedules/${address(path)}`, { text, version });

  check = (path: string, text: string, signal?: AbortSignal): Promise<Checked> =>
    send("POST", "/api/check", { path, text }, signal);
  timeline = (path: string, text: string, signal?: AbortSignal): Promise<Timeline> =>
    send("POST", "/api/timeline", { path, text }, signal);
  complete = (path: string, text: string, offset: number, signal?: AbortSignal): Promise<Completion> =>
    send("POST", "/api/complete", { path, text, offset }, signal);
  hover = (path: string, text: string, offset: number): Promise<Hover | null> =>
    send("POST", "/api/hover", { path, text, offset });
  edits = (path: string, text: string, edits: readonly Edit[]): Promise<{ changes: Change[]; text: string }> =>
    send("POST", "/api/edits", { path, text, edits });
  waveform = (path: string): Promise<Waveform> => get(`/api/waveform?path=${encodeURIComponent(path)}`);
  /** The address of a picture, a track or a clip in the opened folder. */
  file = (path: string): string => `/api/files/${address(path)}`;

  preview = (path: string, text: string, width: number): Promise<{ id: string; frames: number; fps: number }> =>
    send("POST", "/api/preview", { path, text, width });
  /** Frames `first` to `last`, both included, as `timeline/player/packs.ts` reads them. */
  previewFrames = (id: string, first: number, last: number, signal: AbortSignal): Promise<ArrayBuffer> =>
    bytes(fetch(`/api/preview/${address(id)}/${first}-${last}`, { signal }));
  look = (path: string, text: string, frame: number, draft: boolean): Promise<{ id: string }> =>
    send("POST", "/api/looks", { path, text, frame, draft });
  render = (body: Rendering): Promise<{ id: string }> => send("POST", "/api/renders", { ...body });
  stop = (id: string): Promise<unknown> => send("POST", `/api/jobs/${address(id)}/stop`, {});
  /** Has a render go on with a new text at its next frame. */
  changeRender = (id: string, text: string): Promise<Job> => send("POST", `/api/jobs/${address(id)}/schedule`, { text });
  jobs = (): Promise<Job[]> => get("/api/jobs");
  picture = (id: string): string => `/api/jobs/${address(id)}/picture`;
  stale = (path: string, text: string, draft: boolean, signal?: AbortSignal): Promise<Stale> =>
    send("POST", "/api/stale", { path, text, draft }, signal);

  outputs = (): Promise<Output[]> => get("/api/outputs");
  output = (name: string, file: string): string => `/api/outputs/${address(name)}/${address(file)}`;
  outputSchedule = async (name: string): Promise<string> =>
    (await granted(fetch(`/api/outputs/${address(name)}/schedule`))).text();
}

/** What to tell the user of anything that was thrown. */
export function sentence(error: unknown): string {
  if (error instanceof TypeError) return "the studio's server does not answer";
  if (error instanceof ApiError && error.status === 401)
    return "the studio was started anew; open the address that it has printed in another tab, then go on here";
  return error instanceof Error ? error.message : String(error);
}

/** A path as part of an address: each name escaped, the slashes kept. */
function address(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function get<T>(url: string): Promise<T> {
  return answer(fetch(url));
}

function send<T>(method: string, url: string, body: Body, signal?: AbortSignal): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  return answer(fetch(url, { method, headers, body: JSON.stringify(body), signal: signal ?? null }));
}

async function answer<T>(asked: Promise<Response>): Promise<T> {
  return (await (await granted(asked)).json()) as T;
}

async function bytes(asked: Promise<Response>): Promise<ArrayBuffer> {
  return (await granted(asked)).arrayBuffer();
}

/** The response, unless it is a refusal: then an `ApiError` with the server's sentence. */
async function granted(asked: Promise<Response>): Promise<Response> {
  const response = await asked;
  if (response.ok) return response;
  const found = (await response.json().catch(() => ({}))) as { error?: string; problems?: Problem[] };
  throw new ApiError(found.error ?? `the server answered ${response.status}`, response.status, found.problems ?? []);
}
