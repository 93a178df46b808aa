/** The right side: picture, looks, renders and gallery, one tab each. */

import { useEffect, useRef } from "preact/hooks";
import type { Tab } from "../store/state";
import { useShared, useStudio } from "../store/studio";
import { mountPlayer } from "../timeline/index";
import { Gallery } from "./gallery/gallery";
import { Looks } from "./looks/looks";
import { Renders } from "./renders/renders";

const TABS: readonly [Tab, string][] = [
  ["picture", "Picture"],
  ["looks", "Looks"],
  ["renders", "Renders"],
  ["gallery", "Gallery"],
];

export function Panels() {
  const { store } = useStudio();
  const { tab } = useShared("tab");
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const index = TABS.findIndex(([name]) => name === tab);
    const next = TABS[(index + step + TABS.length) % TABS.length]![0];
    store.set({ tab: next });
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <>
      <div role="tablist" aria-label="Results" class="tabs" onKeyDown={move}>
        {TABS.map(([name, label]) => (
          <button
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-controls={`panel-${name}`}
            aria-selected={tab === name}
            tabIndex={tab === name ? 0 : -1}
            onClick={() => store.set({ tab: name })}
          >
            {label}
            <Amount tab={name} />
          </button>
        ))}
      </div>
      {TABS.map(([name]) => (
        <div
          role="tabpanel"
          class="panel"
          id={`panel-${name}`}
          aria-labelledby={`tab-${name}`}
          hidden={tab !== name}
          tabIndex={-1}
        >
          {name === "picture" ? <Picture /> : name === "looks" ? <Looks /> : name === "renders" ? <Renders /> : <Gallery />}
        </div>
      ))}
    </>
  );
}

/** How many looks there are, and how many renders run. */
function Amount({ tab }: { tab: Tab }) {
  const { looks, jobs } = useShared("looks", "jobs");
  const running = jobs.filter((job) => job.kind === "render" && job.state === "running").length;
  const amount = tab === "looks" ? looks.length : tab === "renders" ? running : 0;
  return amount > 0 ? <span class="amount">{amount}</span> : null;
}

function Picture() {
  const studio = useStudio();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current !== null) mountPlayer(host.current, studio);
  }, [studio]);
  return <div class="picture" ref={host} />;
}
