/** Stops a job after its frame; pressed again, at once. */

import { useState } from "preact/hooks";
import type { Job } from "../api/types";
import { stopJob } from "../document/actions";
import { useStudio } from "../store/studio";

export function StopButton({ job }: { job: Job }) {
  const studio = useStudio();
  const [asked, ask] = useState(false);
  const stop = (): void => {
    ask(true);
    void stopJob(studio, job.id);
  };
  return (
    <button type="button" aria-label={`Stop ${job.path}`} onClick={stop}
      title={asked ? "Stops after its frame; press again to stop at once" : "Stop after this frame; it can go on later"}>
      {asked ? "Stopping" : "Stop"}
    </button>
  );
}
