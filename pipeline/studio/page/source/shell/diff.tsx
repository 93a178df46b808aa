/** Two texts side by side, what differs between them marked, what is the same folded away. */

import { yaml } from "@codemirror/lang-yaml";
import { MergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";
import { appearance, pageNonce } from "../editor/theme";
import { wrapping } from "../editor/wrapping";

interface Texts {
  left: string;
  right: string;
  /** What the two are, above them and for screen readers. */
  names: [string, string];
}

export function TextDiff({ left, right, names }: Texts) {
  const host = useRef<HTMLDivElement>(null);
  const isSame = left === right;
  useEffect(() => {
    if (host.current === null || isSame) return;
    const view = new MergeView({
      a: { doc: left, extensions: shown(names[0]) },
      b: { doc: right, extensions: shown(names[1]) },
      parent: host.current,
      collapseUnchanged: { margin: 2, minSize: 4 },
      gutter: true,
    });
    return () => view.destroy();
  }, [left, right, names[0], names[1]]);
  return (
    <div class="diff">
      <div class="diff-names">
        <span>{names[0]}</span>
        <span>{names[1]}</span>
      </div>
      {isSame ? <p class="empty">The two texts are the same.</p> : <div class="diff-texts" ref={host} />}
    </div>
  );
}

function shown(name: string): Extension {
  return [
    pageNonce(),
    appearance(),
    yaml(),
    lineNumbers(),
    wrapping(),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ "aria-label": name }),
  ];
}
