/** What is under the pointer, in words; it says why a key is fixed. */

import { type Item, tooltip } from "../model/items";
import { shortNumber } from "../model/labels";
import type { Stage } from "./stage";

const DELAY = 350;

export class Tooltip {
  private readonly element = document.createElement("div");
  private timer = 0;
  private shown: string | null = null;

  constructor(root: HTMLElement, private readonly stage: Stage) {
    this.element.className = "tl-tooltip";
    this.element.hidden = true;
    this.element.setAttribute("role", "tooltip");
    root.append(this.element);
  }

  hover(item: Item | null, x: number, y: number): void {
    if (item?.uid === this.shown) return;
    this.shown = item?.uid ?? null;
    window.clearTimeout(this.timer);
    this.element.hidden = true;
    if (item) this.timer = window.setTimeout(() => this.show(item, x, y), item.editable ? DELAY : 60);
  }

  private show(item: Item, x: number, y: number): void {
    const [first = "", ...others] = tooltip(item);
    const lines = item.kind === "key" ? [`${this.title(item)}  ${shortNumber(item.value ?? 0)}`, first, ...others] : [first, ...others];
    this.element.replaceChildren(...lines.map(paragraph));
    this.element.hidden = false;
    const box = this.element.getBoundingClientRect();
    this.element.style.left = `${Math.max(4, Math.min(x + 12, window.innerWidth - box.width - 4))}px`;
    this.element.style.top = `${y - box.height - 10 < 0 ? y + 18 : y - box.height - 10}px`;
  }

  private title(item: Item): string {
    return this.stage.rows.find((row) => row.id === item.row)?.label ?? "";
  }
}

function paragraph(text: string): HTMLElement {
  const line = document.createElement("p");
  line.textContent = text;
  return line;
}
