/** The rows of music: waveform with its sections, and signals. */

import { toTime, toX } from "../model/axis";
import { sampleAt } from "../model/path";
import type { Row } from "../model/rows";
import type { Scene } from "../model/scene";
import type { Waveform } from "../model/types";
import { type Brush, clipped, fitText, strokeLines, vertical } from "./brush";
import { type Theme, hue } from "./theme";

const LABELS = 15;

export function paintMusic(brush: Brush, theme: Theme, scene: Scene, row: Row, wave: Waveform | null): void {
  const named = row.open && scene.timeline.sections.length > 0;
  if (wave) paintWave(brush, theme, scene, wave, row.y + (named ? LABELS : 2), row.height - (named ? LABELS : 2) - 3);
  if (named || !wave) paintSections(brush, theme, scene, row);
}

/** One column a pixel, from the lowest to the highest peak inside it. */
function paintWave(brush: Brush, theme: Theme, scene: Scene, wave: Waveform, top: number, height: number): void {
  const { axis, timeline } = scene;
  const offset = timeline.music?.start ?? 0;
  const middle = top + height / 2;
  const last = Math.min(axis.width, toX(axis, axis.seconds));
  brush.fillStyle = theme.wave;
  for (let x = Math.max(0, Math.floor(toX(axis, 0))); x < last; x++) {
    const from = Math.max(0, Math.floor((toTime(axis, x) + offset) * wave.rate));
    const to = Math.min(wave.high.length, Math.max(from + 1, Math.floor((toTime(axis, x + 1) + offset) * wave.rate)));
    let [low, high] = [0, 0];
    for (let i = from; i < to; i++) {
      if (wave.low[i]! < low) low = wave.low[i]!;
      if (wave.high[i]! > high) high = wave.high[i]!;
    }
    const [up, down] = [(high * height) / 2, (-low * height) / 2];
    brush.fillRect(x, middle - up, 1, Math.max(1, up + down));
  }
}

function paintSections(brush: Brush, theme: Theme, scene: Scene, row: Row): void {
  const { axis, timeline } = scene;
  brush.font = theme.small;
  brush.textAlign = "left";
  brush.textBaseline = "middle";
  for (const section of timeline.sections) {
    const [left, right] = [toX(axis, section.start), toX(axis, section.end)];
    if (right < 0 || left > axis.width) continue;
    strokeLines(brush, theme.muted, () => vertical(brush, left, row.y, row.y + row.height));
    const x = Math.max(left, 0) + 5;
    brush.fillStyle = theme.muted;
    brush.fillText(fitText(brush, section.label, right - x - 4), x, row.y + LABELS / 2 + 1);
  }
}

/** From its lowest to its highest value, filled down to zero or to the lowest one. */
export function paintSignal(brush: Brush, theme: Theme, scene: Scene, row: Row): void {
  const { axis, timeline } = scene;
  const signal = timeline.signals[row.index]!;
  const values = signal.values.map((value) => value ?? 0);
  const [low, high] = [Math.min(0, ...values), Math.max(1e-6, ...values)];
  const height = row.height - 6;
  const y = (value: number) => row.y + 3 + (1 - (value - low) / (high - low)) * height;
  const last = Math.min(axis.width, toX(axis, axis.seconds));
  const colour = hue(theme, row.index + 2);
  clipped(brush, 0, row.y, axis.width, row.height, () => {
    const first = Math.max(0, Math.floor(toX(axis, 0)));
    brush.beginPath();
    brush.moveTo(first, y(low));
    for (let x = first; x <= last; x++) brush.lineTo(x, y(sampleAt(values, axis.seconds, toTime(axis, x))));
    brush.lineTo(last, y(low));
    brush.globalAlpha = 0.55;
    brush.fillStyle = colour;
    brush.fill();
    brush.globalAlpha = 1;
  });
}
