/** Everything that the parts of the page share. Whoever changes a part replaces it; nothing is changed in place. */

import type { Facts, Job, Output, Problem, ScheduleEntry, Stale } from "../api/types";
import type { Timeline } from "../timeline/model/types";

export type Tab = "picture" | "looks" | "renders" | "gallery";
/** The dialog that is open; `leave` asks what becomes of unsaved changes before another schedule is opened. */
export type Asking = { kind: "open" | "keys" | "conflict" } | { kind: "leave"; to: string };
export type Theme = "dark" | "light";

/** A moment that was refined, or is being refined. */
export interface Look {
  /** The id of its job. */
  id: string;
  /** Counts the looks of this page from 1. */
  number: number;
  path: string;
  frame: number;
  /** In seconds of the film. */
  time: number;
  draft: boolean;
  /** The schedule's text that it was made of. */
  text: string;
  /** Address of the picture; null until it is there. */
  picture: string | null;
}

/** The file has changed on disk since it was read, and so has the text in the page. */
export interface Conflict {
  text: string;
  version: string;
}

/** One frame as it arrived from a render. */
export interface Arrived {
  frame: number;
  similarity: number | null;
  picture: string;
}

export interface State {
  schedules: readonly ScheduleEntry[];
  /** The schedule that is open. */
  path: string | null;
  /** The text in the editor. Only the editor sets it; to change it, use `Editor.applyChanges` or `applyEdits`. */
  text: string;
  /** Goes up with every change of the text. */
  revision: number;
  /** The text of the file as it was last read or written, and the server's name for that state. */
  saved: string;
  version: string | null;
  saving: boolean;
  conflict: Conflict | null;
  problems: readonly Problem[];
  /** Whether the newest text has been checked. */
  checked: boolean;
  facts: Facts | null;
  /** Of the newest text that could be read; its spans hold for the text of `timelineRevision`. */
  timeline: Timeline | null;
  timelineRevision: number;
  /** Where the playhead is, in seconds of the film. */
  time: number;
  playing: boolean;
  /** Ids of the selected keys, edges and markers. */
  selection: readonly string[];
  /** Where the text cursor is, in UTF-16 units. */
  cursor: number;
  looks: readonly Look[];
  jobs: readonly Job[];
  /** The frames that arrived since the page was opened, by job. */
  arrived: Readonly<Record<string, readonly Arrived[]>>;
  stale: Stale | null;
  /** Whether variants and shots are refined together. */
  lockstep: boolean;
  /** Whether a render that runs follows the text, and the text that each render was last given by this page. */
  live: boolean;
  given: Readonly<Record<string, string>>;
  /** Null until they have been listed. */
  outputs: readonly Output[] | null;
  tab: Tab;
  asking: Asking | null;
  theme: Theme;
  /** Two looks that are compared, by their jobs' ids. */
  compared: readonly [string | null, string | null];
  /** Whether the server is there. */
  connected: boolean;
}

export const EMPTY: State = {
  schedules: [],
  path: null,
  text: "",
  revision: 0,
  saved: "",
  version: null,
  saving: false,
  conflict: null,
  problems: [],
  checked: true,
  facts: null,
  timeline: null,
  timelineRevision: 0,
  time: 0,
  playing: false,
  selection: [],
  cursor: 0,
  looks: [],
  jobs: [],
  arrived: {},
  stale: null,
  lockstep: false,
  live: false,
  given: {},
  outputs: null,
  tab: "picture",
  asking: null,
  theme: "dark",
  compared: [null, null],
  connected: true,
};
