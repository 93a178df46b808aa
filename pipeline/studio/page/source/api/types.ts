/** What the server answers; the HTTP API is described in docs/studio.md and `GET /api/openapi.json`. */

export interface ScheduleEntry {
  path: string;
  title: string;
  size: number;
  /** When the file was last written: seconds since 1970. */
  changed: number;
}

export interface Schedule {
  path: string;
  text: string;
  version: string;
}

/** Lines and columns count from 1; the end is exclusive. */
export interface Problem {
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  severity: "error" | "warning";
  message: string;
}

export interface Facts {
  frames: number;
  fps: number;
  seconds: number;
  size: [number, number];
}

export interface Checked {
  problems: Problem[];
  facts: Facts | null;
}

/** A replacement in a text; offsets are UTF-16 units, as CodeMirror counts. */
export interface Change {
  from: number;
  to: number;
  insert: string;
}

export type JobState = "waiting" | "running" | "stopped" | "finished" | "failed";

export interface Job {
  id: string;
  kind: "look" | "render";
  path: string;
  draft: boolean;
  state: JobState;
  /** The frame that was made last; null before the first one. */
  frame: number | null;
  /** How many frames are there, and how many there will be; 0 while that is unknown. */
  done: number;
  frames: number;
  /** Frames per second that are made. */
  fps: number | null;
  seconds_left: number | null;
  /** Of the latest frame to its prompts. */
  similarity: number | null;
  message: string;
  warnings: string[];
  /** The name of the run among the outputs; "" for a look. */
  output: string;
  /** The address of the latest picture; "" before the first one. */
  picture: string;
  started: number | null;
  seconds: number;
}

export interface About {
  folder: string;
  /** The schedule to show first; "" for none. */
  first: string;
  version: string;
}

/** What to render: `text` as if the file had this content; `lockstep` is how many variants or shots go together. */
export interface Rendering {
  path: string;
  text: string | null;
  draft: boolean;
  resume: boolean;
  lockstep: number | "auto";
}

/** A run's folder compared with a text. */
export interface Stale {
  /** "" if nothing has been rendered. */
  output: string;
  frames: number;
  rendered: number;
  current: number;
  stale_from: number | null;
  missing_from: number | null;
}

export interface Output {
  name: string;
  path: string;
  title: string;
  draft: boolean;
  frames: number;
  frames_done: number;
  seconds: number;
  fps: number;
  video: string | null;
  poster: string | null;
  contact: string | null;
  changed: number;
  size: [number, number];
}

/** One thing that can be written at the cursor. */
export interface Option {
  label: string;
  /** What is written; the label if it is not there. */
  insert?: string;
  detail?: string;
  info?: string;
}

export interface Completion {
  from: number;
  to: number;
  options: Option[];
}

export interface Hover {
  from: number;
  to: number;
  text: string;
}
