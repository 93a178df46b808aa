/** The ruler at the top: seconds, frames, and bars with beats. */

import { toX } from "../model/axis";
import type { Scene } from "../model/scene";
import { type Tick, barTicks, frameTicks, secondTicks } from "../model/ticks";
import { type Brush, horizontal, strokeLines, vertical, widthOf } from "./brush";
import type { Theme } from "./theme";

export const LINE = 18;

export function rulerHeight(hasBars: boolean): number {
  return LINE * (hasBars ? 3 : 2);
}

/** The brush's origin is the top left of the time area. */
export function paintRuler(brush: Brush, theme: Theme, scene: Scene): void {
  const { axis, timeline } = scene;
  const lines: Tick[][] = [secondTicks(axis), frameTicks(axis)];
  if (timeline.bars.length) lines.push(barTicks(axis, timeline.bars, timeline.beats));
  brush.fillStyle = theme.band;
  brush.fillRect(0, 0, axis.width, LINE * lines.length);
  lines.forEach((ticks, n) => paintLine(brush, theme, scene, ticks, n * LINE, n === 0));
  strokeLines(brush, theme.strong, () => horizontal(brush, LINE * lines.length - 1, 0, axis.width));
}

/** The names of the lines, in the column of heads. */
export function paintRulerHeads(brush: Brush, theme: Theme, gutter: number, hasBars: boolean): void {
  const names = ["time", "frames", ...(hasBars ? ["bars"] : [])];
  brush.font = theme.small;
  brush.fillStyle = theme.muted;
  brush.textAlign = "right";
  brush.textBaseline = "middle";
  names.forEach((name, n) => brush.fillText(name, gutter - 8, n * LINE + LINE / 2 + 0.5));
}

function paintLine(brush: Brush, theme: Theme, scene: Scene, ticks: Tick[], top: number, strong: boolean): void {
  const { axis } = scene;
  strokeLines(brush, theme.line, () => {
    for (const tick of ticks) {
      if (!tick.label) vertical(brush, toX(axis, tick.at), top + LINE - 4, top + LINE - 1);
    }
  });
  strokeLines(brush, theme.strong, () => {
    for (const tick of ticks) if (tick.label) vertical(brush, toX(axis, tick.at), top + LINE - 10, top + LINE - 1);
  });
  brush.font = theme.small;
  brush.fillStyle = strong ? theme.text : theme.muted;
  brush.textAlign = "left";
  brush.textBaseline = "middle";
  for (const tick of ticks) {
    const x = toX(axis, tick.at) + 6;
    if (tick.label && x + widthOf(brush, tick.label) <= axis.width) brush.fillText(tick.label, x, top + LINE / 2 + 0.5);
  }
}
