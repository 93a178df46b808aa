/**
 * A curve as a line to draw. Between two plain keys the line is computed here, so that a jump is a jump at any zoom and
 * a moved key bends its curve at once; where the server's samples say otherwise (expressions), they are drawn.
 */

import { type Axis, toTime } from "./axis";
import { easing } from "./easings";
import type { Curve } from "./types";

export interface Knot {
  time: number;
  value: number;
  easing: string;
}

export interface Point {
  time: number;
  value: number;
}

/** Pixels between two computed points of an eased segment. */
const FINE = 3;

/** The value of the evenly spaced samples at a time; NaN where there is none. */
export function sampleAt(samples: readonly (number | null)[], seconds: number, time: number): number {
  if (samples.length < 2) return samples[0] ?? NaN;
  const place = Math.min(Math.max(time / seconds, 0), 1) * (samples.length - 1);
  const before = Math.min(Math.floor(place), samples.length - 2);
  const [a, b] = [samples[before] ?? NaN, samples[before + 1] ?? NaN];
  return place === before ? a : a + (b - a) * (place - before);
}

/** The value between knot `n - 1` and knot `n` of ascending knots. */
export function segmentAt(knots: readonly Knot[], n: number, time: number): number {
  const [a, b] = [knots[n - 1]!, knots[n]!];
  const share = (time - a.time) / Math.max(b.time - a.time, 1e-9);
  if (b.easing === "smooth") return hermite(a, b, slopeAt(knots, n - 1), slopeAt(knots, n), share);
  const ease = easing(b.easing) ?? ((x: number) => x);
  return a.value + (b.value - a.value) * ease(share);
}

/** For each knot whether the segment that ends there is drawn from its keys rather than from the samples. */
export function computedSegments(curve: Curve, seconds: number): boolean[] {
  const cached = computed.get(curve);
  if (cached) return cached;
  const knots = inOrder(curve);
  const values = curve.samples.filter((value) => value !== null);
  const spread = Math.max(...values) - Math.min(...values);
  const found = knots.map(
    (knot, n) => n > 0 && easing(knot.easing) !== null && agrees(curve, knots, n, seconds, spread),
  );
  computed.set(curve, found);
  return found;
}

const computed = new WeakMap<Curve, boolean[]>();

/** The text may name the times in any order. */
export function inOrder(curve: Curve): Curve["keys"] {
  return [...curve.keys].sort((a, b) => a.time - b.time);
}

/** Whether the samples strictly inside a segment lie on the line that its keys make. */
function agrees(curve: Curve, knots: readonly Knot[], n: number, seconds: number, spread: number): boolean {
  const last = curve.samples.length - 1;
  if (last < 1) return true;
  const from = Math.ceil((knots[n - 1]!.time / seconds) * last + 1e-6);
  const to = Math.floor((knots[n]!.time / seconds) * last - 1e-6);
  const stride = Math.max(1, Math.floor((to - from) / 8));
  for (let i = from; i <= to; i += stride) {
    const expected = segmentAt(knots, n, (i / last) * seconds);
    if (!(Math.abs(expected - (curve.samples[i] ?? NaN)) <= spread * 0.01 + 1e-9)) return false;
  }
  return true;
}

/**
 * The points of the line from the left to the right edge of the view.
 *
 * @param knots the keys as a hand has moved them, in ascending order of time
 * @param touched the segments whose ends were moved: these are computed even where they are expressions
 */
export function linePoints(curve: Curve, knots: readonly Knot[], axis: Axis, touched: readonly boolean[]): Point[] {
  const [left, right] = [Math.max(axis.start, 0), Math.min(toTime(axis, axis.width), axis.seconds)];
  if (knots.length === 0) return samplePoints(curve, axis.seconds, left, right);
  const points: Point[] = [];
  outside(points, curve, axis, left, Math.min(knots[0]!.time, right), touched[0], knots[0]!.value);
  const drawn = computedSegments(curve, axis.seconds);
  for (let n = 1; n < knots.length; n++) {
    const from = Math.max(left, knots[n - 1]!.time);
    const to = Math.min(right, knots[n]!.time);
    if (to <= from) continue;
    if (touched[n] || drawn[n]) segmentPoints(points, knots, n, from, to, axis.scale);
    else points.push(...samplePoints(curve, axis.seconds, from, to));
  }
  const last = knots[knots.length - 1]!;
  outside(points, curve, axis, Math.max(last.time, left), right, touched[knots.length], last.value);
  return points;
}

/** Before the first and after the last key: constant, unless the key is an expression, which goes on. */
function outside(
  points: Point[],
  curve: Curve,
  axis: Axis,
  from: number,
  to: number,
  touched: boolean | undefined,
  value: number,
): void {
  if (to <= from) return;
  if (touched) points.push({ time: from, value }, { time: to, value });
  else points.push(...samplePoints(curve, axis.seconds, from, to));
}

function segmentPoints(
  points: Point[],
  knots: readonly Knot[],
  n: number,
  from: number,
  to: number,
  scale: number,
): void {
  const end = knots[n]!;
  points.push({ time: from, value: segmentAt(knots, n, from) });
  if (end.easing === "hold") {
    points.push({ time: to, value: knots[n - 1]!.value });
    if (to === end.time) points.push({ time: to, value: end.value });
    return;
  }
  const steps = end.easing === "linear" ? 1 : Math.min(400, Math.max(2, Math.ceil(((to - from) * scale) / FINE)));
  for (let step = 1; step <= steps; step++) {
    const time = step === steps ? to : from + ((to - from) * step) / steps;
    points.push({ time, value: segmentAt(knots, n, time) });
  }
}

function samplePoints(curve: Curve, seconds: number, from: number, to: number): Point[] {
  const last = curve.samples.length - 1;
  const points: Point[] = [{ time: from, value: sampleAt(curve.samples, seconds, from) }];
  if (last > 0) {
    for (let i = Math.floor((from / seconds) * last) + 1; (i / last) * seconds < to; i++) {
      points.push({ time: (i / last) * seconds, value: curve.samples[i] ?? NaN });
    }
  }
  points.push({ time: to, value: sampleAt(curve.samples, seconds, to) });
  return points;
}

/**
 * The slope of the monotone cubic at a knot.
 *
 * Source: Fritsch and Butland (1984) as in scipy's PCHIP; the ends are flat, as in `pipeline/curves/curve.py`.
 */
function slopeAt(knots: readonly Knot[], n: number): number {
  if (n === 0 || n === knots.length - 1) return 0;
  const [a, b, c] = [knots[n - 1]!, knots[n]!, knots[n + 1]!];
  const [first, second] = [b.time - a.time, c.time - b.time];
  const [before, after] = [(b.value - a.value) / first, (c.value - b.value) / second];
  if (before * after <= 0) return 0;
  const [w1, w2] = [2 * second + first, second + 2 * first];
  return (w1 + w2) / (w1 / before + w2 / after);
}

function hermite(a: Knot, b: Knot, slopeA: number, slopeB: number, x: number): number {
  const span = b.time - a.time;
  const [square, cube] = [x * x, x * x * x];
  return (
    (2 * cube - 3 * square + 1) * a.value +
    (cube - 2 * square + x) * span * slopeA +
    (3 * square - 2 * cube) * b.value +
    (cube - square) * span * slopeB
  );
}
