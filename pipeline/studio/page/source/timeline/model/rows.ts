/** The rows under the ruler: which there are, how high each is, and where. */

import { lanesOf } from "./lanes";
import type { Curve, Timeline } from "./types";

export type RowKind = "markers" | "shots" | "music" | "signal" | "prompts" | "guides" | "looks" | "curve";

export interface Row {
  id: string;
  kind: RowKind;
  label: string;
  /** What the label leaves out: the setting's path and unit. */
  title: string;
  /** The place in the timeline's list of that kind: which curve, which signal. */
  index: number;
  /** Pixels from the top of the first row. */
  y: number;
  height: number;
  open: boolean;
  canFold: boolean;
}

/** What a hand has set: it outlives edits of the text. */
export interface RowSettings {
  /** Rows whose state differs from what they begin with: id to open or not. */
  open: ReadonlyMap<string, boolean>;
  heights: ReadonlyMap<string, number>;
}

export const LANE = 24;
export const FOLDED = 24;
export const LOWEST = 36;
export const HIGHEST = 400;

const HEIGHTS: Record<RowKind, number> = {
  markers: 22,
  shots: 22,
  music: 54,
  signal: 30,
  prompts: LANE,
  guides: 44,
  looks: 44,
  curve: 76,
};

export function rowsOf(timeline: Timeline, settings: RowSettings, extra: { music: boolean; looks: number }): Row[] {
  const rows: Row[] = [];
  let y = 0;
  const add = (kind: RowKind, about: Partial<Row> = {}, begins = true, natural = HEIGHTS[kind]) => {
    const { id = kind, label = kind, title = label, index = 0 } = about;
    const canFold = kind !== "markers" && kind !== "shots";
    const open = !canFold || (settings.open.get(id) ?? begins);
    const height = open ? (settings.heights.get(id) ?? natural) : FOLDED;
    rows.push({ id, kind, label, title, index, y, height, open, canFold });
    y += height;
  };
  if (timeline.markers.length) add("markers");
  if (timeline.shots.length) add("shots");
  if (extra.music || timeline.sections.length) add("music");
  if (timeline.prompts.length) add("prompts", {}, true, lanesOf(timeline.prompts).count * LANE + 4);
  if (timeline.guides.length) add("guides");
  if (extra.looks) add("looks");
  timeline.signals.forEach((signal, index) =>
    add("signal", { id: `signal/${signal.name}`, label: signal.name, index }),
  );
  timeline.curves.forEach((curve, index) => {
    const [label, title] = [curve.label || curve.path, curve.unit ? `${curve.path}, ${curve.unit}` : curve.path];
    add("curve", { id: `curve/${curve.path}`, label, title, index }, !isFlat(curve));
  });
  return rows;
}

/** A number that nobody animates takes one line until it is opened. */
export function isFlat(curve: Curve): boolean {
  return curve.keys.length < 2 && curve.samples.every((value) => value === curve.samples[0]);
}

export function totalHeight(rows: readonly Row[]): number {
  const last = rows.at(-1);
  return last ? last.y + last.height : 0;
}

export function rowAt(rows: readonly Row[], y: number): Row | null {
  return rows.find((row) => y >= row.y && y < row.y + row.height) ?? null;
}

export function clampHeight(height: number): number {
  return Math.min(Math.max(Math.round(height), LOWEST), HIGHEST);
}
