/** The bar on top: which schedule is open, how it stands, and what can be done with it. */

import type { Files } from "../document/files";
import { useShared, useStudio } from "../store/studio";
import { switchTheme } from "./theme";

export function Header({ files }: { files: Files }) {
  const { path, schedules, theme } = useShared("path", "schedules", "theme");
  const { store } = useStudio();
  return (
    <>
      <select aria-label="Schedule" value={path ?? ""} onChange={(event) => void files.open(event.currentTarget.value)}>
        {schedules.map((schedule) => (
          <option value={schedule.path}>{schedule.path}</option>
        ))}
      </select>
      <SaveState files={files} />
      <ProblemCount />
      <span class="space" />
      <button type="button" onClick={() => switchTheme(store)}>
        {theme === "dark" ? "Light" : "Dark"}
      </button>
    </>
  );
}

function SaveState({ files }: { files: Files }) {
  const { text, saved, saving } = useShared("text", "saved", "saving");
  return (
    <button type="button" disabled={text === saved || saving} onClick={() => void files.save()}>
      {saving ? "Saving" : text === saved ? "Saved" : "Save"}
    </button>
  );
}

function ProblemCount() {
  const { problems } = useShared("problems");
  return <span>{problems.length === 0 ? "No problems" : `${problems.length} problems`}</span>;
}
