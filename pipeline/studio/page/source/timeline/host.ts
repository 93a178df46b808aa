/** What the timeline needs of the page around it. The text is the truth: every edit goes through it. */

import type { Edit, Span } from "./model/types";

export interface Host {
  /**
   * Change the text in one step of the shared undo; resolves, when it is done, to whether the text is another one.
   *
   * @param event names it in the history, such as "timeline.move"
   * @throws with a sentence for the user if the edit cannot be made
   */
  edit(edits: Edit[], event: string): Promise<boolean>;
  undo(): void;
  redo(): void;
  /** Select a span in the editor; with `focus` the editor takes over the keyboard. */
  reveal(span: Span, focus: boolean): void;
  /** The address of a file of the opened folder. */
  fileUrl(path: string): string;
  /** The playhead was moved by hand: the player follows. */
  seek(time: number): void;
  togglePlay(): void;
  /** A sentence for everyone: it is shown for a few seconds. */
  announce(sentence: string, kind: "note" | "error"): void;
}
