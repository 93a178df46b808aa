/** Starts the page: makes the parts, hands each the studio, and opens the schedule that the address names. */

import { render } from "preact";
import { Api } from "./api/client";
import { followEvents } from "./api/events";
import { keepChecked, keepStale } from "./document/checking";
import { Files } from "./document/files";
import { keepLooks } from "./document/kept_looks";
import { keepLive } from "./document/live";
import { ScheduleEditor } from "./editor/editor";
import { Panels } from "./panels/panels";
import { announcer } from "./shell/announcements";
import { Asking } from "./shell/asking";
import { Header } from "./shell/header";
import { followKeys } from "./shell/keys";
import { mountSplitters } from "./shell/splitters";
import { Status } from "./shell/status";
import { followTheme } from "./shell/theme";
import { EMPTY } from "./store/state";
import { Store } from "./store/store";
import { type Studio, StudioContext } from "./store/studio";
import { mountTimeline } from "./timeline/index";

function place(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

async function start(): Promise<void> {
  const store = new Store(EMPTY);
  const api = new Api();
  const announce = announcer(place("announcements"));
  followTheme(store);
  const editor = new ScheduleEditor(place("editor"), store, api);
  const studio: Studio = { store, api, editor, announce };
  const files = new Files(store, api, editor, announce);
  const drawn = (what: preact.ComponentChild, host: HTMLElement): void =>
    render(<StudioContext.Provider value={studio}>{what}</StudioContext.Provider>, host);
  mountSplitters(place("main"), place("columns"), place("rows"));
  drawn(<Header files={files} />, place("header"));
  drawn(<Status />, place("problems"));
  drawn(<Panels />, place("panels"));
  drawn(<Asking files={files} />, place("dialogs"));
  mountTimeline(place("timeline"), studio);
  keepChecked(store, api);
  keepStale(store, api);
  keepLooks(store);
  keepLive(store, api, announce);
  followKeys(studio, files);
  followEvents(store, api, (path) => void changedOnDisk(files, store.get().path, path));
  addEventListener("beforeunload", (event) => files.isUnsaved() && event.preventDefault());
  addEventListener("focus", () => void files.reread());
  await files.list();
  addEventListener("hashchange", () => void files.wish(addressed()));
  const { first } = await api.about();
  const wanted = addressed() || first || store.get().schedules[0]?.path;
  if (wanted) await files.open(wanted);
  else store.set({ asking: { kind: "open" } });
}

/** The schedule that the page's address names. */
function addressed(): string {
  return decodeURIComponent(location.hash.slice(1));
}

async function changedOnDisk(files: Files, open: string | null, changed: string): Promise<void> {
  await files.list();
  if (changed === open) await files.reread();
}

void start();
