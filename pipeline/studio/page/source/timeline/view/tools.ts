/** The bar above the timeline: playing, snapping, keys, zoom. */

import { type Icon, icon } from "./icons";

export function group(label: string, ...children: HTMLElement[]): HTMLElement {
  const element = document.createElement("div");
  element.className = "tl-group";
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", label);
  element.append(...children);
  return element;
}

export function tool(
  name: Icon,
  label: string,
  key: string,
  act: (button: HTMLButtonElement) => void,
): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tl-tool";
  relabel(button, name, label, key);
  button.addEventListener("click", () => act(button));
  return button;
}

export function relabel(button: HTMLButtonElement, name: Icon, label: string, key: string): void {
  if (button.dataset["icon"] === name && button.getAttribute("aria-label") === label) return;
  button.dataset["icon"] = name;
  button.replaceChildren(icon(name));
  button.setAttribute("aria-label", label);
  button.title = key ? `${label} (${key})` : label;
  if (key) button.setAttribute("aria-keyshortcuts", key);
}

export function pressed(button: HTMLButtonElement, on: boolean): void {
  button.setAttribute("aria-pressed", String(on));
}

/** A button that opens a small panel below it; Escape and a press elsewhere close it. */
export function popover(button: HTMLButtonElement, panel: HTMLElement): HTMLElement {
  const wrap = document.createElement("div");
  wrap.className = "tl-popover";
  panel.hidden = true;
  wrap.append(button, panel);
  const show = (open: boolean) => {
    panel.hidden = !open;
    if (open) placeAbove(panel, button);
    button.setAttribute("aria-expanded", String(open));
  };
  show(false);
  button.addEventListener("click", () => show(panel.hidden === true));
  window.addEventListener("pointerdown", (event) => {
    if (!wrap.contains(event.target as Node)) show(false);
  });
  wrap.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    show(false);
    button.focus();
    event.stopPropagation();
  });
  return wrap;
}

/** Above its button, as there is little room below the timeline; inside the window in any case. */
function placeAbove(panel: HTMLElement, button: HTMLElement): void {
  const [at, box] = [button.getBoundingClientRect(), panel.getBoundingClientRect()];
  panel.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - box.width - 8))}px`;
  panel.style.top = `${Math.max(8, at.top - box.height - 6)}px`;
}

export function checkbox(label: string, on: boolean, change: (on: boolean) => void): HTMLLabelElement {
  const wrap = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = on;
  box.addEventListener("change", () => change(box.checked));
  wrap.append(box, document.createTextNode(label));
  return wrap;
}
