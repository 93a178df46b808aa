/** What the bar above the timeline holds. */

import type { Edits } from "../hand/edits";
import { clockLabel } from "../model/labels";
import type { SnapSettings } from "../model/snap";
import { fitted, frameAt, zoomed } from "../model/axis";
import type { Player } from "../player/player";
import type { Stage } from "./stage";
import { checkbox, group, popover, pressed, relabel, tool } from "./tools";

const SNAPS: [Exclude<keyof SnapSettings, "on">, string][] = [
  ["frames", "frames"],
  ["beats", "beats"],
  ["bars", "bars"],
  ["keys", "keys, edges and markers"],
  ["playhead", "playhead"],
];

const KEYS: [string, string][] = [
  ["Space", "play or pause"],
  [", .", "one frame back or on"],
  ["Arrow keys", "move what is selected by a frame or a step; with Shift ten times as far"],
  ["Tab", "next key; Escape, then Tab leaves the timeline"],
  ["Double click, K", "add a key where you click, or at the playhead"],
  ["E", "easing of the selected keys"],
  ["Delete", "remove the selected keys"],
  ["Ctrl+C X V", "copy, cut, paste at the playhead"],
  ["Ctrl+A", "select all keys of the curve"],
  ["Ctrl+Z, Ctrl+Y", "undo, redo: the same history as the text"],
  ["Enter", "edit the key's text"],
  ["Ctrl+wheel, + −", "zoom; F shows all; Shift+wheel scrolls"],
  ["S, Alt", "snapping on or off; Alt while dragging suspends it"],
  ["Shift while dragging", "only time or only value"],
];

export interface Toolbar {
  element: HTMLElement;
  showHelp(): void;
}

export function toolbar(stage: Stage, edits: Edits, player: Player, menu: (x: number, y: number) => void): Toolbar {
  const element = document.createElement("div");
  element.className = "tl-tools";
  const help = helpTool();
  const space = document.createElement("span");
  space.className = "tl-space";
  const keys = group(
    "Keys",
    tool("key", "Add a key at the playhead", "K", () => void edits.addAtPlayhead()),
    tool("easing", "Easing of the selected keys", "E", (button) => {
      const box = button.getBoundingClientRect();
      menu(box.left, box.bottom + 4);
    }),
  );
  element.append(playing(stage, player), space, snapping(stage), keys, zooming(stage), help.element);
  return { element, showHelp: help.show };
}

function playing(stage: Stage, player: Player): HTMLElement {
  const play = tool("play", "Play", "Space", () => player.toggle());
  const loop = tool("loop", "Loop", "", () => player.setLooping(!player.looping));
  const sound = tool("sound", "Mute", "", () => mute());
  const clock = document.createElement("span");
  clock.className = "tl-clock";
  const time = document.createElement("b");
  const rest = document.createElement("span");
  clock.append(time, rest);
  let muted = false;
  const mute = () => {
    muted = !muted;
    player.clock.setVolume(muted ? 0 : 1);
    relabel(sound, muted ? "mute" : "sound", muted ? "Unmute" : "Mute", "");
  };
  const show = () => {
    const on = player.clock.playing;
    relabel(play, on ? "pause" : "play", on ? "Pause" : "Play", "Space");
    pressed(loop, player.looping);
    sound.hidden = !player.clock.hasSound;
    time.textContent = clockLabel(stage.playhead);
    rest.textContent = ` / ${clockLabel(stage.axis.seconds)} · frame ${frameAt(stage.axis, stage.playhead)}`;
  };
  player.onChange(show);
  stage.onChange((change) => {
    if (change === "playhead" || change === "plan") show();
  });
  show();
  const back = tool("back", "One frame back", ",", () => player.step(-1));
  const on = tool("on", "One frame on", ".", () => player.step(1));
  return group("Playing", back, play, on, loop, sound, clock);
}

function snapping(stage: Stage): HTMLElement {
  const toggle = tool("magnet", "Snapping", "S", () => stage.setSnap({ ...stage.snap, on: !stage.snap.on }));
  const panel = document.createElement("div");
  panel.className = "tl-panel";
  panel.setAttribute("role", "group");
  panel.setAttribute("aria-label", "Snap to");
  const boxes = SNAPS.map(([name, label]) =>
    checkbox(label, stage.snap[name], (on) => stage.setSnap({ ...stage.snap, [name]: on })),
  );
  panel.append(heading("Snap to"), ...boxes);
  const more = document.createElement("button");
  more.type = "button";
  more.className = "tl-tool tl-more";
  more.setAttribute("aria-label", "What keys snap to");
  more.title = "What keys snap to";
  more.textContent = "▾";
  const show = () => pressed(toggle, stage.snap.on);
  stage.onChange((change) => {
    if (change === "snap") show();
  });
  show();
  return group("Snapping", toggle, popover(more, panel));
}

function zooming(stage: Stage): HTMLElement {
  const zoom = (factor: number) => stage.setAxis(zoomed(stage.axis, factor, stage.axis.width / 2));
  const { out, all, closer } = {
    out: tool("out", "Zoom out", "-", () => zoom(1 / 1.5)),
    all: tool("fit", "Show all", "F", () =>
      stage.setAxis(fitted(stage.axis.width, stage.axis.seconds, stage.axis.fps)),
    ),
    closer: tool("in", "Zoom in", "+", () => zoom(1.5)),
  };
  return group("Zoom", out, all, closer);
}

function helpTool(): { element: HTMLElement; show: () => void } {
  const panel = document.createElement("div");
  panel.className = "tl-panel tl-help";
  const list = document.createElement("dl");
  for (const [keys, what] of KEYS) {
    const term = document.createElement("dt");
    term.textContent = keys;
    const meaning = document.createElement("dd");
    meaning.textContent = what;
    list.append(term, meaning);
  }
  panel.append(heading("On the timeline"), list);
  const button = tool("help", "Keys and gestures", "?", () => undefined);
  return { element: popover(button, panel), show: () => button.click() };
}

function heading(text: string): HTMLElement {
  const element = document.createElement("p");
  element.className = "tl-heading";
  element.textContent = text;
  return element;
}
