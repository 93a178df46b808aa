/** What can be written here, and what the thing at the pointer means: both as the server says. */

import {
  type Completion,
  type CompletionContext,
  type CompletionResult,
  autocompletion,
  insertCompletionText,
  startCompletion,
} from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { EditorView, type Tooltip, hoverTooltip } from "@codemirror/view";
import type { Api } from "../api/client";
import type { Option } from "../api/types";
import type { State } from "../store/state";
import type { Store } from "../store/store";

export function languageHelp(store: Store<State>, api: Api): Extension {
  return [
    autocompletion({
      override: [(context) => complete(context, store, api)],
      icons: false,
      activateOnTypingDelay: 80,
      maxRenderedOptions: 200,
    }),
    hoverTooltip((view, offset) => hover(view, offset, store, api), { hoverTime: 350, hideOnChange: true }),
  ];
}

async function complete(context: CompletionContext, store: Store<State>, api: Api): Promise<CompletionResult | null> {
  const { path } = store.get();
  if (path === null || (!context.explicit && !isWorthAsking(context))) return null;
  const asked = new AbortController();
  context.addEventListener("abort", () => asked.abort());
  try {
    const text = context.state.doc.toString();
    const found = await api.complete(path, text, context.pos, asked.signal);
    if (context.aborted || found.options.length === 0) return null;
    return { from: found.from, to: found.to, options: found.options.map(entry), validFor: /^[\w.-]*$/ };
  } catch {
    return null; // a text that cannot be completed needs no message; its problems have one
  }
}

/** Not in comments, and not after every blank: inside a word, or where a value begins. */
function isWorthAsking(context: CompletionContext): boolean {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  return !/(^|\s)#/.test(before) && /[\w.-]$|[:{[,]\s*$/.test(before) && before.trim() !== "";
}

function entry(option: Option): Completion {
  const { label, insert = label, detail, info } = option;
  const apply = (view: EditorView, _chosen: Completion, from: number, to: number): void => {
    view.dispatch(insertCompletionText(view.state, insert, from, to));
    if (insert.endsWith(": ")) startCompletion(view); // a key: what can its value be?
  };
  return { label, apply, ...(detail ? { detail } : {}), ...(info ? { info } : {}) };
}

async function hover(view: EditorView, offset: number, store: Store<State>, api: Api): Promise<Tooltip | null> {
  const { path, text } = store.get();
  if (path === null) return null;
  const found = await api.hover(path, text, offset).catch(() => null);
  if (found === null || view.state.doc.length < found.to) return null;
  return { pos: found.from, end: found.to, above: true, create: () => ({ dom: explained(found.text) }) };
}

function explained(text: string): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "cm-explained";
  dom.textContent = text;
  return dom;
}
