/** Rows of curves: the line, its keys, and the axis of its values. */

import { toX } from "../model/axis";
import { isKey } from "../model/items";
import { linePoints } from "../model/path";
import type { Row } from "../model/rows";
import { type Scene, curveOf, knotsOf, rowItems } from "../model/scene";
import { valueTicks } from "../model/ticks";
import { toY } from "../model/values";
import { type Brush, clipped, diamond, horizontal, strokeLines } from "./brush";
import { type Theme, hue } from "./theme";

export function paintCurve(brush: Brush, theme: Theme, scene: Scene, row: Row): void {
  if (row.open) {
    const { axis } = scene;
    clipped(brush, 0, row.y, axis.width, row.height, () => {
      strokeLines(brush, theme.line, () => {
        for (const tick of ticksOf(scene, row)) horizontal(brush, row.y + valueY(scene, row, tick.at), 0, axis.width);
      });
      paintLine(brush, theme, scene, row);
    });
  }
  paintKeys(brush, theme, scene, row);
}

/** The labels of the axis, right-aligned in the column of heads. */
export function paintValueAxis(brush: Brush, theme: Theme, scene: Scene, row: Row, gutter: number): void {
  if (!row.open) return;
  brush.font = theme.small;
  brush.fillStyle = theme.muted;
  brush.textAlign = "right";
  brush.textBaseline = "middle";
  for (const tick of ticksOf(scene, row)) {
    brush.fillText(tick.label, gutter - 8, row.y + valueY(scene, row, tick.at) + 0.5);
  }
}

function ticksOf(scene: Scene, row: Row) {
  const { low, high } = scene.ranges[row.index]!;
  return valueTicks(low, high, row.height);
}

function valueY(scene: Scene, row: Row, value: number): number {
  return toY(scene.ranges[row.index]!, value, row.height);
}

function paintLine(brush: Brush, theme: Theme, scene: Scene, row: Row): void {
  const { keys, touched } = knotsOf(scene, row);
  const knots = keys.map(({ time, value, easing }) => ({ time, value: value ?? 0, easing }));
  brush.beginPath();
  let drawing = false;
  for (const point of linePoints(curveOf(scene, row), knots, scene.axis, touched)) {
    const [x, y] = [toX(scene.axis, point.time), row.y + valueY(scene, row, point.value)];
    if (drawing) brush.lineTo(x, y);
    else brush.moveTo(x, y);
    drawing = !Number.isNaN(point.value); // a shot that does not set it is a gap
  }
  brush.strokeStyle = hue(theme, row.index);
  brush.lineWidth = 1.75;
  brush.lineJoin = "round";
  brush.stroke();
}

/** Selected keys last, so that they lie on top; a key dragged past the range stays at the edge of its row. */
function paintKeys(brush: Brush, theme: Theme, scene: Scene, row: Row): void {
  const keys = rowItems(scene, row).filter(isKey);
  for (const pass of [false, true]) {
    for (const key of keys) {
      const x = toX(scene.axis, key.time);
      if (scene.selected.has(key.uid) !== pass || x < -8 || x > scene.axis.width + 8) continue;
      const y = row.open ? valueY(scene, row, key.value ?? 0) : row.height / 2;
      const inside = Math.min(Math.max(y, 4), row.height - 4);
      diamond(brush, theme, x, row.y + inside, hue(theme, row.index), { selected: pass, locked: !key.editable });
    }
  }
}
