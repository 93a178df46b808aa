/** A canvas in CSS pixels, sharp on every screen, and the few marks that all rows are drawn with. */

import type { Theme } from "./theme";

export type Brush = CanvasRenderingContext2D;

/** Fit the canvas's memory to its size on the screen; returns its size in CSS pixels. */
export function fitCanvas(canvas: HTMLCanvasElement, width: number, height: number): Brush {
  const density = window.devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * density)), Math.max(1, Math.round(height * density))];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const brush = canvas.getContext("2d", { alpha: false });
  if (!brush) throw new Error("this browser has no 2d canvas");
  brush.setTransform(density, 0, 0, density, 0, 0);
  return brush;
}

/** A line one pixel wide that does not blur over two. */
export function vertical(brush: Brush, x: number, top: number, bottom: number): void {
  const sharp = Math.round(x) + 0.5;
  brush.moveTo(sharp, top);
  brush.lineTo(sharp, bottom);
}

export function horizontal(brush: Brush, y: number, left: number, right: number): void {
  const sharp = Math.round(y) + 0.5;
  brush.moveTo(left, sharp);
  brush.lineTo(right, sharp);
}

export function strokeLines(brush: Brush, colour: string, draw: () => void, width = 1): void {
  brush.strokeStyle = colour;
  brush.lineWidth = width;
  brush.beginPath();
  draw();
  brush.stroke();
}

/** Clip to a rectangle while `draw` runs. */
export function clipped(brush: Brush, x: number, y: number, width: number, height: number, draw: () => void): void {
  brush.save();
  brush.beginPath();
  brush.rect(x, y, width, height);
  brush.clip();
  draw();
  brush.restore();
}

/** Text that fits `room` pixels, cut with an ellipsis; nothing if not even three letters fit. */
export function fitText(brush: Brush, text: string, room: number): string {
  if (room < 14) return "";
  const whole = widthOf(brush, text);
  if (whole <= room) return text;
  const fits = Math.floor((text.length * (room - 8)) / whole);
  return fits < 3 ? "" : `${text.slice(0, fits).trimEnd()}…`;
}

const widths = new Map<string, number>();

export function widthOf(brush: Brush, text: string): number {
  const key = `${brush.font}/${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  if (widths.size > 5000) widths.clear();
  const width = brush.measureText(text).width;
  widths.set(key, width);
  return width;
}

/** A key: a diamond, larger when selected, hollow if it cannot be edited here. */
export function diamond(brush: Brush, theme: Theme, x: number, y: number, colour: string, look: KeyLook): void {
  const size = look.selected ? 6.5 : 5;
  brush.beginPath();
  brush.moveTo(x, y - size);
  brush.lineTo(x + size, y);
  brush.lineTo(x, y + size);
  brush.lineTo(x - size, y);
  brush.closePath();
  brush.fillStyle = look.locked ? theme.ground : look.selected ? theme.select : colour;
  brush.strokeStyle = look.selected ? theme.text : look.locked ? theme.locked : theme.ground;
  brush.lineWidth = look.selected || look.locked ? 1.5 : 1;
  brush.fill();
  brush.stroke();
}

export interface KeyLook {
  selected: boolean;
  locked: boolean;
}

/** A label on a plate, kept inside the view: for what a hand is doing right now. */
export function plate(brush: Brush, theme: Theme, text: string, x: number, y: number, right: number): void {
  brush.font = theme.small;
  const width = widthOf(brush, text) + 12;
  const left = Math.min(Math.max(x - width / 2, 2), right - width - 2);
  brush.fillStyle = theme.text;
  brush.beginPath();
  brush.roundRect(left, y, width, 18, 4);
  brush.fill();
  brush.fillStyle = theme.ground;
  brush.textBaseline = "middle";
  brush.textAlign = "left";
  brush.fillText(text, left + 6, y + 9.5);
}
