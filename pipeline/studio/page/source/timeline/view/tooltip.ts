/** What is under the pointer, in words; it says why a key is fixed. */

import type { Hit } from "../model/hits";
import { tooltip } from "../model/items";
import { shortNumber, spokenTime } from "../model/labels";
import type { Stage } from "./stage";

const DELAY = 350;

export class Tooltip {
  private readonly element = document.createElement("div");
  private timer = 0;
  private shown = "";

  constructor(
    root: HTMLElement,
    private readonly stage: Stage,
  ) {
    this.element.className = "tl-tooltip";
    this.element.hidden = true;
    this.element.setAttribute("role", "tooltip");
    root.append(this.element);
  }

  hover(hit: Hit | null, x: number, y: number): void {
    const [name, lines] = hit ? this.about(hit) : ["", []];
    if (name === this.shown) return;
    this.shown = name;
    window.clearTimeout(this.timer);
    this.element.hidden = true;
    const fixed = hit?.kind === "item" && !hit.item.editable;
    if (lines.length) this.timer = window.setTimeout(() => this.show(lines, x, y), fixed ? 60 : DELAY);
  }

  /** What to tell two places apart by, and what to say. */
  private about(hit: Hit): [string, string[]] {
    if (hit.kind === "item") {
      const { item, row } = hit;
      const value = item.kind === "key" ? [`${row.label}  ${shortNumber(item.value ?? 0)}`] : [];
      return [item.uid, [...value, ...tooltip(item)]];
    }
    const prompt = hit.kind === "prompt" ? this.stage.plan?.timeline.prompts[hit.index] : undefined;
    if (!prompt) return ["", []];
    return [
      `prompt/${prompt.span?.from}/${prompt.text}`,
      [prompt.text, `${spokenTime(prompt.start)} to ${spokenTime(prompt.end)}`],
    ];
  }

  private show(lines: string[], x: number, y: number): void {
    this.element.replaceChildren(...lines.map(paragraph));
    this.element.hidden = false;
    const box = this.element.getBoundingClientRect();
    this.element.style.left = `${Math.max(4, Math.min(x + 12, window.innerWidth - box.width - 4))}px`;
    this.element.style.top = `${y - box.height - 10 < 0 ? y + 18 : y - box.height - 10}px`;
  }
}

function paragraph(text: string): HTMLElement {
  const line = document.createElement("p");
  line.textContent = text;
  return line;
}
