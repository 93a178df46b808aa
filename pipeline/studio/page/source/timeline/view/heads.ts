/** The column of heads: each row's name, folding, and a grip for its height. */

import { type Row, clampHeight } from "../model/rows";
import type { Stage } from "./stage";

export class Heads {
  readonly element = document.createElement("div");
  private readonly inner = document.createElement("div");
  private drawn = "";
  /** The head that Tab goes to. */
  private current = "";

  constructor(private readonly stage: Stage) {
    this.element.className = "tl-heads";
    this.element.append(this.inner);
    stage.onChange((change) => {
      if (change === "plan" || change === "rows") this.build();
      if (change !== "playhead" && change !== "selection") this.scroll();
    });
  }

  private scroll(): void {
    this.element.style.top = `${this.stage.ruler}px`;
    this.inner.style.transform = `translateY(${-this.stage.scrollTop}px)`;
  }

  /** Only when something differs: a rebuilt head would lose the focus. */
  private build(focus?: string): void {
    const { rows } = this.stage;
    if (!rows.some((row) => row.id === this.current)) this.current = rows.find((row) => row.canFold)?.id ?? "";
    const signature = JSON.stringify(rows);
    if (signature === this.drawn) return;
    this.drawn = signature;
    const focused = focus ?? (document.activeElement as HTMLElement | null)?.dataset["row"];
    this.inner.replaceChildren(...this.stage.rows.map((row) => this.head(row)));
    if (focused) this.inner.querySelector<HTMLElement>(`[data-row="${CSS.escape(focused)}"]`)?.focus();
  }

  private head(row: Row): HTMLElement {
    const head = document.createElement("div");
    head.className = `tl-head tl-head-${row.kind}`;
    head.style.top = `${row.y}px`;
    head.style.height = `${row.height}px`;
    head.append(row.canFold ? this.fold(row) : name(row));
    if (row.open && row.canFold && row.kind !== "prompts") head.append(this.grip(row));
    return head;
  }

  private fold(row: Row): HTMLElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tl-fold";
    button.dataset["row"] = row.id;
    button.title = row.title;
    button.setAttribute("aria-expanded", String(row.open));
    button.append(name(row));
    button.tabIndex = row.id === this.current ? 0 : -1;
    button.addEventListener("click", () => this.toggle(row));
    button.addEventListener("keydown", (event) => this.press(event, row));
    return button;
  }

  /** Arrows go from head to head and fold; with Shift they change the height. */
  private press(event: KeyboardEvent, row: Row): void {
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (down !== undefined && event.shiftKey) this.setHeight(row, row.height + 12 * down);
    else if (down !== undefined) this.go(row, down);
    else if (event.key === (row.open ? "ArrowLeft" : "ArrowRight")) this.toggle(row);
    else return;
    event.preventDefault();
  }

  private go(from: Row, down: number): void {
    const rows = this.stage.rows.filter((row) => row.canFold);
    const to = rows[rows.findIndex((row) => row.id === from.id) + down];
    if (!to) return;
    this.current = to.id;
    this.drawn = "";
    this.build(to.id);
    this.stage.revealRow(to);
  }

  private setHeight(row: Row, height: number): void {
    const { open, heights } = this.stage.settings;
    if (row.open) this.stage.setRows({ open, heights: new Map(heights).set(row.id, clampHeight(height)) });
  }

  private toggle(row: Row): void {
    const { open, heights } = this.stage.settings;
    this.stage.setRows({ heights, open: new Map(open).set(row.id, !row.open) });
  }

  private grip(row: Row): HTMLElement {
    const grip = document.createElement("div");
    grip.className = "tl-grip";
    grip.tabIndex = -1;
    grip.setAttribute("role", "separator");
    grip.setAttribute("aria-orientation", "horizontal");
    grip.setAttribute("aria-label", `height of ${row.label}`);
    grip.title = "Drag to change the height";
    grip.addEventListener("pointerdown", (press) => this.pull(row, press));
    return grip;
  }

  private pull(row: Row, press: PointerEvent): void {
    press.preventDefault();
    const move = (event: PointerEvent) => {
      this.setHeight(row, row.height + event.clientY - press.clientY);
    };
    const stop = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
  }
}

function name(row: Row): HTMLElement {
  const label = document.createElement("span");
  label.className = row.label.includes(".") ? "tl-name tl-path" : "tl-name";
  const text = document.createElement("bdi");
  text.textContent = row.label;
  label.append(text);
  return label;
}
