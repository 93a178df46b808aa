/** What the timeline needs of the page around it. The text is the truth: every edit goes through it. */

import type { Edit, Span, Waveform } from "./model/types";

export interface Host {
  /**
   * Change the text in one step of the shared undo; resolves when it is done.
   *
   * @param what for the history and the live region, such as "moved 2 keys"
   * @throws with a sentence for the user if the edit cannot be made
   */
  edit(edits: Edit[], what: string): Promise<void>;
  undo(): void;
  redo(): void;
  /** Put the editor's cursor at a span; with `focus` the editor takes over the keyboard. */
  reveal(span: Span, focus: boolean): void;
  /** The peaks of the track, or null if there is none. */
  waveform(): Promise<Waveform | null>;
  /** The address of a file of the opened folder. */
  fileUrl(path: string): string;
  /** The playhead was moved by hand: the player follows. */
  seek(time: number): void;
  togglePlay(): void;
}
