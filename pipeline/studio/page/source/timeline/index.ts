/** The timeline below, and the player in the tab "Picture". */

import type { Studio } from "../store/studio";

/** Draws the timeline into `host`, which has a size and keeps it up to date with the page. */
export function mountTimeline(_host: HTMLElement, _studio: Studio): void {}

/** Draws the motion preview and its controls into `host`. */
export function mountPlayer(_host: HTMLElement, _studio: Studio): void {}
