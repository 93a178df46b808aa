/** Below the text: the problems as a list, where the cursor is, and what the schedule amounts to. */

import type { Problem } from "../api/types";
import { useShared, useStudio } from "../store/studio";
import { duration } from "./format";

const SHOWN = 30;

export function Status() {
  const { problems } = useShared("problems");
  return (
    <>
      {problems.length > 0 && (
        <ul class="problem-list" aria-label="Problems">
          {problems.slice(0, SHOWN).map((problem) => (
            <Line problem={problem} />
          ))}
          {problems.length > SHOWN && <li class="note">and {problems.length - SHOWN} more</li>}
        </ul>
      )}
      <div class="status-line">
        <Cursor />
        <Facts />
      </div>
    </>
  );
}

function Line({ problem }: { problem: Problem }) {
  const studio = useStudio();
  const go = (): void => {
    studio.editor.revealLine(problem.line, problem.column);
    studio.editor.focus();
  };
  return (
    <li>
      <button type="button" class={`problem ${problem.severity}`} onClick={go}>
        <span class="problem-place">
          {problem.line}:{problem.column}
        </span>
        <span class="visually-hidden">{problem.severity}</span>
        <span class="problem-message">{problem.message}</span>
      </button>
    </li>
  );
}

function Cursor() {
  const { text, cursor } = useShared("text", "cursor");
  const before = text.slice(0, cursor);
  const line = before.split("\n").length;
  return (
    <span>
      Line {line}, column {cursor - before.lastIndexOf("\n")}
    </span>
  );
}

function Facts() {
  const { facts } = useShared("facts");
  if (facts === null) return null;
  const [width, height] = facts.size;
  return (
    <span>
      {width} × {height} · {duration(facts.seconds)} · {facts.frames.toLocaleString("en")} frames at {facts.fps} fps
    </span>
  );
}
