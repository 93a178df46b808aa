/** The bar on top: which schedule is open, how it stands, and what can be done with it. */

import { lookHere, nextProblem, startRender } from "../document/actions";
import type { Files } from "../document/files";
import { isOpen } from "../document/live";
import { useShared, useStudio } from "../store/studio";
import { count, duration } from "./format";
import { Icon } from "./icons";
import { JobButton } from "./job_button";
import { switchTheme } from "./theme";

export function Header({ files }: { files: Files }) {
  const { theme } = useShared("theme");
  const { store } = useStudio();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <>
      <Chosen />
      <span class="save-slot">
        <SaveState files={files} />
      </span>
      <ProblemCount />
      <Connection />
      <span class="space" />
      <Looking />
      <Rendering />
      <span class="header-icons">
        <button type="button" class="icon" title={`Use the ${other} look`} aria-label={`Use the ${other} look`}
          onClick={() => switchTheme(store)}>
          <Icon name={theme === "dark" ? "sun" : "moon"} />
        </button>
        <button type="button" class="icon" title="Keyboard (F1)" aria-label="Keyboard"
          onClick={() => store.set({ asking: { kind: "keys" } })}>
          <Icon name="keys" />
        </button>
      </span>
    </>
  );
}

function Chosen() {
  const { path } = useShared("path");
  const { store } = useStudio();
  const cut = (path?.lastIndexOf("/") ?? -1) + 1;
  return (
    <button type="button" class="chosen" aria-haspopup="dialog" title="Open another schedule (Ctrl-O)"
      onClick={() => store.set({ asking: { kind: "open" } })}>
      <Icon name="file" />
      <span class="path">
        <span class="folder">{path?.slice(0, cut)}</span>
        <span>{path === null ? "Open a schedule" : path.slice(cut)}</span>
      </span>
      <Icon name="down" />
    </button>
  );
}

function SaveState({ files }: { files: Files }) {
  const { path, text, saved, saving, conflict } = useShared("path", "text", "saved", "saving", "conflict");
  const { store } = useStudio();
  if (path === null) return null;
  if (conflict !== null) {
    return (
      <button type="button" class="warn" onClick={() => store.set({ asking: { kind: "conflict" } })}>
        Changed on disk too
      </button>
    );
  }
  if (text === saved) return <span class="state">Saved</span>;
  return (
    <button type="button" class="save" disabled={saving} title="Save (Ctrl-S)" onClick={() => void files.save()}>
      {saving ? "Saving" : "Save"}
    </button>
  );
}

function ProblemCount() {
  const { path, problems } = useShared("path", "problems");
  const studio = useStudio();
  const errors = problems.filter((problem) => problem.severity === "error").length;
  if (path === null) return null;
  if (problems.length === 0) return <span class="state">No problems</span>;
  const words = errors > 0 ? count(errors, "problem") : count(problems.length, "warning");
  return (
    <button type="button" class={errors > 0 ? "bad" : "warn"} title="Go to the next one (F8)"
      onClick={() => nextProblem(studio)}>
      {words}
    </button>
  );
}

function Connection() {
  const { connected } = useShared("connected");
  if (connected) return null;
  return (
    <span class="state bad" role="alert"
      title="Start render studio again and open the address that it prints in another tab. Your text stays here.">
      Not connected to the server
    </span>
  );
}

function Looking() {
  const studio = useStudio();
  const { facts } = useShared("facts");
  return (
    <span class="group" role="group" aria-label="Look here">
      <span class="group-name">
        <Icon name="look" /> Look here
      </span>
      <button type="button" disabled={facts === null} title="Refine this moment quickly (Ctrl-Enter)"
        onClick={() => void lookHere(studio, true)}>
        Draft
      </button>
      <button type="button" disabled={facts === null} title="Refine this moment at full size (Ctrl-Shift-Enter)"
        onClick={() => void lookHere(studio, false)}>
        Full
      </button>
    </span>
  );
}

function Rendering() {
  const studio = useStudio();
  const { facts, jobs } = useShared("facts", "jobs");
  const job = jobs.find((each) => each.kind === "render" && isOpen(each));
  if (job !== undefined) {
    const left = job.seconds_left === null ? "" : ` · ${duration(job.seconds_left)} left`;
    const share = job.frames > 0 ? `${job.done} / ${job.frames}${left}` : "Starting";
    return (
      <span class="group" role="group" aria-label="Render">
        <button type="button" class="plain" onClick={() => studio.store.set({ tab: "renders" })}>
          <Icon name="film" /> {share}
        </button>
        <JobButton key={job.id} job={job} />
      </span>
    );
  }
  return (
    <span class="group" role="group" aria-label="Render">
      <span class="group-name">
        <Icon name="film" /> Render
      </span>
      <button type="button" disabled={facts === null} title="Render the film, small and quick"
        onClick={() => void startRender(studio, true)}>
        Draft
      </button>
      <button type="button" class="primary" disabled={facts === null} title="Render the film at full size"
        onClick={() => void startRender(studio, false)}>
        Full
      </button>
    </span>
  );
}
