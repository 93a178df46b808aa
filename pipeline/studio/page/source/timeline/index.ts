/** The timeline below, and the player in the tab "Picture". */

import type { State } from "../store/state";
import type { Studio } from "../store/studio";
import type { Host } from "./host";
import type { RowSettings } from "./model/rows";
import type { Waveform } from "./model/types";
import { mountPicture } from "./player/picture";
import { type Player, playerOf } from "./player/player";
import { TimelineView } from "./view/component";

/** Draws the timeline into `host`, which has a size and keeps it up to date with the page. */
export function mountTimeline(host: HTMLElement, studio: Studio): void {
  const { store } = studio;
  const player = playerOf(studio);
  const view = new TimelineView(host, hostOf(studio, player), player);
  let track: string | null = null;
  const show = (state: Readonly<State>) => {
    if (!state.timeline) return view.clear();
    view.setTimeline(state.timeline);
    const music = state.timeline.music?.path ?? null;
    if (music === track) return;
    track = music;
    void waveform(studio, music).then((wave) => {
      if (track === music) view.stage.setExtras({ wave });
    });
  };
  const showLooks = ({ looks, path }: Readonly<State>) => {
    const pinned = looks.filter((look) => look.path === path && look.picture !== null);
    view.stage.setExtras({ looks: pinned.map(({ id, time, picture }) => ({ id, time, picture: picture ?? "" })) });
  };
  const showAge = ({ timeline, problems, revision, timelineRevision }: Readonly<State>) => {
    const broken = problems.some((problem) => problem.severity === "error");
    if (timeline) view.tell(broken && revision !== timelineRevision ? "This is the last text without errors." : "");
  };
  const settings = new Map<string | null, RowSettings>(); // by schedule: what is folded and how high rows are
  let path: string | null = null;
  store.on(["path"], (state) => {
    settings.set(path, view.stage.settings);
    path = state.path;
    view.stage.setRows(settings.get(path) ?? { open: new Map(), heights: new Map() });
  });
  store.on(["timeline"], show);
  store.on(["timeline", "problems", "timelineRevision"], showAge);
  store.on(["looks", "path"], showLooks);
  store.on(["time"], ({ time }) => view.stage.setPlayhead(time, player.clock.playing));
  store.on(["theme"], () => view.stage.restyle());
  store.on(["cursor"], ({ cursor, revision, timelineRevision }) => {
    if (!revealing && revision === timelineRevision) view.followCursor(cursor);
  });
  view.stage.onChange((change) => {
    if (change === "selection") store.set({ selection: [...view.stage.selection] });
  });
  show(store.get());
  showLooks(store.get());
}

/** Draws the motion preview and its controls into `host`. */
export function mountPlayer(host: HTMLElement, studio: Studio): void {
  mountPicture(host, studio);
}

/** While the timeline puts the cursor at a key: then the cursor follows the key, not the other way round. */
let revealing = false;

function hostOf(studio: Studio, player: Player): Host {
  const { editor } = studio;
  return {
    edit: async (edits, event) => {
      const { revision } = studio.store.get();
      await editor.applyEdits(edits, event);
      return studio.store.get().revision !== revision;
    },
    undo: () => void editor.undo(),
    redo: () => void editor.redo(),
    reveal: (span, focus) => {
      revealing = true;
      editor.reveal(span);
      revealing = false;
      if (focus) editor.focus();
    },
    fileUrl: (path) => studio.api.file(path),
    seek: (time) => player.seek(time),
    togglePlay: () => player.toggle(),
    announce: (sentence, kind) => studio.announce(sentence, kind),
  };
}

async function waveform(studio: Studio, path: string | null): Promise<Waveform | null> {
  if (path === null) return null;
  try {
    return await studio.api.waveform(path);
  } catch (error) {
    studio.announce(`No waveform: ${error instanceof Error ? error.message : String(error)}`, "error");
    return null;
  }
}
