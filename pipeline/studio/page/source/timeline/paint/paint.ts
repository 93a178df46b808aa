/** One picture of the whole timeline: only what is in view is drawn. */

import { toX } from "../model/axis";
import { type Row, totalHeight } from "../model/rows";
import type { Scene } from "../model/scene";
import { spacing, visible } from "../model/ticks";
import type { Look, Waveform } from "../model/types";
import {
  type Pictures,
  paintGuides,
  paintLooks,
  paintMarkerLines,
  paintMarkers,
  paintPrompts,
  paintShots,
} from "./bands";
import { type Brush, clipped, horizontal, plate, strokeLines, vertical } from "./brush";
import { paintCurve, paintValueAxis } from "./curves";
import { paintRuler, paintRulerHeads, rulerHeight } from "./ruler";
import { paintMusic, paintSignal } from "./sound";
import type { Theme } from "./theme";

/** What a hand is doing, drawn over everything. */
export interface Overlay {
  /** Corners of the rubber band, in pixels of the scene. */
  rubber: { x1: number; y1: number; x2: number; y2: number } | null;
  /** The line that a moved key has snapped to. */
  guide: { time: number; label: string } | null;
  /** What the held key is at. */
  readout: { x: number; y: number; text: string } | null;
}

export interface Setting {
  width: number;
  height: number;
  gutter: number;
  scrollTop: number;
  wave: Waveform | null;
  looks: readonly Look[];
  pictures: Pictures;
  overlay: Overlay;
}

export function paint(brush: Brush, theme: Theme, scene: Scene, setting: Setting): void {
  const { width, height, gutter, scrollTop } = setting;
  const ruler = rulerHeight(scene.timeline.bars.length > 0);
  clipped(brush, 0, ruler, width, height - ruler, () => {
    brush.translate(0, ruler - scrollTop);
    const rows = scene.rows.filter((row) => row.y + row.height > scrollTop && row.y < scrollTop + height - ruler);
    paintRowGrounds(brush, theme, rows, width);
    for (const row of rows) if (row.kind === "curve") paintValueAxis(brush, theme, scene, row, gutter);
    clipped(brush, gutter, scrollTop, width - gutter, height, () => {
      brush.translate(gutter, 0);
      paintGrid(brush, theme, scene, rows);
      for (const row of rows) paintRow(brush, theme, scene, row, setting);
      paintMarkerLines(brush, theme, scene, totalHeight(scene.rows));
      paintOverlay(brush, theme, scene, setting);
    });
  });
  paintRulerHeads(brush, theme, gutter, scene.timeline.bars.length > 0);
  clipped(brush, gutter, 0, width - gutter, height, () => {
    brush.translate(gutter, 0);
    paintRuler(brush, theme, scene);
    paintPlayhead(brush, theme, scene, height);
  });
  strokeLines(brush, theme.strong, () => vertical(brush, gutter - 1, 0, height));
}

function paintRowGrounds(brush: Brush, theme: Theme, rows: readonly Row[], width: number): void {
  strokeLines(brush, theme.strong, () => {
    for (const row of rows) horizontal(brush, row.y + row.height - 1, 0, width);
  });
}

/** Bars through all rows, beats where they have room, and what lies past the end of the film darker. */
function paintGrid(brush: Brush, theme: Theme, scene: Scene, rows: readonly Row[]): void {
  const last = rows.at(-1);
  if (!last) return;
  const [top, bottom] = [rows[0]!.y, last.y + last.height];
  const { axis, timeline } = scene;
  for (const [times, colour, least] of [
    [timeline.beats, theme.beat, 10],
    [timeline.bars, theme.bar, 5],
  ] as const) {
    if (spacing(times) * axis.scale < least) continue;
    strokeLines(brush, colour, () => {
      for (const { at } of visible(axis, times)) vertical(brush, toX(axis, at), top, bottom);
    });
  }
  const end = toX(axis, axis.seconds);
  if (end < axis.width) {
    brush.fillStyle = theme.band;
    brush.fillRect(end, top, axis.width - end, bottom - top);
    strokeLines(brush, theme.strong, () => vertical(brush, end, top, bottom));
  }
}

function paintRow(brush: Brush, theme: Theme, scene: Scene, row: Row, setting: Setting): void {
  if (row.kind === "curve") paintCurve(brush, theme, scene, row);
  else if (row.kind === "prompts") paintPrompts(brush, theme, scene, row);
  else if (row.kind === "music") paintMusic(brush, theme, scene, row, setting.wave);
  else if (row.kind === "signal") paintSignal(brush, theme, scene, row);
  else if (row.kind === "markers") paintMarkers(brush, theme, scene, row);
  else if (row.kind === "shots") paintShots(brush, theme, scene, row);
  else if (row.kind === "guides") paintGuides(brush, theme, scene, row, setting.pictures);
  else paintLooks(brush, theme, scene, row, setting.looks, setting.pictures);
}

function paintOverlay(brush: Brush, theme: Theme, scene: Scene, setting: Setting): void {
  const { rubber, guide, readout } = setting.overlay;
  const bottom = setting.scrollTop + setting.height;
  if (guide) {
    const x = toX(scene.axis, guide.time);
    strokeLines(brush, theme.select, () => vertical(brush, x, setting.scrollTop, bottom));
  }
  if (rubber) {
    const [x, y] = [Math.min(rubber.x1, rubber.x2), Math.min(rubber.y1, rubber.y2)];
    const [w, h] = [Math.abs(rubber.x2 - rubber.x1), Math.abs(rubber.y2 - rubber.y1)];
    brush.globalAlpha = 0.15;
    brush.fillStyle = theme.accent;
    brush.fillRect(x, y, w, h);
    brush.globalAlpha = 1;
    strokeLines(brush, theme.accent, () => brush.rect(x + 0.5, y + 0.5, w, h));
  }
  if (readout) {
    const y = readout.y - 32 < setting.scrollTop ? readout.y + 14 : readout.y - 32;
    plate(brush, theme, readout.text, readout.x, y, scene.axis.width);
  }
}

function paintPlayhead(brush: Brush, theme: Theme, scene: Scene, height: number): void {
  const x = Math.round(toX(scene.axis, scene.playhead)) + 0.5;
  if (x < -8 || x > scene.axis.width + 8) return;
  const bottom = rulerHeight(scene.timeline.bars.length > 0);
  strokeLines(brush, theme.playhead, () => vertical(brush, x - 0.5, 0, height), 1.5);
  brush.fillStyle = theme.playhead;
  brush.beginPath();
  brush.moveTo(x - 5, bottom - 11);
  brush.lineTo(x + 5, bottom - 11);
  brush.lineTo(x + 5, bottom - 5);
  brush.lineTo(x, bottom);
  brush.lineTo(x - 5, bottom - 5);
  brush.fill();
}
