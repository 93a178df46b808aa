/** The keyboard: what works everywhere in the page, and the list of it. */

import { lookHere, nextProblem } from "../document/actions";
import type { Files } from "../document/files";
import type { Tab } from "../store/state";
import { type Studio, useStudio } from "../store/studio";
import { Dialog } from "./dialog";

const PANES = ["text", "panels", "timeline"];
const TABS: readonly Tab[] = ["picture", "looks", "renders", "gallery"];

const LIST: readonly [string, readonly [string, string][]][] = [
  [
    "Everywhere",
    [
      ["Ctrl-S", "Save"],
      ["Ctrl-O", "Open a schedule"],
      ["Ctrl-Z, Ctrl-Shift-Z", "Undo, redo: by hand and by mouse, in one history"],
      ["Ctrl-Enter", "Look here, as a draft"],
      ["Ctrl-Shift-Enter", "Look here, at full size"],
      ["F8", "Next problem"],
      ["F6, Shift-F6", "Next pane, previous pane"],
      ["Alt-1 to Alt-4", "Picture, looks, renders, gallery"],
      ["F1", "This list"],
    ],
  ],
  [
    "Text",
    [
      ["Ctrl-Space", "What can be written here"],
      ["Ctrl-F", "Find and replace"],
      ["Ctrl-/", "Comment or not"],
      ["Alt-Up, Alt-Down", "Move the line"],
      ["Escape, then Tab", "Leave the text; Tab alone indents"],
    ],
  ],
  [
    "Between the panes",
    [
      ["Arrows", "Move the bar"],
      ["Double click", "Put it back"],
    ],
  ],
];

export function Keys() {
  const { store } = useStudio();
  return (
    <Dialog title="Keyboard" onClose={() => store.set({ asking: null })}>
      <div class="keys">
        {LIST.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, what]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

/** Listens for the keys that work everywhere. */
export function followKeys(studio: Studio, files: Files): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
    const act = wanted(event, studio, files);
    if (act === null) return;
    event.preventDefault();
    act();
  });
}

function wanted(event: KeyboardEvent, studio: Studio, files: Files): (() => void) | null {
  const { store } = studio;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.altKey && !event.ctrlKey) {
    const tab = TABS[Number(key) - 1];
    return tab === undefined ? null : () => show(studio, tab);
  }
  if (event.ctrlKey || event.metaKey) {
    if (key === "s") return () => void files.save();
    if (key === "o") return () => store.set({ asking: { kind: "open" } });
    if (key === "Enter") return () => void lookHere(studio, !event.shiftKey);
    if (isTyping(event.target)) return null;
    if (key === "z") return () => (event.shiftKey ? studio.editor.redo() : studio.editor.undo());
    return key === "y" ? () => studio.editor.redo() : null;
  }
  if (key === "F1") return () => store.set({ asking: { kind: "keys" } });
  if (key === "F8") return () => nextProblem(studio);
  return key === "F6" ? () => nextPane(studio, event.shiftKey ? -1 : 1) : null;
}

/** Whether the keys belong to a field that has an undo of its own. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));
}

function show(studio: Studio, tab: Tab): void {
  studio.store.set({ tab });
  document.getElementById(`tab-${tab}`)?.focus();
}

function nextPane(studio: Studio, step: number): void {
  const at = PANES.findIndex((id) => document.getElementById(id)?.contains(document.activeElement));
  const next = PANES[(Math.max(at, 0) + (at < 0 ? 0 : step) + PANES.length) % PANES.length]!;
  if (next === "text") studio.editor.focus();
  else if (next === "panels") document.getElementById(`tab-${studio.store.get().tab}`)?.focus();
  else (document.querySelector<HTMLElement>("#timeline [tabindex='0']") ?? document.getElementById(next))?.focus();
}
