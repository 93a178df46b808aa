/** What the server says of a schedule over time (`POST /api/timeline`). Times are seconds of the film. */

/** A stretch of the text, in UTF-16 units as CodeMirror counts; `to` is exclusive. */
export interface Span {
  from: number;
  to: number;
}

export interface Key {
  /** The path of the setting and the key's number in the text: `motion.zoom[2]`. */
  id: string;
  time: number;
  value: number;
  /** How the segment that ends at this key moves. */
  easing: string;
  time_span: Span | null;
  value_span: Span | null;
  easing_span: Span | null;
  /** Whether its value can be dragged. */
  editable: boolean;
  time_editable: boolean;
  /** Why it cannot be dragged, such as "it is an expression"; empty if it can. */
  why: string;
  /** The smallest sensible change of the value; 0 if it has none. */
  step: number;
}

/** Keys of all shots are in one curve, in the order of the text. */
export interface Curve {
  path: string;
  label: string;
  unit: string;
  /** The limits of the setting, if it has any. */
  low: number | null;
  high: number | null;
  /** Whether it is written without times. */
  constant: boolean;
  /** Whether a key can be added; `why` says why not. */
  addable: boolean;
  why: string;
  /** Values at evenly spaced times from 0 to the end, both included; null in shots that do not set it. */
  samples: (number | null)[];
  keys: Key[];
}

/** A time in the text that places a band: where a prompt has faded in or begins to fade out, where a shot ends. */
export interface Edge {
  id: string;
  kind: "start" | "end";
  time: number;
  span: Span | null;
  editable: boolean;
  why: string;
}

/** A band: it fades in from `start`, and is gone at `end`. */
export interface Prompt {
  text: string;
  track: number;
  start: number;
  end: number;
  fade_in: number;
  fade_out: number;
  weight: number;
  /** Where its text is written. */
  span: Span | null;
  edges: Edge[];
}

export interface Marker {
  name: string;
  time: number;
  span: Span | null;
  editable: boolean;
  why: string;
}

export interface Shot {
  name: string;
  start: number;
  end: number;
  cut: boolean;
  span: Span | null;
  edges: Edge[];
}

/** A picture that the film goes towards, near at `time`. */
export interface Guide {
  id: string;
  path: string;
  time: number;
  start: number;
  end: number;
  span: Span | null;
  editable: boolean;
  why: string;
}

export interface Section {
  start: number;
  end: number;
  label: string;
}

export interface Signal {
  name: string;
  values: (number | null)[];
}

export interface Timeline {
  fps: number;
  frames: number;
  seconds: number;
  loop: boolean;
  beats: number[];
  bars: number[];
  sections: Section[];
  signals: Signal[];
  /** `start` is the time in the track at which the film begins. */
  music: { path: string; start: number } | null;
  markers: Marker[];
  shots: Shot[];
  guides: Guide[];
  prompts: Prompt[];
  curves: Curve[];
}

/** Peaks of the track (`GET /api/waveform`): `rate` pairs a second, each from -1 to 1. */
export interface Waveform {
  seconds: number;
  rate: number;
  low: number[];
  high: number[];
}

/** A refined moment that was pinned to the timeline. */
export interface Look {
  id: string;
  time: number;
  picture: string;
}

export type Edit =
  | { op: "move"; id: string; time?: number; value?: number }
  | { op: "add"; path: string; time: number; value: number; easing?: string }
  | { op: "remove"; id: string }
  | { op: "easing"; id: string; easing: string }
  | { op: "edge"; id: string; time: number }
  | { op: "marker"; name: string; time: number };
