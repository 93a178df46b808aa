/** The mouse and the pen on the canvas: each press becomes one gesture, which moves, and ends or is given up. */

import { zoomed } from "../model/axis";
import { heldTime, snapTargets } from "../model/drag";
import { type Hit, hitAt } from "../model/hits";
import { type Item, isKey } from "../model/items";
import { clicked } from "../model/selection";
import { settled } from "../model/values";
import { GUTTER, type Stage } from "../view/stage";
import type { Edits } from "./edits";
import { type Gesture, banding, dragging, panning, scrubbing } from "./gestures";

export interface Actions {
  seek(time: number): void;
  /** Show a prompt's or a look's text or picture. */
  open(hit: Hit): void;
  picked(item: Item): void;
  menu(x: number, y: number): void;
  hover(hit: Hit | null, x: number, y: number): void;
}

export class Pointer {
  private gesture: Gesture | null = null;

  constructor(
    private readonly stage: Stage,
    private readonly edits: Edits,
    private readonly surface: HTMLElement,
    private readonly actions: Actions,
  ) {
    surface.addEventListener("pointerdown", (event) => this.press(event));
    surface.addEventListener("pointermove", (event) => this.move(event));
    surface.addEventListener("pointerup", () => this.finish());
    surface.addEventListener("pointercancel", () => this.cancel());
    surface.addEventListener("pointerleave", () => this.actions.hover(null, 0, 0));
    surface.addEventListener("dblclick", (event) => this.double(event));
    surface.addEventListener("contextmenu", (event) => this.context(event));
    surface.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  get isHolding(): boolean {
    return this.gesture !== null;
  }

  /** Escape: everything is as it was before the press. */
  cancel(): void {
    this.gesture?.cancel();
    this.gesture = null;
    this.stage.setOverlay({ rubber: null, guide: null, readout: null });
  }

  private place(event: MouseEvent): { x: number; y: number } {
    const box = this.surface.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - GUTTER, event.clientY - box.top];
    return { x, y: y - this.stage.ruler + this.stage.scrollTop };
  }

  private hit(event: MouseEvent): Hit | null {
    const scene = this.stage.scene;
    const { x, y } = this.place(event);
    const touch = "pointerType" in event && event.pointerType === "touch";
    return (
      scene &&
      hitAt(
        scene,
        x,
        y,
        this.stage.looks.map((look) => look.time),
        touch,
      )
    );
  }

  private isOnRuler(event: MouseEvent): boolean {
    return event.clientY - this.surface.getBoundingClientRect().top < this.stage.ruler;
  }

  private press(event: PointerEvent): void {
    if (event.button > 1 || !this.stage.plan) return;
    this.surface.setPointerCapture(event.pointerId);
    this.actions.hover(null, 0, 0);
    const { x, y } = this.place(event);
    if (event.button === 1) this.gesture = panning(this.stage, x, y);
    else if (this.isOnRuler(event)) this.gesture = scrubbing(x, this.stage, this.actions.seek);
    else this.gesture = this.begin(x, y, event);
    if (event.button === 1) event.preventDefault();
  }

  private begin(x: number, y: number, event: PointerEvent): Gesture {
    const hit = this.hit(event);
    const adding = event.shiftKey || event.ctrlKey || event.metaKey;
    if (hit?.kind === "item") {
      const was = this.stage.selection;
      this.stage.select(clicked(was, hit.item.uid, adding), hit.item.uid);
      this.actions.picked(hit.item);
      return dragging(this.stage, this.edits, x, y, () => {
        if (!adding) this.stage.select(new Set([hit.item.uid]), hit.item.uid);
      });
    }
    if (hit?.kind === "prompt" || hit?.kind === "look") this.actions.open(hit);
    return banding(this.stage, x, y, adding);
  }

  private move(event: PointerEvent): void {
    const { x, y } = this.place(event);
    if (this.gesture) {
      this.stage.movedAt ||= event.timeStamp;
      this.gesture.move(x, y, event);
      return;
    }
    const hit = this.isOnRuler(event) ? null : this.hit(event);
    this.surface.style.cursor = cursorFor(hit, this.isOnRuler(event));
    this.actions.hover(hit, event.clientX, event.clientY);
  }

  private finish(): void {
    const gesture = this.gesture;
    this.gesture = null;
    this.stage.setOverlay({ rubber: null, guide: null, readout: null });
    gesture?.end();
  }

  private double(event: MouseEvent): void {
    const hit = this.isOnRuler(event) ? null : this.hit(event);
    const { plan, axis } = this.stage;
    if (hit?.kind !== "curve" || !plan) return;
    const item = { time: hit.time } as Item;
    const settings = event.altKey ? { ...this.stage.snap, on: false } : this.stage.snap;
    const { time } = heldTime(item, 0, axis, snapTargets(plan, [], this.stage.playhead), settings);
    const curve = plan.timeline.curves[hit.row.index]!;
    const step = curve.keys[0]?.step ?? 0;
    void this.edits.addKey(hit.row, time, settled(hit.value, curve, plan.ranges[hit.row.index]!, hit.row.height, step));
  }

  private context(event: MouseEvent): void {
    const hit = this.hit(event);
    if (hit?.kind !== "item" || !isKey(hit.item)) return;
    event.preventDefault();
    this.stage.select(clicked(this.stage.selection, hit.item.uid, false), hit.item.uid);
    this.actions.menu(event.clientX, event.clientY);
  }

  /** Ctrl zooms around the pointer, Shift and sideways wheels scroll time, a plain wheel scrolls the rows. */
  private wheel(event: WheelEvent): void {
    if (!this.stage.plan) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const [across, down] = [event.deltaX * unit, event.deltaY * unit];
    const { x } = this.place(event);
    if (event.ctrlKey || event.metaKey) {
      this.stage.setAxis(zoomed(this.stage.axis, Math.exp(-down / 240), x));
      return;
    }
    const sideways = event.shiftKey && across === 0 ? down : across;
    if (sideways) this.stage.setAxis(scrolledBy(this.stage, sideways));
    else if (this.stage.contentHeight > this.stage.height - this.stage.ruler) this.stage.scrollBy(down);
    else this.stage.setAxis(scrolledBy(this.stage, down));
  }
}

function scrolledBy(stage: Stage, pixels: number) {
  const { axis } = stage;
  return zoomed({ ...axis, start: axis.start + pixels / axis.scale }, 1, 0);
}

function cursorFor(hit: Hit | null, onRuler: boolean): string {
  if (onRuler) return "col-resize";
  if (hit?.kind === "item") return !hit.item.editable ? "not-allowed" : isKey(hit.item) ? "move" : "ew-resize";
  return hit?.kind === "prompt" || hit?.kind === "look" ? "pointer" : "default";
}
