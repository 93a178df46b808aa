/** Everything that a picture of the timeline is made of, and where things lie in it. Pixels from the rows' top left. */

import { type Axis, toX } from "./axis";
import { type Item, type KeyItem, type Moves, NO_MOVES, isKey, itemsOf, moved } from "./items";
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
  return { timeline, ...indexed(items), ranges: timeline.curves.map(rangeOf), lanes: lanesOf(timeline.prompts) };
}

/** The same film with its items elsewhere. */
export function withItems(plan: Plan, items: Item[]): Plan {
  return { ...plan, ...indexed(items) };
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
    return row.y + (row.open ? toY(scene.ranges[item.curve]!, item.value ?? 0, row.height) : row.height / 2);
  }
  if (item.row === "prompts" && item.kind === "edge" && row.open) return laneY(scene, row, item.band) + LANE / 2;
  return row.y + row.height / 2;
}

/** The top of a prompt's band. */
export function laneY(scene: Scene, row: Row, prompt: number): number {
  return row.y + 2 + (row.open ? scene.lanes.lane[prompt]! * LANE : 0);
}

/**
 * A prompt as a hand has moved its edges and those of its neighbours: one fades out while the next one fades in, so an
 * edge is where its own fade is over and where the neighbour's band ends.
 */
export function promptAt(scene: Scene, index: number): Prompt {
  const prompt = scene.timeline.prompts[index]!;
  if (scene.moves.size === 0 || prompt.edges.length === 0) return prompt;
  const [was, now] = [levelOf(prompt, NO_MOVES), levelOf(prompt, scene.moves)];
  const before = neighbour(scene, index - 1, (other) => near(levelOf(other, NO_MOVES).to, prompt.start));
  const after = neighbour(scene, index + 1, (other) => near(levelOf(other, NO_MOVES).from, prompt.end));
  const start = before && near(before.end, was.from) ? levelOf(before, scene.moves).to : prompt.start;
  const end = after && near(after.start, was.to) ? levelOf(after, scene.moves).from : prompt.end;
  return {
    ...prompt,
    start,
    end,
    fade_in: prompt.fade_in > 0 ? Math.max(0, now.from - start) : 0,
    fade_out: prompt.fade_out > 0 ? Math.max(0, end - now.to) : 0,
  };
}

/** A shot as a hand has moved the ends of shots: those after it move along. */
export function shotAt(scene: Scene, index: number): { start: number; end: number } {
  let [start, end] = [0, 0];
  scene.timeline.shots.slice(0, index + 1).forEach((shot, n) => {
    const edge = shot.edges[0];
    const moved = edge ? scene.moves.get(`edge/${edge.id}`)?.time : undefined;
    start = n === 0 ? shot.start : end;
    end = moved ?? start + shot.end - shot.start;
  });
  return { start, end };
}

export function curveOf(scene: Scene, row: Row): Curve {
  return scene.timeline.curves[row.index]!;
}

/** From when to when a prompt counts in full: the times of its edges. */
function levelOf(prompt: Prompt, moves: Moves): { from: number; to: number } {
  const times = prompt.edges.map((edge) => moves.get(`edge/${edge.id}`)?.time ?? edge.time);
  return { from: Math.min(...times), to: Math.max(...times) };
}

function neighbour(scene: Scene, index: number, isNext: (other: Prompt) => boolean): Prompt | null {
  const other = scene.timeline.prompts[index];
  return other && other.edges.length > 0 && isNext(other) ? other : null;
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) < 1e-6;
}

function reordered(scene: Scene, row: Row, keys: readonly KeyItem[]): boolean {
  return (scene.byRow.get(row.id) ?? []).some((item, index) => item.uid !== keys[index]?.uid);
}

function indexed(items: Item[]): Pick<Plan, "items" | "byRow" | "byUid"> {
  return { items, byRow: grouped(items), byUid: new Map(items.map((item) => [item.uid, item])) };
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
