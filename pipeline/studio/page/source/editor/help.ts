/** What can be written here, and what the thing at the pointer means: both as the server says. */

import type { Extension } from "@codemirror/state";
import type { Api } from "../api/client";
import type { State } from "../store/state";
import type { Store } from "../store/store";

export function languageHelp(_store: Store<State>, _api: Api): Extension {
  return [];
}
