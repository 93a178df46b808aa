/** Everything that a picture of the timeline is made of, and where things lie in it. Pixels from the rows' top left. */

import { type Axis, toX } from "./axis";
import { type Item, type KeyItem, type Moves, isKey, itemsOf, moved } from "./items";
import { LANE, type Row } from "./rows";
import { type Lanes, lanesOf } from "./lanes";
import type { Curve, Prompt, Timeline } from "./types";
import { type Range, rangeOf, toY } from "./values";

/** What is computed once for a timeline that came from the server. */
export interface Plan {
  timeline: Timeline;
  items: Item[];
  /** By row, in ascending order of time. */
  byRow: ReadonlyMap<string, Item[]>;
  byUid: ReadonlyMap<string, Item>;
  ranges: Range[];
  lanes: Lanes;
}

export interface Scene extends Plan {
  axis: Axis;
  rows: Row[];
  moves: Moves;
  selected: ReadonlySet<string>;
  playhead: number;
}

export function planOf(timeline: Timeline): Plan {
  const items = itemsOf(timeline);
  return {
    timeline,
    items,
    byRow: grouped(items),
    byUid: new Map(items.map((item) => [item.uid, item])),
    ranges: timeline.curves.map(rangeOf),
    lanes: lanesOf(timeline.prompts),
  };
}

export function rowItems(scene: Scene, row: Row): Item[] {
  return moved(scene.byRow.get(row.id) ?? [], scene.moves);
}

/** The keys of a curve as a hand has moved them, in ascending order, and which segments it has touched. */
export function knotsOf(scene: Scene, row: Row): { keys: KeyItem[]; touched: boolean[] } {
  const keys = rowItems(scene, row).filter(isKey);
  if (scene.moves.size === 0) return { keys, touched: [] };
  keys.sort((a, b) => a.time - b.time);
  const hand = keys.map((key) => scene.moves.has(key.uid));
  if (!hand.includes(true)) return { keys, touched: [] };
  const smooth = keys.some((key) => key.easing === "smooth");
  const touched = Array.from({ length: keys.length + 1 }, (_, n) => smooth || !!hand[n - 1] || !!hand[n]);
  // A key that was moved past its neighbours leaves a segment behind that the samples no longer describe.
  return { keys, touched: reordered(scene, row, keys) ? touched.fill(true) : touched };
}

export function itemX(scene: Scene, item: Item): number {
  return toX(scene.axis, item.time);
}

/** Where an item's handle is drawn: its centre. */
export function itemY(scene: Scene, row: Row, item: Item): number {
  if (item.kind === "key") {
    return row.y + (row.open ? toY(scene.ranges[item.curve], item.value ?? 0, row.height) : row.height / 2);
  }
  if (item.kind === "edge") return row.open ? laneY(scene, row, item.prompt) + LANE / 2 : row.y + row.height / 2;
  return row.y + row.height / 2;
}

/** The top of a prompt's band. */
export function laneY(scene: Scene, row: Row, prompt: number): number {
  return row.y + 2 + (row.open ? scene.lanes.lane[prompt] * LANE : 0);
}

/** A prompt as a hand has moved its edges: the fades move with them. */
export function promptAt(scene: Scene, index: number): Prompt {
  const prompt = scene.timeline.prompts[index];
  const start = scene.moves.get(`edge/${index}/start`)?.time;
  const end = scene.moves.get(`edge/${index}/end`)?.time;
  if (start === undefined && end === undefined) return prompt;
  const edge = (kind: "start" | "end") => prompt.edges.find((one) => one.kind === kind)?.time;
  return {
    ...prompt,
    ...(start !== undefined && movedStart(prompt, edge("start") ?? prompt.start, start)),
    ...(end !== undefined && movedEnd(prompt, edge("end") ?? prompt.end, end)),
  };
}

export function curveOf(scene: Scene, row: Row): Curve {
  return scene.timeline.curves[row.index];
}

/** An edge may stand at the beginning of the band or where its fade is over: the fade goes with it or grows. */
function movedStart(prompt: Prompt, was: number, now: number): Partial<Prompt> {
  if (Math.abs(was - prompt.start) < 1e-6) return { start: now, fade_in: Math.max(0, prompt.start + prompt.fade_in - now) };
  return { fade_in: Math.max(0, now - prompt.start) };
}

function movedEnd(prompt: Prompt, was: number, now: number): Partial<Prompt> {
  if (Math.abs(was - prompt.end) < 1e-6) return { end: now, fade_out: Math.max(0, now - (prompt.end - prompt.fade_out)) };
  return { fade_out: Math.max(0, prompt.end - now) };
}

function reordered(scene: Scene, row: Row, keys: readonly KeyItem[]): boolean {
  return (scene.byRow.get(row.id) ?? []).some((item, index) => item.uid !== keys[index]?.uid);
}

function grouped(items: readonly Item[]): Map<string, Item[]> {
  const rows = new Map<string, Item[]>();
  for (const item of items) {
    const row = rows.get(item.row);
    if (row) row.push(item);
    else rows.set(item.row, [item]);
  }
  return rows;
}
