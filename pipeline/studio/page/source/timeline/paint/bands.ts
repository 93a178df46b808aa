/** Rows of bands and signs: prompts with their fades, shots, markers, and pictures of guides and looks. */

import { toX } from "../model/axis";
import { type Row, LANE } from "../model/rows";
import { type Scene, laneY, promptAt, rowItems, shotAt } from "../model/scene";
import type { Look } from "../model/types";
import { type Brush, clipped, fitText, strokeLines, vertical, widthOf } from "./brush";
import { type Theme, hue } from "./theme";

/** Thumbnails, null while they load. */
export interface Pictures {
  /** Of a file in the opened folder. */
  ofFile(path: string): CanvasImageSource | null;
  at(address: string): CanvasImageSource | null;
}

export function paintPrompts(brush: Brush, theme: Theme, scene: Scene, row: Row): void {
  scene.timeline.prompts.forEach((_, index) => paintPrompt(brush, theme, scene, row, index));
  if (!row.open) return;
  for (const item of rowItems(scene, row)) {
    if (item.kind !== "edge") continue;
    const [x, top] = [toX(scene.axis, item.time), laneY(scene, row, item.band)];
    if (x < -8 || x > scene.axis.width + 8) continue;
    paintEdge(brush, theme, x, top, scene.selected.has(item.uid), item.editable);
  }
}

/** A trapezoid: its slopes are the fades. */
function paintPrompt(brush: Brush, theme: Theme, scene: Scene, row: Row, index: number): void {
  const { axis } = scene;
  const prompt = promptAt(scene, index);
  const [left, right] = [toX(axis, prompt.start), toX(axis, prompt.end)];
  if (right < 0 || left > axis.width) return;
  const [full, fading] = [toX(axis, prompt.start + prompt.fade_in), toX(axis, prompt.end - prompt.fade_out)];
  const top = laneY(scene, row, index) + 1;
  const bottom = top + LANE - 3;
  const colour = hue(theme, index);
  brush.beginPath();
  brush.moveTo(left, bottom);
  brush.lineTo(full, top);
  brush.lineTo(Math.max(full, fading), top);
  brush.lineTo(right, bottom);
  brush.closePath();
  brush.globalAlpha = 0.3;
  brush.fillStyle = colour;
  brush.fill();
  brush.globalAlpha = 1;
  brush.strokeStyle = colour;
  brush.lineWidth = 1;
  brush.stroke();
  if (row.open) paintPromptText(brush, theme, scene, index, top, Math.min(full, left + (right - left) / 2), right);
}

/** The text begins where the fade is over, or at the left of the view if the band began before it. */
function paintPromptText(
  brush: Brush,
  theme: Theme,
  scene: Scene,
  index: number,
  top: number,
  full: number,
  right: number,
): void {
  const { text, weight } = scene.timeline.prompts[index]!;
  const label = weight === 1 ? text : `${text} (${Number(weight.toPrecision(3))})`;
  brush.font = theme.font;
  const [first, last] = [
    Math.max(toX(scene.axis, promptAt(scene, index).start), 0) + 8,
    Math.min(right, scene.axis.width) - 8,
  ];
  // Prefer the level part; a text that needs the slope's room begins there.
  const level = full > last ? first : Math.max(full, 0) + 6;
  const start = Math.max(first, Math.min(level, last - Math.min(widthOf(brush, label), last - first)));
  brush.textAlign = "left";
  brush.textBaseline = "middle";
  brush.strokeStyle = theme.ground; // a slope may run through the letters
  brush.lineWidth = 3;
  brush.lineJoin = "round";
  brush.globalAlpha = 0.55;
  brush.strokeText(fitText(brush, label, last - start), start, top + LANE / 2 - 1);
  brush.globalAlpha = 1;
  brush.fillStyle = theme.text;
  brush.fillText(fitText(brush, label, last - start), start, top + LANE / 2 - 1);
}

/** A knob at the corner where a fade ends or begins: the text below it stays readable. */
function paintEdge(brush: Brush, theme: Theme, x: number, top: number, selected: boolean, editable: boolean): void {
  if (selected) strokeLines(brush, theme.select, () => vertical(brush, x - 0.5, top + 2, top + LANE - 2));
  brush.beginPath();
  brush.arc(x, top + 2, selected ? 5 : 3.5, 0, 2 * Math.PI);
  brush.fillStyle = selected ? theme.select : editable ? theme.text : theme.ground;
  brush.strokeStyle = editable ? theme.ground : theme.locked;
  brush.lineWidth = 1;
  brush.fill();
  brush.stroke();
}

export function paintShots(brush: Brush, theme: Theme, scene: Scene, row: Row): void {
  const { axis, timeline } = scene;
  timeline.shots.forEach((shot, index) => {
    const { start, end } = shotAt(scene, index);
    const [left, right] = [toX(axis, start), toX(axis, end)];
    if (right < 0 || left > axis.width) return;
    brush.globalAlpha = index % 2 ? 0.1 : 0.2;
    brush.fillStyle = theme.text;
    brush.fillRect(left, row.y + 2, right - left - 1, row.height - 4);
    brush.globalAlpha = 1;
    const x = Math.max(left, 0) + 6;
    label(brush, theme, fitText(withFont(brush, theme), shot.name, Math.min(right, axis.width) - x - 4), x, row);
    const [edge, knob] = [shot.edges[0], scene.byUid.get(`edge/${shot.edges[0]?.id}`)];
    if (edge && knob) paintGrip(brush, theme, right, row, scene.selected.has(knob.uid), edge.editable);
  });
}

/** A bar at a place that can be dragged sideways. */
function paintGrip(brush: Brush, theme: Theme, x: number, row: Row, selected: boolean, editable: boolean): void {
  brush.fillStyle = selected ? theme.select : editable ? theme.text : theme.locked;
  brush.beginPath();
  brush.roundRect(x - (selected ? 2.5 : 1.5), row.y + 3, selected ? 5 : 3, row.height - 7, 1.5);
  brush.fill();
}

/** Flags: a line through all rows is drawn by `paintMarkerLines`. */
export function paintMarkers(brush: Brush, theme: Theme, scene: Scene, row: Row): void {
  const items = [...rowItems(scene, row)].sort((a, b) => a.time - b.time);
  for (const [n, item] of items.entries()) {
    const x = toX(scene.axis, item.time);
    if (item.kind !== "marker" || x < -120 || x > scene.axis.width + 8) continue;
    const next = items[n + 1];
    const selected = scene.selected.has(item.uid);
    brush.fillStyle = selected ? theme.select : item.editable ? theme.accent : theme.locked;
    brush.beginPath();
    brush.moveTo(x, row.y + 3);
    brush.lineTo(x + 9, row.y + 7.5);
    brush.lineTo(x, row.y + 12);
    brush.lineTo(x, row.y + row.height);
    brush.lineTo(x - 1.5, row.y + row.height);
    brush.lineTo(x - 1.5, row.y + 3);
    brush.fill();
    const room = next ? toX(scene.axis, next.time) - x - 16 : Infinity;
    label(brush, theme, fitText(withFont(brush, theme), item.marker, room), x + 12, row);
  }
}

export function paintMarkerLines(brush: Brush, theme: Theme, scene: Scene, bottom: number): void {
  const row = scene.rows.find((one) => one.kind === "markers");
  if (!row) return;
  brush.save();
  brush.setLineDash([3, 3]);
  brush.globalAlpha = 0.6;
  strokeLines(brush, theme.accent, () => {
    for (const item of rowItems(scene, row))
      vertical(brush, toX(scene.axis, item.time) - 1, row.y + row.height, bottom);
  });
  brush.restore();
}

export function paintGuides(brush: Brush, theme: Theme, scene: Scene, row: Row, pictures: Pictures): void {
  for (const item of rowItems(scene, row)) {
    const guide = item.kind === "guide" ? scene.timeline.guides[item.guide] : undefined;
    if (!guide) continue;
    const [left, right] = [
      toX(scene.axis, Math.min(guide.start, item.time)),
      toX(scene.axis, Math.max(guide.end, item.time)),
    ];
    if (right < -160 || left > scene.axis.width) continue;
    brush.globalAlpha = 0.22;
    brush.fillStyle = theme.accent;
    brush.fillRect(left, row.y + row.height - 6, Math.max(2, right - left), 4);
    brush.globalAlpha = 1;
    const x = toX(scene.axis, item.time);
    if (row.open) paintPicture(brush, theme, row, x, 160, pictures.ofFile(guide.path));
    paintGrip(brush, theme, x, row, scene.selected.has(item.uid), item.editable);
  }
}

export function paintLooks(
  brush: Brush,
  theme: Theme,
  scene: Scene,
  row: Row,
  looks: readonly Look[],
  pictures: Pictures,
): void {
  for (const look of looks) {
    const x = toX(scene.axis, look.time);
    if (x < -100 || x > scene.axis.width + 100) continue;
    strokeLines(brush, theme.select, () => vertical(brush, x, row.y + 1, row.y + row.height - 1));
    if (row.open) paintPicture(brush, theme, row, x + 1, 160, pictures.at(look.picture));
  }
}

function paintPicture(
  brush: Brush,
  theme: Theme,
  row: Row,
  x: number,
  room: number,
  picture: CanvasImageSource | null,
): void {
  if (!picture) return;
  const source = picture as { width: number; height: number };
  const height = row.height - 4;
  const width = (height * source.width) / Math.max(1, source.height);
  clipped(brush, x, row.y + 2, Math.min(width, room), height, () =>
    brush.drawImage(picture, x, row.y + 2, width, height),
  );
  strokeLines(brush, theme.strong, () => brush.rect(x + 0.5, row.y + 2.5, Math.min(width, room) - 1, height - 1));
}

function withFont(brush: Brush, theme: Theme): Brush {
  brush.font = theme.small;
  return brush;
}

function label(brush: Brush, theme: Theme, text: string, x: number, row: Row): void {
  brush.fillStyle = theme.text;
  brush.textAlign = "left";
  brush.textBaseline = "middle";
  brush.fillText(text, x, row.y + row.height / 2 + 0.5);
}
