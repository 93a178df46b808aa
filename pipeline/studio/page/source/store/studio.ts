/** What each part of the page is given: the shared state, the server, and the one editor. */

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Api } from "../api/client";
import type { Change } from "../api/types";
import type { Edit, Span } from "../timeline/model/types";
import type { State } from "./state";
import type { Store } from "./store";

export interface Editor {
  /** Changes the text as one step of the one history, which typing shares. `event` names it, such as "move.key". */
  applyChanges(changes: readonly Change[], event: string): void;
  /**
   * Asks the server for the changes that these edits are, and applies them. If the text has changed meanwhile, it asks
   * again. Rejects with an `ApiError` if an edit is impossible.
   */
  applyEdits(edits: readonly Edit[], event: string): Promise<void>;
  undo(): boolean;
  redo(): boolean;
  /** Selects a stretch of the text and scrolls to it; the focus stays where it is. */
  reveal(span: Span): void;
  /** Puts the cursor at a place, both from 1, and scrolls to it. */
  revealLine(line: number, column: number): void;
  focus(): void;
}

export interface Studio {
  readonly store: Store<State>;
  readonly api: Api;
  readonly editor: Editor;
  /** Says something to the user for a few seconds, and to screen readers. */
  announce(message: string, kind?: "note" | "error"): void;
}

export const StudioContext = createContext<Studio | null>(null);

export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  if (studio === null) throw new Error("outside of the studio");
  return studio;
}

/** The state, for a component that is drawn again when one of `keys` changes. */
export function useShared<K extends keyof State>(...keys: K[]): Readonly<Pick<State, K>> {
  const { store } = useStudio();
  const [, redraw] = useState({});
  useEffect(() => store.on(keys, () => redraw({})), [store]);
  return store.get();
}
