/** The dialogs of the page; one is open at a time. */

import type { Files } from "../document/files";
import { useShared, useStudio } from "../store/studio";
import { Chooser } from "./chooser";
import { Dialog } from "./dialog";
import { TextDiff } from "./diff";
import { Keys } from "./keys";

export function Asking({ files }: { files: Files }) {
  const { asking } = useShared("asking");
  if (asking === null) return null;
  if (asking.kind === "open") return <Chooser files={files} />;
  if (asking.kind === "keys") return <Keys />;
  if (asking.kind === "leave") return <Leave files={files} to={asking.to} />;
  return <ConflictDialog files={files} />;
}

function Leave({ files, to }: { files: Files; to: string }) {
  const { store } = useStudio();
  const { path } = useShared("path");
  const leave = async (saves: boolean): Promise<void> => {
    store.set({ asking: null });
    if (saves && !(await files.save())) return;
    await files.open(to);
  };
  return (
    <Dialog title="Unsaved changes" onClose={() => store.get().asking?.kind === "leave" && store.set({ asking: null })}>
      <p>{path} has changes that are not on disk yet.</p>
      <div class="buttons">
        <button type="button" class="primary" data-focus onClick={() => void leave(true)}>
          Save and open {to}
        </button>
        <button type="button" onClick={() => void leave(false)}>
          Discard them
        </button>
      </div>
    </Dialog>
  );
}

function ConflictDialog({ files }: { files: Files }) {
  const { store } = useStudio();
  const { conflict, path, text } = useShared("conflict", "path", "text");
  if (conflict === null) return null;
  return (
    <Dialog wide title={`${path} has changed on disk, and here`}
      onClose={() => store.get().asking?.kind === "conflict" && store.set({ asking: null })}>
      <TextDiff left={conflict.text} right={text} names={["On disk", "In the page"]} />
      <div class="buttons">
        <button type="button" onClick={() => void files.resolve("theirs")}>
          Take the text on disk
        </button>
        <button type="button" class="primary" data-focus onClick={() => void files.resolve("mine")}>
          Keep mine and save it
        </button>
        <span class="note">Undo brings your text back after the first choice.</span>
      </div>
    </Dialog>
  );
}
