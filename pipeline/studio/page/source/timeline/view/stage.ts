/** The state of the timeline and its picture: whatever changes it asks for one new picture, at the next frame. */

import { type Axis, fitted, followed, resized, revealed } from "../model/axis";
import { type Item, type Moves, moved } from "../model/items";
import { type Row, type RowSettings, rowsOf, totalHeight } from "../model/rows";
import { type Plan, type Scene, planOf, withItems } from "../model/scene";
import { type Place, type Selection, NOTHING, itemsAt, renamed, surviving } from "../model/selection";
import { SNAP_ALL, type SnapSettings } from "../model/snap";
import type { Look, Timeline, Waveform } from "../model/types";
import { fitCanvas } from "../paint/brush";
import { type Overlay, paint } from "../paint/paint";
import type { Pictures } from "../paint/bands";
import { rulerHeight } from "../paint/ruler";
import { type Theme, readTheme } from "../paint/theme";
import { Held } from "./held";

export const GUTTER = 148;

export type Change = "plan" | "selection" | "axis" | "rows" | "playhead" | "snap";

export class Stage {
  plan: Plan | null = null;
  axis: Axis = fitted(800, 12, 12);
  rows: Row[] = [];
  readonly held = new Held();
  selection: Selection = NOTHING;
  /** The item that the keyboard is at. */
  active: string | null = null;
  playhead = 0;
  scrollTop = 0;
  snap: SnapSettings = SNAP_ALL;
  wave: Waveform | null = null;
  looks: readonly Look[] = [];
  overlay: Overlay = { rubber: null, guide: null, readout: null };
  settings: RowSettings = { open: new Map(), heights: new Map() };
  width = 800;
  height = 300;
  /** When the pointer made the movement that has not been drawn yet. */
  movedAt = 0;
  private theme: Theme | null = null;
  private waiting = false;
  private readonly listeners = new Set<(change: Change) => void>();

  constructor(
    readonly root: HTMLElement,
    readonly canvas: HTMLCanvasElement,
    private readonly pictures: Pictures,
  ) {}

  get ruler(): number {
    return rulerHeight((this.plan?.timeline.bars.length ?? 0) > 0);
  }

  get contentHeight(): number {
    return totalHeight(this.rows);
  }

  get scene(): Scene | null {
    if (!this.plan) return null;
    const { axis, rows, selection: selected, playhead } = this;
    const { moves } = this.held;
    return { ...this.plan, axis, rows, moves, selected, playhead };
  }

  /** The plan as the text will have it: what a new gesture begins from. */
  get settled(): Plan | null {
    const { sent } = this.held;
    return this.plan && sent.size > 0 ? withItems(this.plan, moved(this.plan.items, sent)) : this.plan;
  }

  onChange(listener: (change: Change) => void): void {
    this.listeners.add(listener);
  }

  /**
   * Another timeline from the server. What a hand holds meanwhile stays in its hand.
   *
   * @param isBehind whether edits are on their way that it does not have yet
   */
  setTimeline(timeline: Timeline, isBehind: boolean): void {
    const { seconds, fps } = timeline;
    const { axis, plan } = this;
    this.axis = plan ? resized(axis, axis.width, seconds, fps) : fitted(axis.width, seconds, fps);
    this.plan = planOf(timeline);
    this.reselect(this.plan, isBehind ? null : this.held.arrived());
    this.playhead = Math.min(this.playhead, timeline.seconds);
    this.layOut();
    this.changed("plan");
  }

  /** Another schedule is open, of which nothing is known yet. */
  clear(): void {
    this.plan = null;
    this.rows = [];
    this.scrollTop = 0;
    this.takeBack();
    this.select(NOTHING, null);
    this.changed("plan");
  }

  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    const { seconds, fps } = this.axis;
    this.axis = resized(this.axis, Math.max(60, width - GUTTER), seconds, fps);
    this.changed("axis");
  }

  setAxis(axis: Axis): void {
    this.axis = axis;
    this.changed("axis");
  }

  setRows(settings: RowSettings): void {
    this.settings = settings;
    this.layOut();
    this.changed("rows");
  }

  setExtras(changes: { wave?: Waveform | null; looks?: readonly Look[] }): void {
    Object.assign(this, changes);
    this.layOut();
    this.changed("rows");
  }

  setMoves(moves: Moves, overlay: Partial<Overlay> = {}): void {
    this.held.hand = moves;
    this.setOverlay(overlay);
  }

  /** The hand lets go: what it held is on its way into the text. */
  release(): void {
    this.held.release();
    this.invalidate();
  }

  expect(places: readonly Place[]): void {
    this.held.expect(places);
  }

  /** The text did not take it. */
  takeBack(): void {
    this.held.takeBack();
    this.invalidate();
  }

  setOverlay(overlay: Partial<Overlay>): void {
    this.overlay = { ...this.overlay, ...overlay };
    this.invalidate();
  }

  select(selection: Selection, active: string | null): void {
    this.selection = selection;
    this.active = active;
    this.changed("selection");
  }

  setSnap(snap: SnapSettings): void {
    this.snap = snap;
    this.changed("snap");
  }

  /** `following` turns the page when the playhead leaves the view. */
  setPlayhead(time: number, following: boolean): void {
    this.playhead = Math.min(Math.max(0, time), this.axis.seconds);
    const axis = following ? followed(this.axis, this.playhead) : this.axis;
    if (axis !== this.axis) this.setAxis(axis);
    this.changed("playhead");
  }

  /** Scroll to an item: both ways, as little as needed. */
  reveal(item: Item): void {
    this.axis = revealed(this.axis, item.time);
    const row = this.rows.find((one) => one.id === item.row);
    if (row) this.revealRow(row);
    else this.changed("axis");
  }

  revealRow(row: Row): void {
    const room = this.height - this.ruler;
    const least = row.y + Math.min(row.height, room) - room;
    this.scrollTop = Math.min(Math.max(this.scrollTop, least), row.y);
    this.changed("axis");
  }

  scrollBy(pixels: number): void {
    const most = Math.max(0, this.contentHeight - (this.height - this.ruler));
    this.scrollTop = Math.min(Math.max(0, this.scrollTop + pixels), most);
    this.changed("axis");
  }

  restyle(): void {
    this.theme = null;
    this.invalidate();
  }

  invalidate(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  changed(change: Change): void {
    for (const listener of this.listeners) listener(change);
    this.invalidate();
  }

  /** Tells the browser's own measuring how long a hand has waited for the picture of its movement. */
  private report(): void {
    if (!this.movedAt) return;
    performance.measure("timeline-answer", { start: this.movedAt });
    performance.clearMeasures("timeline-answer");
    this.movedAt = 0;
  }

  private reselect(plan: Plan, places: readonly Place[] | null): void {
    const items = places ? itemsAt(plan, places) : [];
    const names = renamed(places ?? [], items);
    const added = items.flatMap((item, n) => (item && places?.[n]?.uid === null ? [item.uid] : []));
    const name = (uid: string) => names.get(uid) ?? uid;
    this.held.rename(name);
    this.selection = surviving(new Set(added.length ? added : [...this.selection].map(name)), plan.byUid);
    const active = added[0] ?? name(this.active ?? "");
    this.active = plan.byUid.has(active) ? active : null;
  }

  private layOut(): void {
    if (!this.plan) return;
    const { timeline } = this.plan;
    this.rows = rowsOf(timeline, this.settings, { music: this.wave !== null, looks: this.looks.length });
    this.scrollTop = Math.min(this.scrollTop, Math.max(0, this.contentHeight - (this.height - this.ruler)));
  }

  private draw(): void {
    const scene = this.scene;
    if (this.width < 1 || this.height < 1) return;
    this.theme ??= readTheme(this.root);
    const { width, height, scrollTop, wave, looks, pictures, overlay } = this;
    const brush = fitCanvas(this.canvas, width, height);
    brush.fillStyle = this.theme.ground;
    brush.fillRect(0, 0, width, height);
    if (!scene) return;
    paint(brush, this.theme, scene, { width, height, gutter: GUTTER, scrollTop, wave, looks, pictures, overlay });
    this.report();
  }
}
