/** Which items are selected, and how a hand changes that. */

import type { Item } from "./items";

export type Selection = ReadonlySet<string>;

export const NOTHING: Selection = new Set();

/** A click selects one; with Shift or Ctrl it adds or takes away. What is selected stays so when it is taken to move. */
export function clicked(selection: Selection, uid: string, adding: boolean): Selection {
  if (!adding) return selection.has(uid) ? selection : new Set([uid]);
  const changed = new Set(selection);
  if (!changed.delete(uid)) changed.add(uid);
  return changed;
}

export function joined(selection: Selection, items: readonly Item[]): Selection {
  return new Set([...selection, ...items.map((item) => item.uid)]);
}

/** After an edit: what still exists. */
export function surviving(selection: Selection, known: ReadonlyMap<string, Item>): Selection {
  return new Set([...selection].filter((uid) => known.has(uid)));
}

/** Where an item is, whatever its id is after an edit. */
export interface Place {
  /** Its uid before the edit; null for a new one. */
  uid: string | null;
  row: string;
  time: number;
}

interface Known {
  timeline: { fps: number };
  byRow: ReadonlyMap<string, Item[]>;
}

/** For each place the item of its row that is nearest to it, at most a frame away. */
export function itemsAt(plan: Known, places: readonly Place[]): (Item | null)[] {
  const reach = 1 / plan.timeline.fps + 1e-6;
  return places.map(({ row, time }) => {
    const near = (plan.byRow.get(row) ?? []).filter((item) => Math.abs(item.time - time) <= reach);
    return near.sort((a, b) => Math.abs(a.time - time) - Math.abs(b.time - time))[0] ?? null;
  });
}

/** The uids after an edit, by those before it. */
export function renamed(places: readonly Place[], items: readonly (Item | null)[]): Map<string, string> {
  const names = new Map<string, string>();
  places.forEach(({ uid }, n) => {
    const item = items[n];
    if (uid !== null && item) names.set(uid, item.uid);
  });
  return names;
}

/** The item that Tab goes to, or null past the first or the last one: then Tab leaves the timeline. */
export function walked(items: readonly Item[], from: string | null, direction: 1 | -1): Item | null {
  const index = items.findIndex((item) => item.uid === from);
  if (index < 0) return (direction > 0 ? items[0] : items.at(-1)) ?? null;
  return items[index + direction] ?? null;
}

/** The item whose text the cursor is in: the shortest span that holds it. */
export function itemAtCursor(items: readonly Item[], offset: number): Item | null {
  let best: Item | null = null;
  for (const item of items) {
    const span = item.span;
    if (!span || offset < span.from || offset > span.to) continue;
    if (!best?.span || span.to - span.from < best.span.to - best.span.from) best = item;
  }
  return best;
}
