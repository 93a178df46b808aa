/** A small film for the tests: twelve seconds at 12 fps, 120 bpm, two curves, three prompts. */

import type { Curve, Key, Timeline } from "../../../pipeline/studio/page/source/timeline/model/types";

export function key(id: string, time: number, value: number, easing = "linear"): Key {
  const span = { from: Math.round(time * 10), to: Math.round(time * 10) + 3 };
  const spans = { time_span: span, value_span: { from: span.from + 5, to: span.to + 5 }, easing_span: null };
  return { id, time, value, easing, ...spans, editable: true, why: "", step: 0.01 };
}

export function curve(path: string, keys: Key[], samples: number[] = [0, 1]): Curve {
  return { path, label: path.split(".").at(-1) ?? path, unit: "/s", low: null, high: null, samples, keys };
}

export function film(changes: Partial<Timeline> = {}): Timeline {
  const every = (step: number) => Array.from({ length: Math.floor(12 / step) + 1 }, (_, n) => n * step);
  return {
    fps: 12, frames: 144, seconds: 12, loop: false, beats: every(0.5), bars: every(2), sections: [], signals: [],
    music: null, markers: [{ name: "drop", time: 8, span: { from: 90, to: 92 } }], shots: [], guides: [],
    prompts: [
      { text: "a sea", track: 0, start: 0, end: 5, fade_in: 0, fade_out: 4, weight: 1, edges: [] },
      { text: "a sunset", track: 0, start: 1, end: 10, fade_in: 4, fade_out: 3, weight: 1, edges: [] },
      { text: "a night", track: 0, start: 7, end: 12, fade_in: 3, fade_out: 0, weight: 1, edges: [] },
    ],
    curves: [
      curve("motion.zoom", [key("motion.zoom[0]", 0, 1), key("motion.zoom[1]", 4, 1.02), key("motion.zoom[2]", 8, 1.1)]),
      curve("motion.rotate", [key("motion.rotate[0]", 2, 10), key("motion.rotate[1]", 6, -10)]),
    ],
    ...changes,
  };
}
