/** The one axis of time: seconds to pixels and back, zoom and scroll. Pixels are CSS pixels from the left of the view. */

export interface Axis {
  /** The time at the left edge, in seconds. */
  start: number;
  /** Pixels that one second takes. */
  scale: number;
  /** Width of the view in pixels. */
  width: number;
  /** Length of the film in seconds. */
  seconds: number;
  /** Frames a second: no frame is drawn wider than `WIDEST_FRAME`. */
  fps: number;
}

const WIDEST_FRAME = 160;
/** Room beside the film's beginning and end, so that keys there can be seen whole and taken. */
const MARGIN = 16;

export function fitted(width: number, seconds: number, fps: number): Axis {
  const scale = smallestScale(width, seconds);
  return { start: -MARGIN / scale, scale, width, seconds, fps };
}

export function toX(axis: Axis, time: number): number {
  return (time - axis.start) * axis.scale;
}

export function toTime(axis: Axis, x: number): number {
  return axis.start + x / axis.scale;
}

export function scrolledTo(axis: Axis, start: number): Axis {
  const first = -MARGIN / axis.scale;
  const last = Math.max(first, axis.seconds - (axis.width - MARGIN) / axis.scale);
  return { ...axis, start: Math.min(Math.max(first, start), last) };
}

/** Zoom by `factor`; what is at pixel `x` stays there as far as the ends of the film allow it. */
export function zoomed(axis: Axis, factor: number, x: number): Axis {
  const held = toTime(axis, x);
  const widest = Math.max(WIDEST_FRAME * axis.fps, smallestScale(axis.width, axis.seconds));
  const scale = Math.min(Math.max(axis.scale * factor, smallestScale(axis.width, axis.seconds)), widest);
  return scrolledTo({ ...axis, scale }, held - x / scale);
}

/** Another width of the view or another film: what is shown stays, and a film that was fitted stays fitted. */
export function resized(axis: Axis, width: number, seconds: number, fps: number): Axis {
  if (isFitted(axis)) return fitted(width, seconds, fps);
  return zoomed({ ...axis, width, seconds, fps }, 1, 0);
}

export function isFitted(axis: Axis): boolean {
  return axis.scale <= smallestScale(axis.width, axis.seconds) * 1.0001;
}

/** Scroll as little as needed to show `time`, with a tenth of the view beside it. */
export function revealed(axis: Axis, time: number): Axis {
  const x = toX(axis, time);
  const edge = axis.width / 10;
  if (x >= 0 && x <= axis.width) return axis;
  return scrolledTo(axis, x < 0 ? time - edge / axis.scale : time - (axis.width - edge) / axis.scale);
}

/** Turn a page when the playhead leaves the view on the right or is before it. */
export function followed(axis: Axis, time: number): Axis {
  const x = toX(axis, time);
  return x >= 0 && x <= axis.width - MARGIN ? axis : scrolledTo(axis, time - 8 / axis.scale);
}

export function frameAt(axis: { fps: number; seconds: number }, time: number): number {
  const last = Math.max(0, Math.round(axis.seconds * axis.fps) - 1);
  return Math.min(Math.max(0, Math.floor(time * axis.fps + 1e-6)), last);
}

function smallestScale(width: number, seconds: number): number {
  return Math.max(1, width - 2 * MARGIN) / Math.max(seconds, 1e-3);
}
