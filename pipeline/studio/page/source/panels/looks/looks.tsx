/** Refined moments: all of them as cards, two of them side by side with what differs between their texts. */

import { lookHere } from "../../document/actions";
import type { Job } from "../../api/types";
import { TextDiff } from "../../shell/diff";
import { moment } from "../../shell/format";
import { Icon } from "../../shell/icons";
import type { Look } from "../../store/state";
import { useShared, useStudio } from "../../store/studio";

const SIDES = ["Left", "Right"] as const;

export function Looks() {
  const { looks, jobs, compared } = useShared("looks", "jobs", "compared");
  if (looks.length === 0) return <Nothing />;
  const [left, right] = compared.map((id) => looks.find((look) => look.id === id) ?? null);
  const both = left != null && right != null && left.id !== right.id;
  return (
    <div class="looks">
      <div class={both ? "pair" : "pair single"}>
        {both && <Shown look={left} job={jobs.find((job) => job.id === left.id)} />}
        <Shown look={right ?? left ?? looks[0]!} job={jobs.find((job) => job.id === (right ?? left ?? looks[0]!).id)} />
      </div>
      {both && left.path === right.path && (
        <section aria-label="What differs between the two texts" class="block">
          <TextDiff left={left.text} right={right.text} names={[nameOf(left), nameOf(right)]} />
        </section>
      )}
      <ul class="cards" aria-label="Looks">
        {looks.map((look) => (
          <Card key={look.id} look={look} job={jobs.find((job) => job.id === look.id)} />
        ))}
      </ul>
    </div>
  );
}

function Nothing() {
  const studio = useStudio();
  const { facts, time } = useShared("facts", "time");
  return (
    <div class="nothing">
      <p>A look refines one moment of the film, as it will be rendered. Put the playhead where you want to look.</p>
      <button type="button" class="primary" disabled={facts === null} onClick={() => void lookHere(studio, true)}>
        Look at {moment(time)}
      </button>
      <p class="note">Change the text and look again: two looks are shown side by side, with what differs between them.</p>
    </div>
  );
}

function Shown({ look, job }: { look: Look; job: Job | undefined }) {
  return (
    <figure class="look">
      <div class="stage">
        {look.picture === null ? <Waiting job={job} /> : <img src={look.picture} alt={`The film at ${moment(look.time)}`} />}
      </div>
      <figcaption>
        {nameOf(look)}
        <Similarity job={job} />
      </figcaption>
    </figure>
  );
}

function Waiting({ job }: { job: Job | undefined }) {
  if (job?.state === "failed") return <p class="bad">{job.message || "It failed."}</p>;
  if (job?.state === "stopped") return <p class="note">Stopped</p>;
  return <p class="note">{job?.message || (job?.state === "running" ? "Refining" : "Waiting")}</p>;
}

function Similarity({ job }: { job: Job | undefined }) {
  if (job?.similarity == null) return null;
  return <span class="number">similarity {job.similarity.toFixed(3)}</span>;
}

function Card({ look, job }: { look: Look; job: Job | undefined }) {
  const { store } = useStudio();
  const { compared, path } = useShared("compared", "path");
  const put = (side: 0 | 1): void => store.set({ compared: side === 0 ? [look.id, compared[1]] : [compared[0], look.id] });
  const unpin = (): void => {
    const looks = store.get().looks.filter((each) => each.id !== look.id);
    store.set({ looks, compared: [without(compared[0], look.id), without(compared[1], look.id)] });
  };
  return (
    <li class="card">
      <button type="button" class="card-picture" disabled={look.path !== path} title="Go to this moment"
        aria-label={`Go to ${moment(look.time)}`} onClick={() => store.set({ time: look.time })}>
        {look.picture === null ? <Waiting job={job} /> : <img src={look.picture} alt="" loading="lazy" />}
      </button>
      <div class="card-line">
        <span>Look {look.number}</span>
        <span class="number note">{moment(look.time)}</span>
        <span class="note">{look.draft ? "draft" : "full"}</span>
        <span class="space" />
        <button type="button" class="icon small" aria-label={`Unpin look ${look.number}`} title="Unpin it" onClick={unpin}>
          <Icon name="cross" />
        </button>
      </div>
      <div class="group sides" role="group" aria-label="Show it">
        {SIDES.map((name, side) => (
          <button type="button" aria-pressed={compared[side] === look.id} onClick={() => put(side as 0 | 1)}>
            {name}
          </button>
        ))}
      </div>
    </li>
  );
}

function without(id: string | null, gone: string): string | null {
  return id === gone ? null : id;
}

function nameOf(look: Look): string {
  return `Look ${look.number} at ${moment(look.time)}, ${look.draft ? "draft" : "full size"}`;
}
