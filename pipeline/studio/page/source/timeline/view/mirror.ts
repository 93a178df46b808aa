/** The timeline for those who do not see it: a list of everything on it, which the keyboard walks through. */

import type { Item } from "../model/items";
import { itemX, itemY } from "../model/scene";
import { GUTTER, type Stage } from "./stage";

/**
 * A listbox that holds the focus for the whole canvas. Its options are out of sight; the one that the keyboard is at is
 * its active descendant, and lies where it is drawn, so that a magnifier finds it.
 */
export class Mirror {
  readonly element = document.createElement("div");
  private readonly options = new Map<string, HTMLElement>();

  constructor(private readonly stage: Stage) {
    this.element.className = "tl-mirror";
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "listbox");
    this.element.setAttribute("aria-multiselectable", "true");
    this.element.setAttribute("aria-label", "Keys, prompts and markers over time");
    this.element.setAttribute("aria-describedby", "tl-usage");
    stage.onChange((change) => {
      if (change === "plan") this.list();
      if (change === "plan" || change === "selection") this.mark();
      if (change !== "playhead" && change !== "snap") this.place();
    });
  }

  private list(): void {
    const items = this.stage.plan?.items ?? [];
    const known = new Set(items.map((item) => item.uid));
    for (const [uid, option] of this.options) {
      if (known.has(uid)) continue;
      option.remove();
      this.options.delete(uid);
    }
    items.forEach((item, index) => this.enter(item, index));
  }

  private enter(item: Item, index: number): void {
    let option = this.options.get(item.uid);
    if (!option) {
      option = document.createElement("div");
      option.setAttribute("role", "option");
      option.id = `tl-option-${nextId++}`;
      option.dataset.uid = item.uid;
      this.options.set(item.uid, option);
    }
    if (option.textContent !== item.name) option.textContent = item.name;
    if (this.element.children[index] !== option)
      this.element.insertBefore(option, this.element.children[index] ?? null);
  }

  private place(): void {
    const { scene, active, rows, ruler, scrollTop } = this.stage;
    const item = active ? scene?.byUid.get(active) : undefined;
    const row = rows.find((one) => one.id === item?.row);
    const option = active ? this.options.get(active) : undefined;
    if (!scene || !item || !row || !option) return;
    option.style.left = `${GUTTER + itemX(scene, item) - SIZE / 2}px`;
    option.style.top = `${ruler - scrollTop + itemY(scene, row, item) - SIZE / 2}px`;
  }

  private mark(): void {
    const { selection, active } = this.stage;
    for (const [uid, option] of this.options) {
      const chosen = String(selection.has(uid));
      if (option.getAttribute("aria-selected") !== chosen) option.setAttribute("aria-selected", chosen);
    }
    const option = active ? this.options.get(active) : undefined;
    if (option) this.element.setAttribute("aria-activedescendant", option.id);
    else this.element.removeAttribute("aria-activedescendant");
  }
}

const SIZE = 14;

let nextId = 1;
