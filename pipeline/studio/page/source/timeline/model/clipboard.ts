/** Keys that were copied, and the edits that paste them at the playhead. */

import type { Item, KeyItem } from "./items";
import { isKey } from "./items";
import type { Plan } from "./scene";
import type { Edit } from "./types";
import { limited } from "./values";

export interface Copied {
  path: string;
  /** Seconds after the first of the copied keys. */
  after: number;
  value: number;
  easing: string;
}

export function copied(plan: Plan, selected: ReadonlySet<string>): Copied[] {
  const keys = plan.items.filter((item): item is KeyItem => isKey(item) && selected.has(item.uid));
  if (keys.length === 0) return [];
  const first = Math.min(...keys.map((key) => key.time));
  return keys.map((key) => ({
    path: plan.timeline.curves[key.curve]!.path,
    after: key.time - first,
    value: key.value ?? 0,
    easing: key.easing,
  }));
}

/** Keys past the end and keys at the time of another one are left out; curves that are gone, too. */
export function pasted(plan: Plan, clipboard: readonly Copied[], at: number): Edit[] {
  const edits: Edit[] = [];
  for (const { path, after, value, easing } of clipboard) {
    const curve = plan.timeline.curves.find((one) => one.path === path);
    const time = Math.round((at + after) * 1e6) / 1e6;
    if (!curve || time > plan.timeline.seconds + 1e-6 || isTaken(plan.items, path, time)) continue;
    edits.push({ op: "add", path, time, value: limited(value, curve), easing });
  }
  return edits;
}

function isTaken(items: readonly Item[], path: string, time: number): boolean {
  return items.some((item) => item.row === `curve/${path}` && Math.abs(item.time - time) < 1e-3);
}
