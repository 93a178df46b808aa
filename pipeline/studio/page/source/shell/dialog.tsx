/** A modal dialog: the browser's own, which keeps the focus inside and closes with Escape. */

import type { ComponentChildren } from "preact";
import { Icon } from "./icons";
import { useEffect, useId, useRef } from "preact/hooks";

interface Asked {
  title: string;
  onClose: () => void;
  wide?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, wide = false, children }: Asked) {
  const host = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => {
    host.current?.showModal();
    host.current?.querySelector<HTMLElement>("[data-focus]")?.focus(); // else the button that closes it has the focus
  }, []);
  return (
    <dialog
      ref={host}
      class={wide ? "dialog wide" : "dialog"}
      aria-labelledby={name}
      onClose={onClose}
      onClick={(event) => event.target === host.current && host.current?.close()}
    >
      <div class="dialog-body">
        <header>
          <h2 id={name}>{title}</h2>
          <button type="button" class="icon" aria-label="Close" onClick={() => host.current?.close()}>
            <Icon name="cross" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
