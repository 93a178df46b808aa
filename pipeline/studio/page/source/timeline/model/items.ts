/** Everything on the timeline that a hand can take: keys, edges of prompts and markers, in one list. */

import { easingLabel, keyName, spokenTime } from "./labels";
import type { Curve, Edge, Edit, Guide, Span, Timeline } from "./types";

interface Common {
  /** Unique on the page and the same after an edit that only moves things. */
  uid: string;
  /** The row that it lies in. */
  row: string;
  time: number;
  value: number | null;
  editable: boolean;
  why: string;
  /** Where it stands in the text. */
  span: Span | null;
  name: string;
}

export type Item = Common &
  (
    | { kind: "key"; id: string; curve: number; easing: string; step: number; timeFixed: boolean; valueFixed: boolean }
    | { kind: "edge"; id: string; band: number; edge: Edge["kind"] }
    | { kind: "guide"; id: string; guide: number }
    | { kind: "marker"; marker: string }
  );

export type KeyItem = Extract<Item, { kind: "key" }>;

/** What a hand has moved but the text does not say yet, by uid. */
export type Moves = ReadonlyMap<string, { time: number; value: number | null }>;

export const NO_MOVES: Moves = new Map();

/** In the order in which Tab walks: row by row from the top, each from left to right. */
export function itemsOf(timeline: Timeline): Item[] {
  const { shots, prompts, guides, curves } = timeline;
  const rows = [
    markerItems(timeline),
    shots.flatMap((shot, n) => edgeItems(shot.edges, n, "shots", shot.name)),
    prompts.flatMap((prompt, n) => edgeItems(prompt.edges, n, "prompts", `prompt "${shortened(prompt.text)}"`)),
    guides.map(guideItem),
    ...curves.map(keyItems),
  ];
  return rows.flatMap((row) => row.sort((a, b) => a.time - b.time));
}

/** The items as a hand has moved them so far. */
export function moved(items: readonly Item[], moves: Moves): Item[] {
  if (moves.size === 0) return items as Item[];
  return items.map((item) => {
    const move = moves.get(item.uid);
    return move ? { ...item, ...move } : item;
  });
}

/** The edits that make the text say what the hand has moved. */
export function editsOf(items: readonly Item[], moves: Moves): Edit[] {
  const edits: Edit[] = [];
  for (const item of items) {
    const move = moves.get(item.uid);
    if (!move) continue;
    const time = move.time === item.time ? undefined : move.time;
    const value = move.value === null || move.value === item.value ? undefined : move.value;
    if (time === undefined && value === undefined) continue;
    if (item.kind === "key") {
      edits.push({
        op: "move",
        id: item.id,
        ...(time !== undefined && { time }),
        ...(value !== undefined && { value }),
      });
    } else if (time !== undefined) {
      if (item.kind === "marker") edits.push({ op: "marker", name: item.marker, time });
      else edits.push({ op: "edge", id: item.id, time });
    }
  }
  return edits;
}

export function isKey(item: Item): item is KeyItem {
  return item.kind === "key";
}

function keyItems(curve: Curve, index: number): Item[] {
  return curve.keys.map((key) => ({
    kind: "key",
    uid: `key/${key.id}`,
    row: `curve/${curve.path}`,
    id: key.id,
    curve: index,
    time: key.time,
    value: key.value,
    easing: key.easing,
    step: key.step,
    editable: key.editable || key.time_editable,
    timeFixed: !key.time_editable,
    valueFixed: !key.editable,
    why: key.why,
    span: key.value_span ?? key.time_span,
    name: keyName(curve, key),
  }));
}

function edgeItems(edges: readonly Edge[], band: number, row: string, of: string): Item[] {
  return edges.map((edge) => ({
    kind: "edge",
    uid: `edge/${edge.id}`,
    row,
    id: edge.id,
    band,
    edge: edge.kind,
    time: edge.time,
    value: null,
    editable: edge.editable,
    why: edge.why,
    span: edge.span,
    name: `${edge.kind} of ${of} at ${spokenTime(edge.time)}${fixed(edge)}`,
  }));
}

function guideItem(guide: Guide, index: number): Item {
  const { id, time, editable, why, span } = guide;
  const name = `guide ${guide.path.split("/").at(-1)} at ${spokenTime(time)}${fixed(guide)}`;
  return {
    kind: "guide",
    uid: `guide/${id}`,
    row: "guides",
    id,
    guide: index,
    time,
    value: null,
    editable,
    why,
    span,
    name,
  };
}

function markerItems(timeline: Timeline): Item[] {
  return timeline.markers.map((marker) => ({
    kind: "marker",
    uid: `marker/${marker.name}`,
    row: "markers",
    marker: marker.name,
    time: marker.time,
    value: null,
    editable: marker.editable,
    why: marker.why,
    span: marker.span,
    name: `marker ${marker.name} at ${spokenTime(marker.time)}${fixed(marker)}`,
  }));
}

function fixed(thing: { editable: boolean; why: string }): string {
  return thing.editable ? "" : `, fixed: ${thing.why || "cannot be edited here"}`;
}

export function shortened(text: string, most = 40): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

/** What the pointer shows beside an item. */
export function tooltip(item: Item): string[] {
  const lines = [item.kind === "key" ? `${spokenTime(item.time)} · ${easingLabel(item.easing)}` : item.name];
  if (!item.editable) lines.push(`Fixed: ${item.why || "edit it in the text"}`);
  return lines;
}
