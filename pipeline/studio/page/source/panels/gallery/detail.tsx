/** One run in full: its video, its contact sheet, the schedule that made it, and how that differs from another. */

import { useEffect, useRef, useState } from "preact/hooks";
import { sentence } from "../../api/client";
import type { Output } from "../../api/types";
import { TextDiff } from "../../shell/diff";
import { count, day, duration } from "../../shell/format";
import { Icon } from "../../shell/icons";
import { useShared, useStudio } from "../../store/studio";

const HERE = ""; // the text in the page, among what can be compared with

interface Shown {
  output: Output;
  others: readonly Output[];
  onBack: () => void;
}

export function Detail({ output, others, onBack }: Shown) {
  const { api } = useStudio();
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus(), []);
  const address = (file: string): string => api.output(output.name, file);
  return (
    <article class="detail" aria-label={output.title || output.name}>
      <div class="detail-head">
        <button type="button" ref={back} onClick={onBack}>
          <Icon name="back" /> Gallery
        </button>
        <h2 title={output.title}>{output.title || output.name}</h2>
      </div>
      {output.video === null ? (
        <p class="nothing note">The video is made when all frames are there.</p>
      ) : (
        <video controls loop playsInline preload="metadata" src={address(output.video)}
          {...(output.poster === null ? {} : { poster: address(output.poster) })} aria-label="The video" />
      )}
      <p class="note">
        {output.name} · {output.size.join(" × ")} · {duration(output.seconds)} at {output.fps} fps ·{" "}
        {output.frames_done < output.frames
          ? `${output.frames_done} of ${count(output.frames, "frame")}`
          : count(output.frames, "frame")}{" "}
        · {day(output.changed)}
      </p>
      {output.contact !== null && (
        <figure class="contact">
          <a href={address(output.contact)} target="_blank" rel="noreferrer" aria-label="Open the contact sheet">
            <img src={address(output.contact)} alt="Contact sheet" loading="lazy" />
          </a>
        </figure>
      )}
      <Schedules output={output} others={others} />
    </article>
  );
}

/** The schedule that made the run; compared with another run's, or with the text in the page. */
function Schedules({ output, others }: Omit<Shown, "onBack">) {
  const { api, announce } = useStudio();
  const { text: here, path } = useShared("text", "path");
  const [other, choose] = useState(HERE);
  const [texts, keep] = useState<Readonly<Record<string, string>>>({});
  useEffect(() => {
    for (const name of [output.name, other]) {
      if (name === HERE || name in texts) continue;
      const failed = (error: unknown): void => announce(`No schedule of ${name}: ${sentence(error)}`, "error");
      api.outputSchedule(name).then((text) => keep((known) => ({ ...known, [name]: text })), failed);
    }
  }, [output.name, other]);
  const made = texts[output.name];
  const compared = other === HERE ? here : texts[other];
  return (
    <section class="schedules" aria-label="The schedule that made it">
      <div class="buttons">
        <h3>Made by</h3>
        <span class="space" />
        <label>
          Compare with{" "}
          <select value={other} onChange={(event) => choose(event.currentTarget.value)}>
            <option value={HERE}>{path ?? "the page"} as it is now</option>
            {others
              .filter((each) => each.name !== output.name)
              .map((each) => (
                <option value={each.name}>{each.name}</option>
              ))}
          </select>
        </label>
      </div>
      {made !== undefined &&
        compared !== undefined &&
        (made === compared ? (
          <>
            <p class="note">{nameOf(other, path)} has the same text.</p>
            <pre class="whole-text">{made}</pre>
          </>
        ) : (
          <TextDiff left={made} right={compared} names={[output.name, nameOf(other, path)]} />
        ))}
    </section>
  );
}

function nameOf(other: string, path: string | null): string {
  return other === HERE ? (path ?? "The page") : other;
}
