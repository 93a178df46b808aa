/** What lies under the pointer. */

import { frameAt, toTime, toX } from "./axis";
import type { Item } from "./items";
import { LANE, type Row, rowAt } from "./rows";
import { type Scene, itemX, itemY, laneY, promptAt, rowItems } from "./scene";
import { toValue } from "./values";

export type Hit =
  | { kind: "item"; item: Item; row: Row }
  | { kind: "prompt"; index: number; row: Row }
  | { kind: "look"; index: number; row: Row }
  | { kind: "curve"; row: Row; time: number; value: number }
  | { kind: "empty"; row: Row | null; time: number };

/** A finger needs more than a mouse. */
const REACH = { mouse: 7, touch: 18 };

/** Pixels are those of the scene: from the left of the view and the top of the first row. */
export function hitAt(scene: Scene, x: number, y: number, looks: readonly number[] = [], touch = false): Hit {
  const time = toTime(scene.axis, x);
  const row = rowAt(scene.rows, y);
  if (!row) return { kind: "empty", row: null, time };
  const item = nearestItem(scene, row, x, y, touch ? REACH.touch : REACH.mouse);
  if (item) return { kind: "item", item, row };
  if (row.kind === "prompts") {
    const index = promptUnder(scene, row, time, y);
    if (index !== null) return { kind: "prompt", index, row };
  }
  if (row.kind === "looks") {
    const index = looks.findIndex((look) => Math.abs(toX(scene.axis, look) - x) < row.height / 2);
    if (index >= 0) return { kind: "look", index, row };
  }
  if (row.kind === "curve" && row.open) {
    return { kind: "curve", row, time, value: toValue(scene.ranges[row.index]!, y - row.y, row.height) };
  }
  return { kind: "empty", row, time };
}

/** All items inside a rectangle, whose corners may come in any order. */
export function itemsWithin(scene: Scene, x1: number, y1: number, x2: number, y2: number): Item[] {
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
  const found: Item[] = [];
  for (const row of scene.rows) {
    if (row.y > bottom || row.y + row.height < top) continue;
    for (const item of rowItems(scene, row)) {
      const [x, y] = [itemX(scene, item), itemY(scene, row, item)];
      if (x >= left && x <= right && y >= top && y <= bottom) found.push(item);
    }
  }
  return found;
}

/** The sentence of a tooltip over a place that holds nothing to take. */
export function placeLabel(scene: Scene, time: number): string {
  return `${time.toFixed(2)} s · frame ${frameAt(scene.axis, time)}`;
}

/** An edge is a line, so it is taken by its height too; what is selected is preferred, as it is drawn on top. */
function nearestItem(scene: Scene, row: Row, x: number, y: number, reach: number): Item | null {
  let best: Item | null = null;
  let least = Infinity;
  for (const item of rowItems(scene, row)) {
    const across = Math.abs(itemX(scene, item) - x);
    if (across > reach) continue;
    const down = Math.abs(itemY(scene, row, item) - y);
    const tall = item.row === "prompts" && row.open ? LANE / 2 : item.kind !== "key" || !row.open ? row.height : reach;
    if (down > tall) continue;
    const distance = across + (item.kind === "key" && row.open ? down : 0) - (scene.selected.has(item.uid) ? 2 : 0);
    if (distance < least) [best, least] = [item, distance];
  }
  return best;
}

function promptUnder(scene: Scene, row: Row, time: number, y: number): number | null {
  for (let index = scene.timeline.prompts.length - 1; index >= 0; index--) {
    const { start, end } = promptAt(scene, index);
    const top = laneY(scene, row, index);
    if (time >= start && time < end && y >= top && y < top + LANE) return index;
  }
  return null;
}
