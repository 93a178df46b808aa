/** One render: the newest frame, how far it is, its similarity so far, and the last frames as a strip. */

import type { Job } from "../../api/types";
import { giveText, isOpen } from "../../document/live";
import { count, duration, speed, spoken } from "../../shell/format";
import { JobButton } from "../../shell/job_button";
import type { Arrived } from "../../store/state";
import { useShared, useStudio } from "../../store/studio";

const STRIP = 8;
const NONE: readonly Arrived[] = [];
const NO_FRAME = {
  waiting: "The first frame is on its way.",
  running: "The first frame is on its way.",
  stopped: "It was stopped before its first frame.",
  finished: "Every frame was there already.",
  failed: "",
};

export function Running({ job }: { job: Job }) {
  const { arrived } = useShared("arrived");
  const frames = arrived[job.id] ?? NONE;
  const newest = frames.at(-1);
  return (
    <section class="render-job" aria-label={`Render of ${job.path}`}>
      <Progress job={job} />
      <div class="stage">
        {newest === undefined ? (
          <p class="note">{NO_FRAME[job.state]}</p>
        ) : (
          <img src={newest.picture} alt={`Frame ${newest.frame}`} />
        )}
      </div>
      {job.message !== "" && <p class={job.state === "failed" ? "bad message" : "note message"}>{spoken(job.message)}</p>}
      {job.warnings.map((warning) => (
        <p class="warn message">{spoken(warning)}</p>
      ))}
      {frames.length > 1 && <Curve frames={frames} total={job.frames} />}
      {frames.length > 1 && (
        <ol class="strip" aria-label="Newest frames">
          {frames.slice(-STRIP).map((each) => (
            <li key={each.picture}>
              <img src={each.picture} alt="" />
              <span class="number">{each.frame}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Progress({ job }: { job: Job }) {
  const isRunning = isOpen(job);
  return (
    <>
      <div class="progress-line">
        <span class={`job-state ${job.state}`}>{job.state}</span>
        <progress max={Math.max(job.frames, 1)} value={job.done} aria-label="Frames done" />
        <span class="number">{job.frames === 0 ? "–" : `${job.done} / ${job.frames}`}</span>
        <JobButton job={job} />
      </div>
      <div class="facts-line">
        <dl class="facts">
          <Fact name="Speed" value={speed(job.fps)} />
          <Fact name="Similarity" value={job.similarity?.toFixed(3) ?? "–"} />
          <Fact name={isRunning ? "Left" : "Took"} value={timeOf(job, isRunning)} />
        </dl>
        {isRunning && <Steering job={job} />}
      </div>
    </>
  );
}

/** Whether the render follows the text in the page; if not, it can be given the text once. */
function Steering({ job }: { job: Job }) {
  const { store, api, announce } = useStudio();
  const { live, given, text, path, problems } = useShared("live", "given", "text", "path", "problems");
  if (job.path !== path) return null;
  const isBehind = !live && given[job.id] !== undefined && given[job.id] !== text;
  const hasErrors = problems.some((problem) => problem.severity === "error");
  return (
    <div class="steering">
      <label class="check" title="An edit takes effect at the next frame; frames that it changes are made again">
        <input type="checkbox" checked={live} onChange={(event) => store.set({ live: event.currentTarget.checked })} />
        Follow the text
      </label>
      {isBehind && (
        <button type="button" disabled={hasErrors} onClick={() => void giveText(store, api, announce)}>
          Take the text as it is now
        </button>
      )}
    </div>
  );
}

function timeOf(job: Job, isRunning: boolean): string {
  if (!isRunning) return duration(Math.round(job.seconds));
  return job.seconds_left === null ? "–" : duration(Math.round(job.seconds_left));
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{value}</dd>
    </div>
  );
}

/** Similarity over the film's frames. */
function Curve({ frames, total }: { frames: readonly Arrived[]; total: number }) {
  const known = frames.flatMap(({ frame, similarity }) => (similarity === null ? [] : [{ frame, similarity }]));
  if (known.length < 2) return null;
  const values = known.map((each) => each.similarity);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const last = Math.max(total - 1, known.at(-1)!.frame, 1);
  const x = (frame: number): string => ((100 * frame) / last).toFixed(2);
  const y = (value: number): string => (28 - (24 * (value - low)) / (high - low || 1)).toFixed(2);
  const points = known.map((each) => `${x(each.frame)},${y(each.similarity)}`).join(" ");
  return (
    <figure class="similarity">
      <svg viewBox="0 0 100 32" preserveAspectRatio="none" role="img"
        aria-label={`Similarity of ${count(known.length, "frame")}: from ${low.toFixed(3)} to ${high.toFixed(3)}`}>
        <polyline points={points} />
      </svg>
      <figcaption>
        <span>Similarity</span>
        <span class="number">
          {low.toFixed(3)} to {high.toFixed(3)}
        </span>
      </figcaption>
    </figure>
  );
}
