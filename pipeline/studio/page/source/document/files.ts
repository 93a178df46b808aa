/** Opening and saving: the file on disk is the schedule, the text in the page is what it is to become. */

import { type Api, ApiError, sentence } from "../api/client";
import type { ScheduleEditor } from "../editor/editor";
import type { State } from "../store/state";
import type { Store } from "../store/store";
import type { Studio } from "../store/studio";

const NEW = `version: 1
output: {size: [256, 144], fps: 12, length: 6s}
prompts:
  0s: a calm sea at noon
  6s: a calm sea at night
`;

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
    try {
      const { text, version } = await this.api.schedule(path);
      this.show(path, text, version);
    } catch (error) {
      this.announce(`Not opened: ${sentence(error)}`, "error");
    }
  }

  /** Opens another schedule, after asking what becomes of changes that are not saved. */
  async wish(path: string): Promise<void> {
    if (path === "" || path === this.store.get().path) this.store.set({ asking: null });
    else if (this.isUnsaved()) this.store.set({ asking: { kind: "leave", to: path } });
    else {
      this.store.set({ asking: null });
      await this.open(path);
    }
  }

  /** Makes a schedule that renders as it is, and opens it. */
  async create(path: string): Promise<void> {
    try {
      const { version } = await this.api.save(path, NEW, null);
      this.store.set({ asking: null });
      this.show(path, NEW, version);
      await this.list();
    } catch (error) {
      this.announce(`Not made: ${sentence(error)}`, "error");
    }
  }

  isUnsaved(): boolean {
    const { path, text, saved } = this.store.get();
    return path !== null && text !== saved;
  }

  /** Writes the text to its file; returns whether that worked. */
  async save(): Promise<boolean> {
    const { path, text, version, saving } = this.store.get();
    if (path === null || saving) return false;
    this.store.set({ saving: true });
    try {
      const found = await this.api.save(path, this.crlf ? text.replaceAll("\n", "\r\n") : text, version);
      this.store.set({ version: found.version, saved: text, conflict: null });
      return true;
    } catch (error) {
      await this.notSaved(error);
      return false;
    } finally {
      this.store.set({ saving: false });
    }
  }

  /** Looks at the file again: takes it if the text here is unchanged, otherwise the user is asked. */
  async reread(): Promise<void> {
    const { path, version } = this.store.get();
    if (path === null) return;
    const found = await this.api.schedule(path).catch((error: unknown) => this.missing(error));
    if (found === null || found.version === version || this.store.get().path !== path) return;
    const text = this.shown(found.text);
    if (text === this.store.get().text || text === this.store.get().saved) {
      this.store.set({ saved: text, version: found.version, conflict: null });
    } else if (this.isUnsaved()) this.store.set({ conflict: { text, version: found.version } });
    else this.take(text, found.version);
  }

  /** Ends a conflict: `theirs` takes the file's text (undo brings back yours), `mine` lets the next saving overwrite it. */
  async resolve(choice: "theirs" | "mine"): Promise<void> {
    const { conflict } = this.store.get();
    if (conflict === null) return;
    this.store.set({ asking: null, conflict: null, version: conflict.version, saved: conflict.text });
    if (choice === "theirs") this.editor.replace(conflict.text, "input.reread");
    else await this.save();
  }

  private show(path: string, text: string, version: string): void {
    const shown = this.shown(text);
    const nothing = { conflict: null, problems: [], timeline: null, facts: null, stale: null, selection: [], time: 0 };
    this.store.set({ path, version, saved: shown, playing: false, ...nothing });
    this.editor.open(shown);
    history.replaceState(null, "", `#${encodeURIComponent(path)}`);
    document.title = `${path.slice(path.lastIndexOf("/") + 1)} – Studio`;
  }

  private async notSaved(error: unknown): Promise<void> {
    if (!(error instanceof ApiError) || error.status !== 409) {
      this.announce(`Not saved: ${sentence(error)}`, "error");
      return;
    }
    await this.reread();
    if (this.store.get().conflict !== null) this.store.set({ asking: { kind: "conflict" } });
  }

  /** The file is gone: the text here is all there is of it. */
  private missing(error: unknown): null {
    if (error instanceof ApiError && error.status === 404 && this.store.get().version !== null) {
      this.store.set({ version: null, saved: "" });
      this.announce("The file is gone from the disk; saving writes it again.", "error");
    }
    return null;
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
