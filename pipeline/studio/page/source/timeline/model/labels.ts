/** How times, values and things are written and spoken. */

import type { Curve, Key } from "./types";

/** `1:05`, or with as many decimals as `step` needs: `1:05.25`. */
export function secondsLabel(time: number, step = 1): string {
  const digits = decimals(step);
  const whole = Number(Math.abs(time).toFixed(digits));
  const minutes = Math.floor(whole / 60);
  const seconds = (whole - minutes * 60).toFixed(digits);
  const sign = time < 0 && whole > 0 ? "-" : "";
  if (minutes === 0) return `${sign}${seconds}s`;
  return `${sign}${minutes}:${seconds.padStart(digits ? digits + 3 : 2, "0")}`;
}

export function frameLabel(frame: number): string {
  return String(frame);
}

/** The display of the player: `0:04.250`, always as wide as the film's length needs. */
export function clockLabel(time: number): string {
  const milliseconds = Math.max(0, Math.round(time * 1000));
  const minutes = Math.floor(milliseconds / 60000);
  const rest = ((milliseconds - minutes * 60000) / 1000).toFixed(3).padStart(6, "0");
  return `${minutes}:${rest}`;
}

/** A value with the decimals that a change by `step` needs, and no more. */
export function valueLabel(value: number, step: number): string {
  const text = value.toFixed(Math.min(decimals(step), 9));
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
}

/** As short as it can be within about six digits: 1.02, 0.35, 1200. */
export function shortNumber(value: number): string {
  const rounded = Number(value.toPrecision(6));
  return String(Object.is(rounded, -0) ? 0 : rounded);
}

export function spokenTime(time: number): string {
  const rounded = Math.round(time * 1000) / 1000;
  return `${Number.isInteger(rounded) ? rounded.toFixed(1) : rounded} s`;
}

/** The name of a key for those who cannot see it: `zoom key at 4.0 s, 1.02, linear`. */
export function keyName(curve: Curve, key: Key): string {
  const locked = key.editable ? "" : `, value fixed: ${key.why || "cannot be edited here"}`;
  return `${curve.label} key at ${spokenTime(key.time)}, ${shortNumber(key.value)}, ${easingLabel(key.easing)}${locked}`;
}

/** `in_out_sine` as words. */
export function easingLabel(easing: string): string {
  return easing.startsWith("bezier") ? easing : easing.replaceAll("_", " ");
}

/** `1 key`, `3 keys`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The decimals that multiples of `step` have: 0 for 5, 2 for 0.25. */
export function decimals(step: number): number {
  for (let digits = 0; digits < 9; digits++) {
    const scaled = step * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * Math.max(1, scaled)) return digits;
  }
  return 9;
}
