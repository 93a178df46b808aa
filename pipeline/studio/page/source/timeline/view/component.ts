/** Puts the timeline together: canvas, heads, list, tools, hands. */

import type { Host } from "../host";
import { Edits } from "../hand/edits";
import { Keyboard } from "../hand/keyboard";
import { Pointer } from "../hand/pointer";
import type { Hit } from "../model/hits";
import type { Item } from "../model/items";
import { itemX, itemY } from "../model/scene";
import { itemAtCursor } from "../model/selection";
import type { Timeline } from "../model/types";
import type { Player } from "../player/player";
import { EasingMenu } from "./easing_menu";
import { Heads } from "./heads";
import { Mirror } from "./mirror";
import { Pictures } from "./pictures";
import { Scrollbars } from "./scrollbars";
import { GUTTER, Stage } from "./stage";
import { toolbar } from "./toolbar";
import { Tooltip } from "./tooltip";

const USAGE =
  "Tab goes to the next key, arrow keys move it, Enter edits its text, E its easing. Escape and then Tab leaves. " +
  "Question mark lists all keys.";

export class TimelineView {
  readonly stage: Stage;
  private readonly edits: Edits;
  private readonly mirror: Mirror;
  private readonly keyboard: Keyboard;
  private readonly pointer: Pointer;
  private readonly menu: EasingMenu;
  private readonly said = document.createElement("div");
  private readonly note = document.createElement("p");

  constructor(
    root: HTMLElement,
    private readonly host: Host,
    player: Player,
  ) {
    root.classList.add("tl");
    const canvas = document.createElement("canvas");
    const body = document.createElement("div");
    body.className = "tl-body";
    const pictures = new Pictures(() => this.stage.invalidate());
    this.stage = new Stage(root, canvas, {
      ofFile: (path) => pictures.get(host.fileUrl(path)),
      at: (address) => pictures.get(address),
    });
    this.edits = new Edits(this.stage, host, (sentence, kind) => this.say(sentence, kind));
    this.mirror = new Mirror(this.stage);
    this.menu = new EasingMenu(root, (easing) => void this.edits.setEasing(easing));
    const tooltip = new Tooltip(root, this.stage);
    const tools = toolbar(this.stage, this.edits, player, (x, y) => this.openMenu(x, y));
    body.append(canvas, this.mirror.element, new Heads(this.stage).element);
    new Scrollbars(body, this.stage);
    this.note.className = "tl-note";
    body.append(this.note);
    this.tell("");
    root.append(tools.element, body, this.hidden());
    this.pointer = new Pointer(this.stage, this.edits, this.mirror.element, {
      seek: (time) => host.seek(time),
      open: (hit) => this.open(hit),
      picked: (item) => this.picked(item),
      menu: (x, y) => this.openMenu(x, y),
      hover: (hit, x, y) => tooltip.hover(hit, x, y),
    });
    this.keyboard = new Keyboard(this.stage, this.edits, host, {
      cancel: () => this.pointer.cancel(),
      picked: (item) => this.picked(item),
      focusText: (item) => item.span && host.reveal(item.span, true),
      menu: () => this.openMenuAtKey(),
      seek: (time) => host.seek(time),
      help: tools.showHelp,
    });
    this.mirror.element.addEventListener("keydown", (event) => {
      tooltip.hover(null, 0, 0);
      this.keyboard.press(event);
    });
    this.mirror.element.addEventListener("blur", () => this.keyboard.settle());
    this.mirror.element.addEventListener("pointerdown", () => this.keyboard.settle());
    new ResizeObserver(() => this.stage.resize(body.clientWidth, body.clientHeight)).observe(body);
  }

  setTimeline(timeline: Timeline): void {
    this.stage.setTimeline(timeline, this.edits.pending > 0);
    this.edits.arrived();
  }

  /** The text's cursor has moved: what is written there is selected. */
  followCursor(offset: number): void {
    const { plan, active } = this.stage;
    const item = plan && !this.pointer.isHolding ? itemAtCursor(plan.items, offset) : null;
    if (!item || item.uid === active) return;
    this.stage.select(new Set([item.uid]), item.uid);
    this.stage.reveal(item);
  }

  /** Another schedule: what the hands hold is not of it, and nothing is known of it yet. */
  clear(): void {
    this.pointer.cancel();
    this.stage.clear();
    this.tell("The timeline is shown once the schedule can be read.");
  }

  /** A sentence about what is shown, over the rows; none with "". */
  tell(sentence: string): void {
    this.note.textContent = sentence;
    this.note.hidden = sentence === "";
  }

  private picked(item: Item): void {
    if (item.span) this.host.reveal(item.span, false);
    if (!item.editable) this.say(`Fixed: ${item.why || "edit it in the text"}`);
  }

  private open(hit: Hit): void {
    if (hit.kind === "look") this.host.seek(this.stage.looks[hit.index]?.time ?? 0);
    if (hit.kind !== "prompt") return;
    const span = this.stage.plan?.timeline.prompts[hit.index]?.span;
    if (span) this.host.reveal(span, false);
  }

  private openMenuAtKey(): void {
    const at = this.stage.canvas.getBoundingClientRect();
    const { scene, active, rows, ruler, scrollTop } = this.stage;
    const item = active ? scene?.byUid.get(active) : undefined;
    const row = rows.find((one) => one.id === item?.row);
    const place =
      scene && item && row ? [itemX(scene, item) + GUTTER, itemY(scene, row, item) + ruler - scrollTop] : [0, 0];
    this.openMenu(at.left + (place[0] ?? 0) + 12, at.top + (place[1] ?? 0) + 12);
  }

  private openMenu(x: number, y: number): void {
    const keys = this.edits.selectedKeys().filter((key) => key.editable);
    const first = keys[0];
    if (first) this.menu.open(x, y, first.easing, this.mirror.element);
    else this.say("Select a key to choose its easing", "note");
  }

  private say(sentence: string, kind: "done" | "note" | "error" = "done"): void {
    if (kind === "done") this.said.textContent = sentence;
    else this.host.announce(sentence, kind);
  }

  private hidden(): HTMLElement {
    const usage = document.createElement("p");
    usage.id = "tl-usage";
    usage.hidden = true;
    usage.textContent = USAGE;
    this.said.className = "tl-said";
    this.said.setAttribute("role", "status");
    const wrap = document.createElement("div");
    wrap.append(usage, this.said);
    return wrap;
  }
}
