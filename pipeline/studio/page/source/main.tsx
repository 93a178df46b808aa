/** Starts the page: makes the parts, hands each the studio, and opens the schedule that the address names. */

import { render } from "preact";
import { Api } from "./api/client";
import { keepChecked } from "./document/checking";
import { Files } from "./document/files";
import { ScheduleEditor } from "./editor/editor";
import { Panels } from "./panels/panels";
import { announcer } from "./shell/announcements";
import { Header } from "./shell/header";
import { mountSplitters } from "./shell/splitters";
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
  drawn(<Panels />, place("panels"));
  mountTimeline(place("timeline"), studio);
  keepChecked(store, api);
  await files.list();
  const wanted = decodeURIComponent(location.hash.slice(1)) || store.get().schedules[0]?.path;
  if (wanted !== undefined) await files.open(wanted);
}

void start();
