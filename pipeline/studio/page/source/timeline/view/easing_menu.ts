/** A menu of easings, each with its curve. */

import { EASINGS, easing } from "../model/easings";
import { easingLabel } from "../model/labels";

const WIDTH = 44;
const HEIGHT = 30;
/** Space for the easings that overshoot. */
const ROOM = 6;
const COLUMNS = 3;

/** In columns: in, out, in and out of the same kind beside each other, after the three plain ones. */
export const ORDER = Object.keys(EASINGS);

export class EasingMenu {
  private readonly element = document.createElement("div");
  private close: (() => void) | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly pick: (easing: string) => void,
  ) {
    this.element.className = "tl-easings";
    this.element.setAttribute("role", "menu");
    this.element.setAttribute("aria-label", "Easing of the segment that ends at the key");
    this.element.addEventListener("keydown", (event) => this.press(event));
  }

  get isOpen(): boolean {
    return this.close !== null;
  }

  /** At a place of the window; the focus goes back to `from` afterwards. */
  open(x: number, y: number, current: string, from: HTMLElement): void {
    this.close?.();
    const names = ORDER.includes(current) ? ORDER : [current, ...ORDER];
    this.element.replaceChildren(...names.map((name) => this.entry(name, name === current)));
    this.root.append(this.element);
    this.settle(x, y);
    const outside = (event: Event) => {
      if (!this.element.contains(event.target as Node)) this.close?.();
    };
    window.addEventListener("pointerdown", outside, true);
    this.close = () => {
      window.removeEventListener("pointerdown", outside, true);
      this.element.remove();
      this.close = null;
      from.focus();
    };
    (this.element.querySelector<HTMLElement>("[aria-checked=true]") ?? this.buttons()[0])?.focus();
  }

  private settle(x: number, y: number): void {
    const box = this.element.getBoundingClientRect();
    this.element.style.left = `${Math.max(8, Math.min(x, window.innerWidth - box.width - 8))}px`;
    this.element.style.top = `${Math.max(8, Math.min(y, window.innerHeight - box.height - 8))}px`;
  }

  private entry(name: string, checked: boolean): HTMLElement {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.setAttribute("role", "menuitemradio");
    button.setAttribute("aria-checked", String(checked));
    const label = document.createElement("span");
    label.textContent = easingLabel(name);
    button.append(drawing(name), label);
    button.addEventListener("click", () => {
      this.close?.();
      this.pick(name);
    });
    return button;
  }

  private buttons(): HTMLElement[] {
    return [...this.element.querySelectorAll<HTMLElement>("button")];
  }

  private press(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS };
    const buttons = this.buttons();
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") this.close?.();
    else if (event.key in steps) buttons[Math.min(Math.max(at + steps[event.key]!, 0), buttons.length - 1)]?.focus();
    else if (event.key === "Home") buttons[0]?.focus();
    else if (event.key === "End") buttons.at(-1)?.focus();
    else return;
    event.preventDefault();
  }
}

function drawing(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("width", String(WIDTH));
  svg.setAttribute("height", String(HEIGHT));
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", outline(name));
  svg.append(path);
  return svg;
}

function outline(name: string): string {
  const ease = easing(name) ?? ((x: number) => x);
  const steps = name === "hold" ? [0, 0.999, 1] : Array.from({ length: 33 }, (_, n) => n / 32);
  const point = (share: number) => {
    const y = HEIGHT - ROOM - ease(share) * (HEIGHT - 2 * ROOM);
    return `${(3 + share * (WIDTH - 6)).toFixed(1)} ${y.toFixed(1)}`;
  };
  return `M${steps.map(point).join("L")}`;
}
