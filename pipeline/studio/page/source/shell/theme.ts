/** The dark and the light look: the system's, unless the switch says otherwise. */

import type { State, Theme } from "../store/state";
import type { Store } from "../store/store";

const KEY = "studio.theme";

export function followTheme(store: Store<State>): void {
  const light = matchMedia("(prefers-color-scheme: light)");
  const decide = (): void => show(store, chosen() ?? (light.matches ? "light" : "dark"));
  light.addEventListener("change", decide);
  decide();
}

export function switchTheme(store: Store<State>): void {
  const theme = store.get().theme === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, theme);
  show(store, theme);
}

function show(store: Store<State>, theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  store.set({ theme });
}

function chosen(): Theme | null {
  const found = localStorage.getItem(KEY);
  return found === "dark" || found === "light" ? found : null;
}
