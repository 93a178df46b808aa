/** What hands do to the text: every gesture ends here, as one list of edits and one sentence about it. */

import type { Host } from "../host";
import { type Copied, copied, pasted } from "../model/clipboard";
import { type Item, type KeyItem, NO_MOVES, editsOf, isKey } from "../model/items";
import { counted, easingLabel, shortNumber, spokenTime } from "../model/labels";
import { sampleAt } from "../model/path";
import type { Row } from "../model/rows";
import { NOTHING } from "../model/selection";
import type { Edit } from "../model/types";
import { limited, roundTo } from "../model/values";
import type { Stage } from "../view/stage";

/** `done` is for those who do not see it; a note or an error is for everyone. */
export type Say = (sentence: string, kind?: "done" | "note" | "error") => void;

export class Edits {
  private clipboard: Copied[] = [];
  private readonly queue: (() => Promise<void>)[] = [];
  /** Whether an edit has been sent whose timeline is not here: ids of the present one may be of other keys by then. */
  isWaiting = false;
  /** Edits that the text does not have yet. */
  pending = 0;

  constructor(
    private readonly stage: Stage,
    private readonly host: Host,
    private readonly say: Say,
  ) {}

  /** What a hand has moved, into the text. The moves stay drawn until the server's timeline has them. */
  commitMoves(): Promise<void> {
    if (this.isWaiting) return this.later(() => this.commitMoves());
    const { settled: plan } = this.stage;
    const moves = this.stage.held.hand;
    const edits = plan ? editsOf(plan.items, moves) : [];
    if (!plan || edits.length === 0) {
      this.stage.setMoves(NO_MOVES);
      return Promise.resolve();
    }
    const first = plan.items.find((item) => moves.has(item.uid)) as Item;
    const to = moves.get(first.uid) as { time: number; value: number | null };
    const value = to.value === null || to.value === first.value ? "" : `, ${shortNumber(to.value)}`;
    const what = moves.size === 1 ? first.name.split(" at ")[0] : counted(moves.size, "thing");
    const rows = new Set(plan.items.filter((item) => moves.has(item.uid)).map((item) => item.row));
    const places = plan.items.filter((item) => rows.has(item.row));
    this.stage.release();
    this.stage.expect(places.map(({ uid, row, time }) => ({ uid, row, time: moves.get(uid)?.time ?? time })));
    return this.send(edits, `Moved ${what} to ${spokenTime(to.time)}${value}`);
  }

  addKey(row: Row, time: number, value: number): Promise<void> {
    const curve = this.stage.plan?.timeline.curves[row.index];
    if (!curve) return Promise.resolve();
    if (!curve.addable) {
      this.say(`No key can be added to ${curve.label}: ${curve.why}`, "note");
      return Promise.resolve();
    }
    const taken = curve.keys.some((key) => Math.abs(key.time - time) < 1e-3);
    if (taken) {
      this.say(`${curve.label} already has a key at ${spokenTime(time)}`, "note");
      return Promise.resolve();
    }
    const edit: Edit = { op: "add", path: curve.path, time, value: limited(value, curve) };
    this.stage.expect([{ uid: null, row: row.id, time }]);
    return this.send([edit], `Added ${curve.label} key at ${spokenTime(time)}, ${shortNumber(edit.value)}`);
  }

  /** A key on the curve as it is, at the playhead: its shape stays, and there is a handle. */
  addAtPlayhead(): Promise<void> {
    const { plan, rows, active, playhead, axis } = this.stage;
    const item = active ? plan?.byUid.get(active) : undefined;
    const row =
      rows.find((one) => one.kind === "curve" && one.id === item?.row) ?? rows.find((one) => one.kind === "curve");
    const curve = row && plan?.timeline.curves[row.index];
    if (!row || !curve) return Promise.resolve();
    const time = Math.round(playhead * axis.fps) / axis.fps;
    const value = roundTo(
      sampleAt(curve.samples, axis.seconds, time),
      Math.min(curve.keys[0]?.step ?? 0.01, 0.01) / 10,
    );
    return this.addKey(row, time, value);
  }

  remove(): Promise<void> {
    if (this.isWaiting) return this.later(() => this.remove());
    const keys = this.selectedKeys();
    const fixed = keys.filter((key) => !key.editable);
    const edits = keys.filter((key) => key.editable).map((key): Edit => ({ op: "remove", id: key.id }));
    if (edits.length === 0) {
      this.say(fixed[0] ? `Not removed: ${fixed[0].why || "edit it in the text"}` : "No key is selected", "note");
      return Promise.resolve();
    }
    this.stage.select(NOTHING, keys[0]?.uid ?? null);
    return this.send(edits, `Removed ${counted(edits.length, "key")}`);
  }

  setEasing(easing: string): Promise<void> {
    if (this.isWaiting) return this.later(() => this.setEasing(easing));
    const keys = this.selectedKeys().filter((key) => key.editable);
    const edits = keys.map((key): Edit => ({ op: "easing", id: key.id, easing }));
    if (edits.length === 0) return Promise.resolve();
    return this.send(edits, `Easing ${easingLabel(easing)} for ${counted(edits.length, "key")}`);
  }

  copy(): number {
    const { plan, selection } = this.stage;
    const keys = plan ? copied(plan, selection) : [];
    if (keys.length) {
      this.clipboard = keys;
      this.say(`Copied ${counted(keys.length, "key")}`);
    }
    return keys.length;
  }

  cut(): Promise<void> {
    return this.copy() ? this.remove() : Promise.resolve();
  }

  paste(): Promise<void> {
    const { plan, playhead, axis } = this.stage;
    const at = Math.round(playhead * axis.fps) / axis.fps;
    const edits = plan ? pasted(plan, this.clipboard, at) : [];
    if (edits.length === 0) {
      this.say(this.clipboard.length ? "Nothing pasted: there are keys at these times" : "No key was copied", "note");
      return Promise.resolve();
    }
    this.stage.expect(
      edits.flatMap((edit) => (edit.op === "add" ? [{ uid: null, row: `curve/${edit.path}`, time: edit.time }] : [])),
    );
    return this.send(edits, `Pasted ${counted(edits.length, "key")} at ${spokenTime(at)}`);
  }

  selectedKeys(): KeyItem[] {
    const { plan, selection } = this.stage;
    return plan ? plan.items.filter((item): item is KeyItem => isKey(item) && selection.has(item.uid)) : [];
  }

  /** The timeline has come that an edit has led to: what had to wait for its ids is done now. */
  arrived(): void {
    if (this.pending > 0) return;
    this.isWaiting = false;
    while (!this.isWaiting && this.queue.length > 0) void this.queue.shift()?.();
  }

  private later(action: () => Promise<void>): Promise<void> {
    this.queue.push(action);
    return Promise.resolve();
  }

  /** One after the other, each with the ids of the timeline that the one before has led to. */
  private async send(edits: Edit[], what: string): Promise<void> {
    this.pending++;
    this.isWaiting = true;
    let changed = false;
    try {
      changed = await this.host.edit(edits, `timeline.${edits[0]?.op}`);
      this.say(what);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), "error");
    }
    this.pending--;
    if (changed) return;
    this.stage.takeBack();
    this.arrived();
  }
}
