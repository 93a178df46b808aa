/** Opening and saving: the file on disk is the schedule, the text in the page is what it is to become. */

import { type Api, ApiError } from "../api/client";
import type { ScheduleEditor } from "../editor/editor";
import type { State } from "../store/state";
import type { Store } from "../store/store";
import type { Studio } from "../store/studio";

export class Files {
  /** Whether lines end in CR LF on disk; the editor has LF alone. */
  private crlf = false;

  constructor(
    private readonly store: Store<State>,
    private readonly api: Api,
    private readonly editor: ScheduleEditor,
    private readonly announce: Studio["announce"],
  ) {}

  async list(): Promise<void> {
    this.store.set({ schedules: await this.api.schedules() });
  }

  async open(path: string): Promise<void> {
    const { text, version } = await this.api.schedule(path);
    const shown = this.shown(text);
    this.store.set({ path, version, saved: shown, conflict: null, problems: [], timeline: null, facts: null, time: 0 });
    this.editor.open(shown);
    history.replaceState(null, "", `#${encodeURIComponent(path)}`);
  }

  isUnsaved(): boolean {
    const { path, text, saved } = this.store.get();
    return path !== null && text !== saved;
  }

  async save(): Promise<void> {
    const { path, text, version, saving } = this.store.get();
    if (path === null || saving) return;
    this.store.set({ saving: true });
    try {
      const found = await this.api.save(path, this.crlf ? text.replaceAll("\n", "\r\n") : text, version);
      this.store.set({ version: found.version, saved: text, conflict: null });
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) await this.reread();
      else this.announce(`Not saved: ${sentence(error)}`, "error");
    } finally {
      this.store.set({ saving: false });
    }
  }

  /** Looks at the file again: takes it if the text here is unchanged, otherwise both are shown and the user chooses. */
  async reread(): Promise<void> {
    const { path, version, saved } = this.store.get();
    if (path === null) return;
    const found = await this.api.schedule(path);
    if (found.version === version || this.store.get().path !== path) return;
    const text = this.shown(found.text);
    if (text === this.store.get().text || text === saved) this.store.set({ saved: text, version: found.version });
    else if (this.isUnsaved()) this.store.set({ conflict: { text, version: found.version } });
    else this.take(text, found.version);
  }

  /** Ends a conflict: `theirs` takes the file's text (undo brings back yours), `mine` lets the next saving overwrite it. */
  async resolve(choice: "theirs" | "mine"): Promise<void> {
    const { conflict } = this.store.get();
    if (conflict === null) return;
    this.store.set({ conflict: null, version: conflict.version, saved: conflict.text });
    if (choice === "theirs") this.editor.replace(conflict.text, "input.reread");
    else await this.save();
  }

  private take(text: string, version: string): void {
    this.store.set({ saved: text, version });
    this.editor.replace(text, "input.reread");
    this.announce("The file has changed on disk; the page shows it now.");
  }

  private shown(text: string): string {
    this.crlf = text.includes("\r\n") && !/(^|[^\r])\n/.test(text);
    return this.crlf ? text.replaceAll("\r\n", "\n") : text;
  }
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
