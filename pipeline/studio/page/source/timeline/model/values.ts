/** The axis of values of one curve: its range, pixels and back, and how finely a hand can set a value. */

import { roundStep } from "./ticks";
import type { Curve } from "./types";

export interface Range {
  low: number;
  high: number;
}

/** Space above and below a curve in its row, in pixels: a key at the limit is still a whole key. */
export const PADDING = 10;

/** What the curve and its keys reach; a flat one gets room on both sides. */
export function rangeOf(curve: Curve): Range {
  let [low, high] = [Infinity, -Infinity];
  for (const value of curve.samples) {
    if (value === null) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  for (const { value } of curve.keys) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!Number.isFinite(low)) return { low: 0, high: 1 };
  const least = Math.max(4 * (curve.keys[0]?.step ?? 0), Math.abs(high) * 0.02, 1e-6);
  if (high - low >= least) return { low, high };
  const middle = (low + high) / 2;
  return within({ low: middle - least / 2, high: middle + least / 2 }, curve);
}

export function toY(range: Range, value: number, height: number): number {
  return PADDING + ((range.high - value) / (range.high - range.low)) * (height - 2 * PADDING);
}

export function toValue(range: Range, y: number, height: number): number {
  return range.high - ((y - PADDING) / Math.max(1, height - 2 * PADDING)) * (range.high - range.low);
}

/** Round to what one pixel can tell apart, at most to `step`, and keep within the setting's limits. */
export function settled(value: number, curve: Curve, range: Range, height: number, step: number): number {
  const perPixel = (range.high - range.low) / Math.max(1, height - 2 * PADDING);
  const fine = 10 ** Math.floor(Math.log10(Math.max(perPixel, 1e-9)));
  return limited(roundTo(value, step > 0 ? Math.min(step, fine) : fine), curve);
}

export function limited(value: number, curve: { low: number | null; high: number | null }): number {
  return Math.min(Math.max(value, curve.low ?? -Infinity), curve.high ?? Infinity);
}

/** The nearest multiple of `step`, without the binary dust of a product. */
export function roundTo(value: number, step: number): number {
  const rounded = Number((Math.round(value / step) * step).toPrecision(12));
  return Object.is(rounded, -0) ? 0 : rounded;
}

/** The step of the arrow keys: the setting's own, or a hundredth of what the curve reaches. */
export function nudgeStep(step: number, range: Range): number {
  return step > 0 ? step : roundStep((range.high - range.low) / 100);
}

function within(range: Range, curve: Curve): Range {
  const shift = Math.max(0, (curve.low ?? -Infinity) - range.low) - Math.max(0, range.high - (curve.high ?? Infinity));
  return Number.isFinite(shift) ? { low: range.low + shift, high: range.high + shift } : range;
}
