/** Times that a moved key is drawn to: the playhead, other keys, markers, bars, beats, and frames. */

import type { Axis } from "./axis";
import { firstAtLeast } from "./ticks";

export interface SnapSettings {
  on: boolean;
  beats: boolean;
  bars: boolean;
  frames: boolean;
  playhead: boolean;
  keys: boolean;
}

export const SNAP_ALL: SnapSettings = { on: true, beats: true, bars: true, frames: true, playhead: true, keys: true };

export interface SnapTargets {
  beats: readonly number[];
  bars: readonly number[];
  /** Keys, edges and markers that are not being moved, in ascending order. */
  keys: readonly number[];
  playhead: number;
}

export interface Snapped {
  time: number;
  /** What it snapped to, for the guide line; empty if to a frame or to nothing. */
  to: string;
}

/** Pixels within which a time is drawn to a target. */
const REACH = 7;

/** The time that `time` is drawn to. Nearer wins; at equal distance the playhead, then keys, bars and beats. */
export function snapped(time: number, axis: Axis, targets: SnapTargets, settings: SnapSettings): Snapped {
  if (!settings.on) return { time: resolved(time, axis), to: "" };
  const reach = REACH / axis.scale;
  const candidates: [boolean, readonly number[], string][] = [
    [settings.playhead, [targets.playhead], "playhead"],
    [settings.keys, targets.keys, "key"],
    [settings.bars, targets.bars, "bar"],
    [settings.beats, targets.beats, "beat"],
    [true, [0, axis.seconds], "end"],
  ];
  let best: Snapped | null = null;
  for (const [wanted, times, to] of candidates) {
    const near = wanted ? nearest(times, time) : null;
    if (near === null || Math.abs(near - time) > reach) continue;
    if (best === null || Math.abs(near - time) < Math.abs(best.time - time) - 1e-9) best = { time: near, to };
  }
  if (best) return best;
  return { time: settings.frames ? Math.round(time * axis.fps) / axis.fps : resolved(time, axis), to: "" };
}

/** As many decimals as one pixel can show, so that a free hand does not write digits that nobody chose. */
export function resolved(time: number, axis: Axis): number {
  const digits = Math.min(Math.max(Math.ceil(Math.log10(axis.scale)), 0), 3);
  return Number(time.toFixed(digits));
}

export function nearest(ascending: readonly number[], time: number): number | null {
  if (ascending.length === 0) return null;
  const after = firstAtLeast(ascending, time);
  if (after === 0) return ascending[0]!;
  if (after === ascending.length) return ascending[after - 1]!;
  return time - ascending[after - 1]! <= ascending[after]! - time ? ascending[after - 1]! : ascending[after]!;
}
