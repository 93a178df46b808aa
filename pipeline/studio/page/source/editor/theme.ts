/** How the editor looks: colours come from the page's variables, so both looks share one style. */

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { values } from "./values";

const highlighting = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.content], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--code-comment)" },
  { tag: [tags.keyword, tags.meta, tags.labelName, tags.typeName], color: "var(--code-meta)" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--muted)" },
]);

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--field)", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)", padding: "6px 0" },
  ".cm-line": { padding: "0 12px 0 4px" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)", borderLeftWidth: "1.5px" },
  "& > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { background: "var(--selection-dim)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { background: "var(--selection)" },
  ".cm-activeLine": { backgroundColor: "var(--active-line)" },
  ".cm-gutters": { backgroundColor: "var(--field)", color: "var(--faint)", border: "none" },
  ".cm-activeLineGutter": { backgroundColor: "var(--active-line)", color: "var(--text)" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 4px 0 6px", minWidth: "26px" },
  ".cm-gutter-lint": { width: "14px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "3px 1px" },
  ".cm-lint-marker": { width: "10px", height: "10px" },
  ".cm-foldGutter .cm-gutterElement": { color: "var(--faint)", padding: "0 3px" },
  ".cm-foldPlaceholder": { background: "var(--raised)", border: "1px solid var(--line)", color: "var(--muted)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { background: "var(--match)", outline: "none" },
  ".cm-selectionMatch": { background: "var(--match)" },
  ".cm-searchMatch": { background: "var(--match)" },
  ".cm-searchMatch-selected": { background: "var(--selection)" },
  ".cm-lintRange": { backgroundImage: "none", textDecorationLine: "underline", textDecorationStyle: "wavy" },
  ".cm-lintRange-error": { textDecorationColor: "var(--error)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warning)" },
  ".cm-lintPoint:after": { borderBottomColor: "var(--error)" },
  ".cm-tooltip": {
    background: "var(--raised)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "4px",
    boxShadow: "var(--shadow)",
    maxWidth: "min(520px, 90vw)",
    fontSize: "var(--size)",
  },
  ".cm-tooltip-lint": { padding: "2px" },
  ".cm-diagnostic": { padding: "4px 8px", fontFamily: "var(--sans)", whiteSpace: "pre-wrap", borderLeftWidth: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--error)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "var(--code-size)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    background: "var(--accent-fill)",
    color: "var(--on-accent)",
  },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal", marginLeft: "12px" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionInfo": { fontFamily: "var(--sans)", padding: "6px 10px", maxWidth: "340px" },
  ".cm-number, .cm-number *": { color: "var(--code-number)" },
  ".cm-time, .cm-time *": { color: "var(--code-time)" },
  ".cm-explained": { padding: "6px 10px", whiteSpace: "pre-wrap", maxWidth: "460px", lineHeight: "1.45" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--removed)" },
  "&.cm-merge-b .cm-changedLine": { backgroundColor: "var(--added)" },
  "&.cm-merge-a .cm-changedText": { background: "var(--removed-strong)" },
  "&.cm-merge-b .cm-changedText": { background: "var(--added-strong)" },
  "&.cm-merge-a .cm-changedLineGutter": { background: "var(--error)" },
  "&.cm-merge-b .cm-changedLineGutter": { background: "var(--ok)" },
  ".cm-collapsedLines": {
    background: "var(--raised)",
    color: "var(--muted)",
    fontFamily: "var(--sans)",
    fontSize: "12px",
    padding: "2px 8px",
  },
  ".cm-collapsedLines:before, .cm-collapsedLines:after": { content: "none" },
  ".cm-panels": { background: "var(--panel)", color: "var(--text)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "6px 28px 6px 8px", fontSize: "var(--size)" },
  ".cm-textfield": {
    background: "var(--field)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "3px",
    fontSize: "var(--size)",
  },
  ".cm-button": {
    background: "var(--raised)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "3px",
    fontSize: "var(--size)",
  },
});

/** Lets the style sheets that the editor makes pass the page's Content-Security-Policy. */
export function pageNonce(): Extension {
  return EditorView.cspNonce.of(document.querySelector<HTMLMetaElement>("meta[name=nonce]")?.content ?? "");
}

export function appearance(): Extension {
  return [look, syntaxHighlighting(highlighting), values];
}
