/** Colours numbers and times, which the grammar of YAML does not tell from other values. */

import { syntaxTree } from "@codemirror/language";
import { RangeSetBuilder } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";

const NUMBER = /^[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?\s*(%|ms|s|b|f|bars?|beats?|deg|px)?(\/s|\/b|\/beat|\/bar)?$/i;
const WORD = /^(true|false|null|~)$/;
const TIME = /^(["']?@.*|[-+]?\d[\d.:]*\s*(ms|s|b|f|%|bars?|beats?)?|end|(bar|beat)\s+[\d.]+)$/;
const number = Decoration.mark({ class: "cm-number" });
const time = Decoration.mark({ class: "cm-time" });

export const values = ViewPlugin.fromClass(
  class {
    marks: DecorationSet;

    constructor(view: EditorView) {
      this.marks = marked(view);
    }

    update(update: ViewUpdate): void {
      const parsed = syntaxTree(update.startState) !== syntaxTree(update.state);
      if (update.docChanged || update.viewportChanged || parsed) this.marks = marked(update.view);
    }
  },
  { decorations: (plugin) => plugin.marks },
);

function marked(view: EditorView): DecorationSet {
  const found = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    syntaxTree(view.state).iterate({
      from,
      to,
      enter: ({ name, node }) => {
        if (name !== "Literal" && name !== "QuotedLiteral") return;
        const text = view.state.sliceDoc(node.from, node.to);
        const isKey = node.parent?.name === "Key";
        const mark = isKey ? (TIME.test(text) ? time : null) : NUMBER.test(text) || WORD.test(text) ? number : null;
        if (mark !== null) found.add(node.from, node.to, mark);
      },
    });
  }
  return found.finish();
}
