/** Where a hand moves things: one rule for the mouse, the arrow keys and pasting. */

import type { Axis } from "./axis";
import { type Item, type KeyItem, type Moves, isKey } from "./items";
import type { Plan } from "./scene";
import { type SnapSettings, type SnapTargets, type Snapped, snapped } from "./snap";
import { limited, roundTo } from "./values";

/** Two keys of a curve at one time are an error in the language; times are told apart to a millisecond. */
const APART = 1e-3;

export interface Shift {
  seconds: number;
  /** Change of the value, in the unit of the key that is held. */
  value: number;
}

/** The editable ones among what is selected, with what is held first. */
export function movable(plan: Plan, selected: ReadonlySet<string>, held: Item): Item[] {
  const others = plan.items.filter((item) => selected.has(item.uid) && item.editable && item.uid !== held.uid);
  return held.editable ? [held, ...others] : [];
}

/** What a moved thing may snap to: everything that stays where it is. */
export function snapTargets(plan: Plan, moving: readonly Item[], playhead: number): SnapTargets {
  const held = new Set(moving.map((item) => item.uid));
  const keys = plan.items.filter((item) => !held.has(item.uid)).map((item) => item.time);
  const { beats, bars } = plan.timeline;
  return { beats, bars, keys: keys.sort((a, b) => a - b), playhead };
}

/** The time of what is held, as snapping wants it, for a hand that has moved it by `seconds`. */
export function heldTime(
  held: Item,
  seconds: number,
  axis: Axis,
  targets: SnapTargets,
  settings: SnapSettings,
): Snapped {
  const time = Math.min(Math.max(held.time + seconds, 0), axis.seconds);
  return snapped(time, axis, targets, settings);
}

/**
 * The moves for a shift of everything in `moving`. All move together: the first one to reach an end of the film stops
 * the others. Values change only in the curve of what is held, since others have other units.
 */
export function shifted(plan: Plan, moving: readonly Item[], shift: Shift, valueStep = 0): Moves {
  const times = moving.filter((item) => !isTimeFixed(item)).map((item) => item.time);
  const seconds = within(shift.seconds, times, plan.timeline.seconds);
  const held = moving[0]!;
  const moves = new Map<string, { time: number; value: number | null }>();
  for (const item of moving) {
    const time = isTimeFixed(item) ? item.time : roundTo(item.time + seconds, 1e-6);
    moves.set(item.uid, { time, value: movedValue(plan, item, held, shift.value, valueStep) });
  }
  return parted(plan, moving, moves);
}

export function isTimeFixed(item: Item): boolean {
  return item.kind === "key" && item.timeFixed;
}

function movedValue(plan: Plan, item: Item, held: Item, change: number, step: number): number | null {
  if (!isKey(item) || item.value === null) return null;
  if (change === 0 || item.valueFixed || !isKey(held) || item.curve !== held.curve) return item.value;
  const value = item.value + change;
  return limited(step > 0 ? roundTo(value, step) : roundTo(value, 1e-9), plan.timeline.curves[item.curve]!);
}

function within(seconds: number, times: readonly number[], length: number): number {
  if (times.length === 0) return 0;
  const [least, most] = [-Math.min(...times), length - Math.max(...times)];
  return Math.min(Math.max(seconds, Math.min(least, 0)), Math.max(most, 0));
}

/** A key that would land on another one of its curve stops a frame short of it. */
function parted(
  plan: Plan,
  moving: readonly Item[],
  moves: Map<string, { time: number; value: number | null }>,
): Moves {
  const curves = new Set(moving.filter(isKey).map((key) => key.row));
  for (const row of curves) {
    const still = (plan.byRow.get(row) ?? []).filter((item) => !moves.has(item.uid)).map((item) => item.time);
    if (still.length === 0) continue;
    for (const item of moving) {
      const move = moves.get(item.uid);
      if (item.row !== row || !move || move.time === item.time) continue;
      moves.set(item.uid, { ...move, time: freeTime(move.time, item.time, still, 1 / plan.timeline.fps) });
    }
  }
  return moves;
}

function freeTime(time: number, origin: number, taken: readonly number[], frame: number): number {
  const back = origin < time ? -frame : frame;
  let free = time;
  while (taken.some((other) => Math.abs(other - free) < APART)) {
    free += back;
    if ((back < 0 && free <= origin) || (back > 0 && free >= origin)) return origin;
  }
  return roundTo(free, 1e-6);
}

/** The keys of one curve that a rubber band or Ctrl+A can select together. */
export function keysBeside(plan: Plan, item: Item): KeyItem[] {
  return (plan.byRow.get(item.row) ?? []).filter(isKey);
}
