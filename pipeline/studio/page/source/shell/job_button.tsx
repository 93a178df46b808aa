/** What can be done with a job: stop it while it runs, go on with a render that was stopped or failed. */

import { useState } from "preact/hooks";
import type { Job } from "../api/types";
import { goOn, stopJob } from "../document/actions";
import { isOpen } from "../document/live";
import { useStudio } from "../store/studio";

export function JobButton({ job }: { job: Job }) {
  if (isOpen(job)) return <Stop job={job} />;
  return job.kind === "render" && job.state !== "finished" ? <GoOn job={job} /> : null;
}

/** After its frame; pressed again, at once. */
function Stop({ job }: { job: Job }) {
  const studio = useStudio();
  const [asked, ask] = useState(false);
  const stop = (): void => {
    ask(true);
    void stopJob(studio, job.id);
  };
  const title = asked ? "Stops after its frame; press again to stop at once" : "Stop after this frame; it can go on later";
  return (
    <button type="button" aria-label={`Stop ${job.path}`} title={title} onClick={stop}>
      {asked ? "Stopping" : "Stop"}
    </button>
  );
}

function GoOn({ job }: { job: Job }) {
  const studio = useStudio();
  return (
    <button type="button" aria-label={`Go on with ${job.path}`} title="Finished frames that are still right are kept"
      onClick={() => void goOn(studio, job)}>
      Go on
    </button>
  );
}
