/** Problems in their places: underlined, with a mark in the gutter and the message at the pointer. */

import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { Problem } from "../api/types";

export function showProblems(view: EditorView, problems: readonly Problem[]): void {
  const found = problems.map((problem) => diagnosticOf(view.state.doc, problem));
  view.dispatch(setDiagnostics(view.state, found));
}

function diagnosticOf(doc: Text, problem: Problem): Diagnostic {
  const from = offsetOf(doc, problem.line, problem.column);
  const to = Math.max(from, offsetOf(doc, problem.end_line, problem.end_column));
  return { from, to, severity: problem.severity, message: problem.message };
}

/** Where a line and a column, both from 1, are in a text; the nearest place if there is no such line or column. */
export function offsetOf(doc: Text, line: number, column: number): number {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(found.from + Math.max(column - 1, 0), found.to);
}
