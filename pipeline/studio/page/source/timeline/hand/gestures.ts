/** What a press on the canvas can become. */

import { toTime, zoomed } from "../model/axis";
import { heldTime, isTimeFixed, movable, shifted, snapTargets } from "../model/drag";
import { itemsWithin } from "../model/hits";
import { type Item, NO_MOVES, isKey } from "../model/items";
import { shortNumber, spokenTime } from "../model/labels";
import { joined } from "../model/selection";
import type { Plan } from "../model/scene";
import type { SnapSettings, SnapTargets } from "../model/snap";
import { settled, toValue, toY } from "../model/values";
import type { Stage } from "../view/stage";
import type { Edits } from "./edits";

export interface Gesture {
  /** Pixels of the scene: from the left of the time axis and the top of the first row. */
  move(x: number, y: number, event: PointerEvent): void;
  end(): void;
  cancel(): void;
}

/** Pixels before a press is a drag, in each direction for itself: a shaking hand must not change numbers. */
const SLACK = 4;

/** The playhead under the pointer. */
export function scrubbing(x: number, stage: Stage, seekTo: (time: number) => void): Gesture {
  const seek = (at: number) => seekTo(Math.min(Math.max(0, toTime(stage.axis, at)), stage.axis.seconds));
  seek(x);
  return { move: seek, end: () => undefined, cancel: () => undefined };
}

export function panning(stage: Stage, x: number, y: number): Gesture {
  const start = stage.axis.start;
  const top = stage.scrollTop;
  const from = y - top;
  return {
    move: (nowX, nowY) => {
      stage.setAxis(zoomed({ ...stage.axis, start: start - (nowX - x) / stage.axis.scale }, 1, 0));
      stage.scrollBy(top - (nowY - stage.scrollTop - from) - stage.scrollTop);
    },
    end: () => undefined,
    cancel: () => undefined,
  };
}

/** A rubber band; without one, a click on nothing selects nothing. */
export function banding(stage: Stage, x1: number, y1: number, adding: boolean): Gesture {
  const before = adding ? stage.selection : new Set<string>();
  stage.select(before, null);
  return {
    move: (x2, y2) => {
      const scene = stage.scene;
      if (!scene || Math.hypot(x2 - x1, y2 - y1) < SLACK) return;
      stage.selection = joined(before, itemsWithin(scene, x1, y1, x2, y2));
      stage.setOverlay({ rubber: { x1, y1, x2, y2 } });
    },
    end: () => stage.select(stage.selection, [...stage.selection].at(-1) ?? null),
    cancel: () => stage.select(before, null),
  };
}

/** Everything selected follows the item that is held. Shift keeps to one direction, Alt suspends snapping. */
export function dragging(stage: Stage, edits: Edits, x1: number, y1: number, click: () => void): Gesture {
  const loose = { across: false, down: false };
  let start: Start | null = null;
  const follow = (x: number, y: number, event: PointerEvent) => {
    loose.across ||= Math.abs(x - x1) >= SLACK;
    loose.down ||= Math.abs(y - y1) >= SLACK;
    if (!loose.across && !loose.down) return;
    start ??= edits.isWaiting ? null : started(stage);
    if (!start) return;
    const { plan, held, moving, targets } = start;
    const [dx, dy] = straightened(loose.across ? x - x1 : 0, loose.down ? y - y1 : 0, event.shiftKey);
    const settings: SnapSettings = event.altKey ? { ...stage.snap, on: false } : stage.snap;
    const still = { time: held.time, to: "" };
    const to =
      dx === 0 || isTimeFixed(held) ? still : heldTime(held, dx / stage.axis.scale, stage.axis, targets, settings);
    const moves = shifted(plan, moving, { seconds: to.time - held.time, value: dy ? valueChange(stage, held, dy) : 0 });
    const now = moves.get(held.uid) ?? { time: held.time, value: held.value };
    const readout = { x, y, text: readoutOf(now, to.to) };
    stage.setMoves(moves, { guide: to.to ? { time: to.time, label: to.to } : null, readout });
  };
  return {
    move: follow,
    end: () => (loose.across || loose.down ? start && void edits.commitMoves() : click()),
    cancel: () => stage.setMoves(NO_MOVES),
  };
}

interface Start {
  plan: Plan;
  held: Item;
  moving: Item[];
  targets: SnapTargets;
}

/** What is dragged: known once no edit is on its way that may give things other ids. */
function started(stage: Stage): Start | null {
  const { plan, active } = stage;
  const held = active === null ? undefined : plan?.byUid.get(active);
  const moving = plan && held ? movable(plan, stage.selection, held) : [];
  if (!plan || !held || moving.length === 0) return null;
  return { plan, held, moving, targets: snapTargets(plan, moving, stage.playhead) };
}

function straightened(dx: number, dy: number, straight: boolean): [number, number] {
  if (!straight) return [dx, dy];
  return Math.abs(dx) >= Math.abs(dy) ? [dx, 0] : [0, dy];
}

/** In the unit of the held key; a folded row has no axis of values. */
function valueChange(stage: Stage, held: Item, dy: number): number {
  const row = stage.rows.find((one) => one.id === held.row);
  if (!isKey(held) || held.value === null || held.valueFixed || !row?.open || !stage.plan) return 0;
  const range = stage.plan.ranges[held.curve]!;
  const value = toValue(range, toY(range, held.value, row.height) + dy, row.height);
  return settled(value, stage.plan.timeline.curves[held.curve]!, range, row.height, held.step) - held.value;
}

function readoutOf(now: { time: number; value: number | null }, to: string): string {
  const value = now.value === null ? "" : ` · ${shortNumber(now.value)}`;
  return `${spokenTime(now.time)}${value}${to ? ` · ${to}` : ""}`;
}
