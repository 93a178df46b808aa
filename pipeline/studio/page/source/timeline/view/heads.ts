/** The column of heads: each row's name, folding, and a grip for its height. */

import { type Row, clampHeight } from "../model/rows";
import type { Stage } from "./stage";

export class Heads {
  readonly element = document.createElement("div");
  private readonly inner = document.createElement("div");
  private drawn = "";

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
  private build(): void {
    const signature = JSON.stringify(this.stage.rows);
    if (signature === this.drawn) return;
    this.drawn = signature;
    const focused = (document.activeElement as HTMLElement | null)?.dataset.row;
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
    button.dataset.row = row.id;
    button.title = row.title;
    button.setAttribute("aria-expanded", String(row.open));
    button.append(name(row));
    button.addEventListener("click", () => this.toggle(row));
    return button;
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
      const { open, heights } = this.stage.settings;
      const height = clampHeight(row.height + event.clientY - press.clientY);
      this.stage.setRows({ open, heights: new Map(heights).set(row.id, height) });
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
