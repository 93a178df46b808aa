/** The keyboard on the timeline: everything that the mouse can do. */

import { fitted, zoomed, toX } from "../model/axis";
import { isTimeFixed, keysBeside, movable, shifted } from "../model/drag";
import { type Item, isKey } from "../model/items";
import { NOTHING, walked } from "../model/selection";
import { nudgeStep } from "../model/values";
import type { Stage } from "../view/stage";
import type { Host } from "../host";
import type { Edits } from "./edits";

/** After the last arrow key: a held key is one edit, and one step of undo. */
const SETTLED = 250;

export interface KeyActions {
  cancel(): void;
  picked(item: Item): void;
  focusText(item: Item): void;
  menu(): void;
  seek(time: number): void;
  help(): void;
}

export class Keyboard {
  private timer = 0;

  constructor(
    private readonly stage: Stage,
    private readonly edits: Edits,
    private readonly host: Host,
    private readonly actions: KeyActions,
  ) {}

  /** Returns whether the key meant something here. */
  press(event: KeyboardEvent): boolean {
    if (!this.stage.plan) return false;
    const command = event.ctrlKey || event.metaKey;
    const done = command ? this.command(event) : event.altKey ? false : this.plain(event);
    if (done) event.preventDefault();
    return done;
  }

  /** What the arrow keys have moved goes into the text now: something else is about to happen. */
  settle(): void {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = 0;
    void this.edits.commitMoves();
  }

  private command(event: KeyboardEvent): boolean {
    this.settle();
    const letter = event.key.toLowerCase();
    if (letter === "z") return act(() => (event.shiftKey ? this.host.redo() : this.host.undo()));
    if (letter === "y") return act(() => this.host.redo());
    if (letter === "c") return act(() => this.edits.copy());
    if (letter === "x") return act(() => void this.edits.cut());
    if (letter === "v") return act(() => void this.edits.paste());
    if (letter === "a") return act(() => this.selectAll());
    return false;
  }

  private plain(event: KeyboardEvent): boolean {
    const nudge = NUDGES[event.key];
    if (nudge) return this.nudge(nudge, event.shiftKey ? 10 : 1);
    this.settle();
    const action = this.actionOf(event);
    return action ? act(action) : event.key === "Tab" && this.walk(event.shiftKey ? -1 : 1);
  }

  private actionOf(event: KeyboardEvent): (() => void) | null {
    const { axis, playhead } = this.stage;
    const active = this.activeItem();
    const actions: Record<string, () => void> = {
      " ": () => this.host.togglePlay(),
      ",": () => this.actions.seek(playhead - 1 / axis.fps),
      ".": () => this.actions.seek(playhead + 1 / axis.fps),
      Home: () => this.actions.seek(0),
      End: () => this.actions.seek(axis.seconds - 1 / axis.fps),
      Delete: () => void this.edits.remove(),
      Backspace: () => void this.edits.remove(),
      Insert: () => void this.edits.addAtPlayhead(),
      k: () => void this.edits.addAtPlayhead(),
      e: () => this.actions.menu(),
      s: () => this.stage.setSnap({ ...this.stage.snap, on: !this.stage.snap.on }),
      f: () => this.stage.setAxis(fitted(axis.width, axis.seconds, axis.fps)),
      "+": () => this.zoom(1.5),
      "=": () => this.zoom(1.5),
      "-": () => this.zoom(1 / 1.5),
      PageUp: () => this.page(-1),
      PageDown: () => this.page(1),
      "?": () => this.actions.help(),
    };
    if (event.key === "Escape") return () => this.escape();
    if (event.key === "Enter") return active ? () => this.actions.focusText(active) : null;
    return actions[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? null;
  }

  private activeItem(): Item | null {
    const { settled, active } = this.stage;
    return (active && settled?.byUid.get(active)) || null;
  }

  /** Tab goes from key to key; before the first and after the last one it leaves the timeline. */
  private walk(direction: 1 | -1): boolean {
    const { plan, active } = this.stage;
    const item = plan && active ? walked(plan.items, active, direction) : null;
    if (!item) return false;
    this.stage.select(new Set([item.uid]), item.uid);
    this.stage.reveal(item);
    this.actions.picked(item);
    return true;
  }

  private escape(): void {
    this.actions.cancel();
    this.stage.select(NOTHING, null);
  }

  private selectAll(): void {
    const { plan } = this.stage;
    const active = this.activeItem();
    if (!plan) return;
    const items = active && isKey(active) ? keysBeside(plan, active) : plan.items;
    this.stage.select(new Set(items.map((item) => item.uid)), active?.uid ?? null);
  }

  /** Around the playhead if it is in view, else around the middle. */
  private zoom(factor: number): void {
    const { axis, playhead } = this.stage;
    const x = toX(axis, playhead);
    this.stage.setAxis(zoomed(axis, factor, x >= 0 && x <= axis.width ? x : axis.width / 2));
  }

  private page(direction: number): void {
    const { axis } = this.stage;
    const start = axis.start + (direction * axis.width * 0.8) / axis.scale;
    this.stage.setAxis(zoomed({ ...axis, start }, 1, 0));
  }

  /** With nothing selected, the arrows move the playhead, or go to the first key. */
  private nudge({ across, up }: Nudge, times: number): boolean {
    const { settled: plan, axis } = this.stage;
    const moves = this.stage.held.hand;
    const active = this.held();
    if (!plan || !active) {
      if (across) this.actions.seek(this.stage.playhead + (across * times) / axis.fps);
      else this.enter();
      return true;
    }
    const moving = movable(plan, this.stage.selection, active);
    if (moving.length === 0) {
      this.actions.picked(active);
      return true;
    }
    const to = moves.get(active.uid) ?? active;
    const seconds =
      across && !isTimeFixed(active)
        ? frameBeside(to.time, across * times, axis.fps) - active.time
        : to.time - active.time;
    const step = isKey(active) ? nudgeStep(active.step, plan.ranges[active.curve]!) : 0;
    const value = (to.value ?? 0) - (active.value ?? 0) + up * times * step;
    this.stage.setMoves(shifted(plan, moving, { seconds, value }));
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.settle(), SETTLED);
    return true;
  }

  private enter(): void {
    const first = this.stage.plan?.items[0];
    if (!first) return;
    this.stage.select(new Set([first.uid]), first.uid);
    this.stage.reveal(first);
    this.actions.picked(first);
  }

  /** What the arrows move: the item that the keyboard is at if it is selected, else the first that is. */
  private held(): Item | null {
    const { settled, selection } = this.stage;
    const active = this.activeItem();
    if (active && selection.has(active.uid)) return active;
    return settled?.items.find((item) => selection.has(item.uid)) ?? null;
  }
}

interface Nudge {
  across: number;
  up: number;
}

const NUDGES: Record<string, Nudge> = {
  ArrowLeft: { across: -1, up: 0 },
  ArrowRight: { across: 1, up: 0 },
  ArrowUp: { across: 0, up: 1 },
  ArrowDown: { across: 0, up: -1 },
};

/** From between two frames to the next one; from a frame on to another frame. */
function frameBeside(time: number, frames: number, fps: number): number {
  const place = time * fps;
  const whole =
    Math.abs(place - Math.round(place)) < 1e-3 ? Math.round(place) : frames > 0 ? Math.floor(place) : Math.ceil(place);
  return (whole + frames) / fps;
}

function act(action: () => void): true {
  action();
  return true;
}
