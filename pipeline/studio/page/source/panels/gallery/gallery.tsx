/** What has been rendered: every run as a card, one of them in full, two schedules compared. */

import { useEffect, useState } from "preact/hooks";
import { sentence } from "../../api/client";
import type { Output } from "../../api/types";
import { day, duration } from "../../shell/format";
import { useShared, useStudio } from "../../store/studio";
import { Detail } from "./detail";

export function Gallery() {
  const { store, api, announce } = useStudio();
  const { outputs, tab, jobs } = useShared("outputs", "tab", "jobs");
  const [chosen, choose] = useState<string | null>(null);
  const finished = jobs.filter((job) => job.kind === "render" && job.state === "finished").length;
  useEffect(() => {
    if (tab !== "gallery") return;
    const failed = (error: unknown): void => announce(`No gallery: ${sentence(error)}`, "error");
    api.outputs().then((found) => store.set({ outputs: found }), failed);
  }, [tab, finished]);
  if (outputs === null) return <p class="empty">Looking at what has been rendered</p>;
  const detail = outputs.find((output) => output.name === chosen);
  if (detail !== undefined) return <Detail output={detail} others={outputs} onBack={() => choose(null)} />;
  if (outputs.length === 0) {
    return (
      <div class="nothing">
        <p>Nothing has been rendered yet.</p>
        <p class="note">Each finished render comes here with its video, its contact sheet and the schedule that made it.</p>
      </div>
    );
  }
  return (
    <ul class="cards large" aria-label="Renders">
      {outputs.map((output) => (
        <Card key={output.name} output={output} onChoose={() => choose(output.name)} />
      ))}
    </ul>
  );
}

function Card({ output, onChoose }: { output: Output; onChoose: () => void }) {
  const { api } = useStudio();
  const missing = output.frames - output.frames_done;
  return (
    <li class="card">
      <button type="button" class="card-whole" onClick={onChoose}>
        <span class="card-picture">
          {output.poster === null ? (
            <span class="note">No picture yet</span>
          ) : (
            <img src={api.output(output.name, output.poster)} alt="" loading="lazy" />
          )}
        </span>
        <span class="card-title" title={output.title}>
          {output.title || output.name}
        </span>
        <span class="card-line note number">
          {duration(output.seconds)}
          {output.draft && " · draft"}
          {" · "}
          {missing > 0 ? `${output.frames_done} of ${output.frames} frames` : output.size.join(" × ")}
        </span>
        <span class="card-line note number">{day(output.changed)}</span>
      </button>
    </li>
  );
}
