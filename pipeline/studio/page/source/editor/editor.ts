/** The one editor of the schedule's text. Typing, the timeline and every other part change the text through it. */

import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory, redo, undo } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, Transaction } from "@codemirror/state";
import {
  EditorView,
  crosshairCursor,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import type { Api } from "../api/client";
import type { Change } from "../api/types";
import type { State } from "../store/state";
import type { Store } from "../store/store";
import type { Editor } from "../store/studio";
import type { Edit, Span } from "../timeline/model/types";
import { languageHelp } from "./help";
import { offsetOf, showProblems } from "./problems";
import { appearance, pageNonce } from "./theme";
import { wrapping } from "./wrapping";

const ATTEMPTS = 3; // at an edit, while the text changes under it

export class ScheduleEditor implements Editor {
  private readonly view: EditorView;

  constructor(
    host: HTMLElement,
    private readonly store: Store<State>,
    private readonly api: Api,
  ) {
    this.view = new EditorView({ parent: host, state: this.stateOf("") });
    store.on(["problems", "checked"], (state) => {
      if (state.checked) showProblems(this.view, state.problems);
    });
  }

  /** Shows another text, with a history of its own. */
  open(text: string): void {
    this.view.setState(this.stateOf(text));
    this.tell(true);
  }

  /** Replaces the whole text as one step of the history. */
  replace(text: string, event: string): void {
    this.applyChanges([{ from: 0, to: this.view.state.doc.length, insert: text }], event);
  }

  applyChanges(changes: readonly Change[], event: string): void {
    const annotations = [Transaction.userEvent.of(event), isolateHistory.of("full")];
    this.view.dispatch({ changes: [...changes], annotations });
  }

  async applyEdits(edits: readonly Edit[], event: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { path, text, revision } = this.store.get();
      if (path === null) return;
      const { changes } = await this.api.edits(path, text, edits);
      if (this.store.get().revision !== revision) continue;
      this.applyChanges(changes, event);
      return;
    }
  }

  undo(): boolean {
    return undo(this.view);
  }

  redo(): boolean {
    return redo(this.view);
  }

  reveal(span: Span): void {
    const end = this.view.state.doc.length;
    const [anchor, head] = [Math.min(span.from, end), Math.min(span.to, end)];
    const effects = EditorView.scrollIntoView(anchor, { y: "center" });
    this.view.dispatch({ selection: { anchor, head }, effects });
  }

  revealLine(line: number, column: number): void {
    const at = offsetOf(this.view.state.doc, line, column);
    this.reveal({ from: at, to: at });
  }

  focus(): void {
    this.view.focus();
  }

  private stateOf(doc: string): EditorState {
    return EditorState.create({ doc, extensions: [this.extensions()] });
  }

  private tell(isNew: boolean): void {
    const { state } = this.view;
    const cursor = state.selection.main.head;
    if (!isNew) this.store.set({ cursor });
    else this.store.set({ text: state.doc.toString(), revision: this.store.get().revision + 1, checked: false, cursor });
  }

  private extensions(): Extension {
    return [
      EditorState.lineSeparator.of("\n"),
      EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")), // as other programs copy it
      EditorState.tabSize.of(2),
      indentUnit.of("  "),
      pageNonce(),
      EditorView.contentAttributes.of({ "aria-label": "Schedule as YAML" }),
      lineNumbers(),
      lintGutter(),
      foldGutter(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      highlightSelectionMatches(),
      history({ newGroupDelay: 500 }),
      drawSelection(),
      rectangularSelection(),
      crosshairCursor(),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      search({ top: true }),
      wrapping(),
      yaml(),
      languageHelp(this.store, this.api),
      appearance(),
      keymap.of([
        ...closeBracketsKeymap,
        ...defaultKeymap.filter((binding) => binding.key !== "Mod-Enter"), // "look here", wherever the focus is
        ...searchKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...completionKeymap,
        ...lintKeymap,
        indentWithTab,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged || update.selectionSet) this.tell(update.docChanged);
      }),
    ];
  }
}
