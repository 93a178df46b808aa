/** Where a ruler has marks, and which of them are labelled. */

import { type Axis, toTime } from "./axis";
import { frameLabel, secondsLabel, valueLabel } from "./labels";

export interface Tick {
  /** Seconds for a ruler of time, the value for an axis of values. */
  at: number;
  /** Empty for a small mark. */
  label: string;
}

const SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const FRAMES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];
const BARS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Seconds with labels at least `gap` pixels apart, and up to five smaller marks between two of them. */
export function secondTicks(axis: Axis, gap = 70): Tick[] {
  const step = stepFor(SECONDS, gap / axis.scale);
  return evenTicks(axis, step, minorOf(SECONDS, step), (time) => secondsLabel(time, step));
}

export function frameTicks(axis: Axis, gap = 60): Tick[] {
  const step = stepFor(FRAMES, (gap / axis.scale) * axis.fps);
  return evenTicks(axis, step / axis.fps, minorOf(FRAMES, step) / axis.fps, (time) =>
    frameLabel(Math.round(time * axis.fps)),
  );
}

/** Bars, numbered from 0 as the language counts them, and beats between them where they have room. */
export function barTicks(axis: Axis, bars: readonly number[], beats: readonly number[], gap = 44): Tick[] {
  const wide = stepFor(BARS, gap / axis.scale / spacing(bars));
  const found = visible(axis, bars).map(({ at, index }) => ({ at, label: index % wide ? "" : String(index) }));
  if (spacing(beats) * axis.scale < 6) return found;
  const onBar = new Set(bars.map((at) => at.toFixed(4)));
  const small = visible(axis, beats).filter(({ at }) => !onBar.has(at.toFixed(4)));
  return [...found, ...small.map(({ at }) => ({ at, label: "" }))];
}

/** Round values from low to high, about `height / 26` of them, and at least two. */
export function valueTicks(low: number, high: number, height: number): Tick[] {
  const steps = [1, 0.5, 0.2].map((share) => roundStep((share * (high - low)) / Math.max(1.5, height / 26)));
  return steps.map((step) => roundValues(low, high, step)).find((ticks) => ticks.length > 1) ?? [];
}

function roundValues(low: number, high: number, step: number): Tick[] {
  const ticks: Tick[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) {
    ticks.push({ at: n * step, label: valueLabel(n * step, step) });
  }
  return ticks;
}

/** 1, 2 or 5 times a power of ten, not smaller than `least`. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-12)));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Those of ascending times that lie in the view, with one more on either side. */
export function visible(axis: Axis, times: readonly number[]): { at: number; index: number }[] {
  const from = Math.max(0, firstAtLeast(times, axis.start) - 1);
  const last = toTime(axis, axis.width);
  const found: { at: number; index: number }[] = [];
  for (let index = from; index < times.length; index++) {
    found.push({ at: times[index]!, index });
    if (times[index]! > last) break;
  }
  return found;
}

/** The index of the first of ascending numbers that is at least `least`; their count if there is none. */
export function firstAtLeast(ascending: readonly number[], least: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The median distance of neighbours: tempo may change, and one gap says nothing. */
export function spacing(times: readonly number[]): number {
  if (times.length < 2) return Infinity;
  return Math.max(1e-6, (times[times.length - 1]! - times[0]!) / (times.length - 1));
}

function stepFor(steps: readonly number[], least: number): number {
  return steps.find((step) => step >= least) ?? steps[steps.length - 1]!;
}

function minorOf(steps: readonly number[], step: number): number {
  return [...steps].reverse().find((other) => other < step && step / other >= 2 && isWhole(step / other)) ?? step;
}

function isWhole(number: number): boolean {
  return Math.abs(number - Math.round(number)) < 1e-6 && Math.round(number) <= 5;
}

function evenTicks(axis: Axis, step: number, minor: number, label: (time: number) => string): Tick[] {
  const ratio = Math.round(step / minor);
  const last = Math.min(toTime(axis, axis.width), axis.seconds);
  const ticks: Tick[] = [];
  for (let n = Math.max(0, Math.floor(axis.start / minor)); n * minor <= last + 1e-9; n++) {
    ticks.push({ at: n * minor, label: n % ratio ? "" : label(n * minor) });
  }
  return ticks;
}
