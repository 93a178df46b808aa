/** The motion preview in its pane: the frame at the playhead, as large as fits. */

import type { Studio } from "../../store/studio";
import { playerOf } from "./player";

/** Milliseconds before a missing frame is worth a word. */
const PATIENCE = 500;

export function mountPicture(host: HTMLElement, studio: Studio): void {
  const player = playerOf(studio);
  const canvas = document.createElement("canvas");
  canvas.className = "player-picture";
  canvas.setAttribute("role", "img");
  const message = document.createElement("p");
  message.className = "player-message";
  host.classList.add("player");
  host.append(canvas, message);
  let waiting = false;
  let waitingSince = 0;
  let shown = "";
  const draw = () => {
    waiting = false;
    const { frame, frames, problem } = player;
    const exact = frames?.at(frame) ?? null;
    const picture = exact ?? frames?.near(frame) ?? null;
    waitingSince = exact || !studio.store.get().timeline ? 0 : waitingSince || performance.now();
    const late = waitingSince > 0 && performance.now() - waitingSince > PATIENCE;
    message.textContent = problem ? `No preview: ${problem}` : late ? "Making the preview…" : "";
    if (waitingSince && !late) window.setTimeout(ask, PATIENCE);
    canvas.setAttribute("aria-label", `Motion preview, frame ${frame}`);
    if (!picture) return;
    const name = `${exact ? frame : "near"}/${canvas.width}`;
    if (name === shown && exact && canvas.dataset["frame"] === String(frame)) return;
    shown = name;
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      [canvas.width, canvas.height] = [picture.width, picture.height];
    }
    canvas.getContext("2d", { alpha: false })?.drawImage(picture, 0, 0);
    canvas.dataset["frame"] = exact ? String(frame) : "";
  };
  const ask = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  };
  player.onChange(ask);
  ask();
}
