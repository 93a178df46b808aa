/** Renders: the one that runs with its frames as they arrive, what an edit makes stale, and all jobs as a table. */

import { startRender } from "../../document/actions";
import type { Job } from "../../api/types";
import { isOpen } from "../../document/live";
import { count, duration, moment, speed, spoken } from "../../shell/format";
import { JobButton } from "../../shell/job_button";
import { useShared, useStudio } from "../../store/studio";
import { Running } from "./running";

export function Renders() {
  const { jobs } = useShared("jobs");
  const renders = jobs.filter((job) => job.kind === "render");
  const shown = renders.find(isOpen) ?? renders[0];
  const isRunning = shown !== undefined && isOpen(shown);
  return (
    <div class="renders">
      {!isRunning && <Starting />}
      <StaleLine />
      {shown === undefined ? <Nothing /> : <Running key={shown.id} job={shown} />}
      {jobs.length > 0 && <Table jobs={jobs} />}
    </div>
  );
}

/** What can be started; while a render runs, the bar on top and its own line have what can be done. */
function Starting() {
  const studio = useStudio();
  const { facts, lockstep } = useShared("facts", "lockstep");
  const kept = "Frames that are there and still right are kept";
  return (
    <div class="buttons">
      <button type="button" class="primary" disabled={facts === null} title={kept}
        onClick={() => void startRender(studio, false)}>
        Render
      </button>
      <button type="button" disabled={facts === null} title={kept} onClick={() => void startRender(studio, true)}>
        Render a draft
      </button>
      <button type="button" disabled={facts === null} title="Make every frame again, also those that are still right"
        onClick={() => void startRender(studio, false, true)}>
        Start over
      </button>
      <label class="check" title="Refine the variants or shots of a schedule as one batch: the same pictures, sooner on a GPU">
        <input type="checkbox" checked={lockstep}
          onChange={(event) => studio.store.set({ lockstep: event.currentTarget.checked })} />
        In lockstep
      </label>
    </div>
  );
}

function StaleLine() {
  const { stale, facts } = useShared("stale", "facts");
  if (stale === null || stale.rendered === 0) return null;
  const there = `${count(stale.rendered, "frame")} in ${stale.output}`;
  if (stale.stale_from === null) {
    const missing = stale.frames - stale.current;
    const rest = missing > 0 ? `; ${count(missing, "frame")} to make` : "";
    return <p class="stale">{`${there}, right for this text${rest}.`}</p>;
  }
  const from = facts === null ? "" : `, from ${moment(stale.stale_from / facts.fps)} on`;
  return <p class="stale warn">{`${there}. With this text they differ from frame ${stale.stale_from}${from}.`}</p>;
}

function Nothing() {
  return (
    <div class="nothing">
      <p>Nothing has been rendered since the studio was started.</p>
      <p class="note">Frames appear here as they are finished. What was rendered before is in the gallery.</p>
    </div>
  );
}

function Table({ jobs }: { jobs: readonly Job[] }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Jobs">
      <table>
        <thead>
          <tr>
            <th scope="col">Schedule</th>
            <th scope="col">Kind</th>
            <th scope="col">State</th>
            <th scope="col" class="number">Frames</th>
            <th scope="col" class="number">Speed</th>
            <th scope="col" class="number">Similarity</th>
            <th scope="col" class="number">Left</th>
            <th scope="col">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <Row key={job.id} job={job} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ job }: { job: Job }) {
  return (
    <>
      <tr>
        <th scope="row" title={job.path}>
          {job.path.slice(job.path.lastIndexOf("/") + 1)}
        </th>
        <td>
          {job.kind}
          {job.draft && ", draft"}
        </td>
        <td>
          <span class={`job-state ${job.state}`}>{job.state}</span>
        </td>
        <td class="number">{job.frames === 0 ? "–" : `${job.done} / ${job.frames}`}</td>
        <td class="number">{speed(job.fps)}</td>
        <td class="number">{job.similarity?.toFixed(3) ?? "–"}</td>
        <td class="number">{!isOpen(job) || job.seconds_left === null ? "–" : duration(job.seconds_left)}</td>
        <td class="actions">
          <JobButton job={job} />
        </td>
      </tr>
      {job.message !== "" && job.state === "failed" && (
        <tr class="job-message">
          <td colSpan={8}>{spoken(job.message)}</td>
        </tr>
      )}
    </>
  );
}
