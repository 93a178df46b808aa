/** Long lines are wrapped, and go on two columns right of where they begin, so that the nesting of YAML stays visible. */

import { type Extension, RangeSetBuilder } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";

const MOST = 40; // columns
const FURTHER = 2;

const hanging = ViewPlugin.fromClass(
  class {
    lines: DecorationSet;

    constructor(view: EditorView) {
      this.lines = indented(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.lines = indented(update.view);
    }
  },
  { decorations: (plugin) => plugin.lines },
);

function indented(view: EditorView): DecorationSet {
  const found = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      const [begin, mark] = /^ *([-#] )?/.exec(line.text)!;
      const columns = Math.min(begin.length, MOST) + (mark === "# " ? 0 : FURTHER);
      const style = `text-indent: -${columns}ch; padding-left: calc(4px + ${columns}ch)`;
      found.add(line.from, line.from, Decoration.line({ attributes: { style } }));
      at = line.to + 1;
    }
  }
  return found.finish();
}

export function wrapping(): Extension {
  return [EditorView.lineWrapping, hanging];
}
