/** A small film for the tests: twelve seconds at 12 fps, 120 bpm, two curves, three prompts. */

import type {
  Curve,
  Edge,
  Key,
  Prompt,
  Timeline,
} from "../../../../../pipeline/studio/page/source/timeline/model/types";

export function key(id: string, time: number, value: number, easing = "linear"): Key {
  const span = { from: Math.round(time * 10), to: Math.round(time * 10) + 3 };
  const spans = { time_span: span, value_span: { from: span.from + 5, to: span.to + 5 }, easing_span: null };
  return { id, time, value, easing, ...spans, editable: true, time_editable: true, why: "", step: 0.01 };
}

const OPEN = { constant: false, addable: true, why: "" };

export function curve(path: string, keys: Key[], samples: number[] = [0, 1]): Curve {
  return { path, label: path.split(".").at(-1) ?? path, unit: "/s", low: null, high: null, ...OPEN, samples, keys };
}

function edge(number: number, kind: Edge["kind"], time: number): Edge {
  return { id: `prompts[${number}]`, kind, time, span: null, editable: true, why: "" };
}

function prompt(text: string, start: number, end: number, fade_in: number, fade_out: number, edges: Edge[]): Prompt {
  return { text, track: 0, start, end, fade_in, fade_out, weight: 1, span: null, edges };
}

export function film(changes: Partial<Timeline> = {}): Timeline {
  const every = (step: number) => Array.from({ length: Math.floor(12 / step) + 1 }, (_, n) => n * step);
  return {
    fps: 12,
    frames: 144,
    seconds: 12,
    loop: false,
    beats: every(0.5),
    bars: every(2),
    sections: [],
    signals: [],
    music: null,
    markers: [{ name: "drop", time: 8, span: { from: 90, to: 92 }, editable: true, why: "" }],
    shots: [],
    guides: [],
    prompts: [
      prompt("a sea", 0, 5, 0, 4, [edge(0, "start", 0), edge(1, "end", 1)]),
      prompt("a sunset", 1, 10, 4, 3, [edge(2, "start", 5), edge(3, "end", 7)]),
      prompt("a night", 7, 12, 3, 0, [edge(4, "start", 10)]),
    ],
    curves: [
      curve("motion.zoom", [
        key("motion.zoom[0]", 0, 1),
        key("motion.zoom[1]", 4, 1.02),
        key("motion.zoom[2]", 8, 1.1),
      ]),
      curve("motion.rotate", [key("motion.rotate[0]", 2, 10), key("motion.rotate[1]", 6, -10)]),
    ],
    ...changes,
  };
}
