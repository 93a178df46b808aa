/** The dialog that opens another schedule, or makes a new one. */

import { useEffect, useState } from "preact/hooks";
import type { Files } from "../document/files";
import { useShared, useStudio } from "../store/studio";
import { Dialog } from "./dialog";
import { day } from "./format";

const ROW = ".chooser-row";

export function Chooser({ files }: { files: Files }) {
  const { schedules, path } = useShared("schedules", "path");
  const { store } = useStudio();
  const [typed, type] = useState("");
  useEffect(() => void files.list(), []);
  const wanted = typed.trim().toLowerCase();
  const found = schedules.filter((each) => `${each.path} ${each.title}`.toLowerCase().includes(wanted));
  found.sort((one, other) => rank(one.path, wanted) - rank(other.path, wanted));
  const name = /\.ya?ml$/.test(wanted) ? typed.trim() : `${typed.trim()}.yaml`;
  const isNew = wanted !== "" && !schedules.some((each) => each.path === name);
  const choose = (chosen: string): void => void files.wish(chosen);
  return (
    <Dialog title="Open a schedule" onClose={() => store.get().asking?.kind === "open" && store.set({ asking: null })}>
      <div class="chooser" onKeyDown={walk}>
        <input type="search" data-focus aria-label="Name or title" placeholder="Name or title" value={typed}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && found[0] !== undefined && choose(found[0].path)} />
        <ul>
          {found.map((each) => (
            <li key={each.path}>
              <button type="button" class="chooser-row" aria-current={each.path === path} onClick={() => choose(each.path)}>
                <span class="chooser-path">{each.path}</span>
                <span class="chooser-title">{each.path.endsWith(`${each.title}.yaml`) ? "" : each.title}</span>
                <span class="chooser-day">{day(each.changed)}</span>
              </button>
            </li>
          ))}
        </ul>
        {found.length === 0 && !isNew && <p class="empty">The folder has no schedule yet. Type a name to make one.</p>}
        {isNew && (
          <button type="button" class="chooser-row chooser-new" onClick={() => void files.create(name)}>
            Make {name}
          </button>
        )}
      </div>
    </Dialog>
  );
}

/** Files whose own name begins with what was typed come first. */
function rank(path: string, wanted: string): number {
  return path.slice(path.lastIndexOf("/") + 1).toLowerCase().startsWith(wanted) ? 0 : 1;
}

/** The arrow keys go through the field and the rows. */
function walk(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(`input, ${ROW}`)];
  const next = all[all.indexOf(document.activeElement as HTMLElement) + step];
  event.preventDefault();
  next?.focus();
}
