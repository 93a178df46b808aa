/** Bars that show which part of time and of the rows is in view. The keyboard has its own ways, so they are hidden from it. */

import { scrolledTo } from "../model/axis";
import { GUTTER, type Stage } from "./stage";

const SHORTEST = 24;

export class Scrollbars {
  private readonly across = bar("tl-bar-across");
  private readonly down = bar("tl-bar-down");

  constructor(
    root: HTMLElement,
    private readonly stage: Stage,
  ) {
    root.append(this.across, this.down);
    stage.onChange((change) => {
      if (change !== "playhead" && change !== "selection") this.place();
    });
    pull(this.across, (event) => {
      const { axis } = stage;
      stage.setAxis(scrolledTo(axis, axis.start + (event.movementX * axis.seconds) / Math.max(1, axis.width)));
    });
    pull(this.down, (event) => {
      stage.scrollBy((event.movementY * stage.contentHeight) / Math.max(1, stage.height - stage.ruler));
    });
  }

  private place(): void {
    const { axis, width, height, ruler, contentHeight, scrollTop } = this.stage;
    const room = width - GUTTER - 12;
    const shown = axis.width / axis.scale / axis.seconds;
    this.across.hidden = shown >= 0.999;
    this.across.style.width = `${Math.max(SHORTEST, shown * room)}px`;
    this.across.style.left = `${GUTTER + (axis.start / axis.seconds) * room}px`;
    const tall = height - ruler;
    this.down.hidden = contentHeight <= tall + 1;
    this.down.style.height = `${Math.max(SHORTEST, (tall / contentHeight) * tall)}px`;
    this.down.style.top = `${ruler + (scrollTop / Math.max(1, contentHeight)) * tall}px`;
  }
}

function bar(name: string): HTMLElement {
  const element = document.createElement("div");
  element.className = `tl-bar ${name}`;
  element.setAttribute("aria-hidden", "true");
  return element;
}

function pull(element: HTMLElement, move: (event: PointerEvent) => void): void {
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) move(event);
  });
}
