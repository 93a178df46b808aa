/** Which frames are kept, and which pack is fetched next: pure, so that it can be tested without a server. */

/** Frames in one request. */
export const PACK = 24;
/** Frames that are kept after and before the playhead. */
export const AHEAD = 96;
export const BEHIND = 24;

export interface Film {
  frames: number;
  /** Whether playing goes on at the beginning. */
  loop: boolean;
}

/** The number of frames from the playhead on to `frame`; negative if it lies behind. */
export function distance(film: Film, playhead: number, frame: number): number {
  const ahead = frame - playhead;
  return film.loop && ahead < -BEHIND ? ahead + film.frames : ahead;
}

export function isKept(film: Film, playhead: number, frame: number): boolean {
  const ahead = distance(film, playhead, frame);
  return ahead >= -BEHIND && ahead <= AHEAD + PACK;
}

/** The pack (first frame, last frame) that playing needs next, or null if enough is here or on its way. */
export function nextPack(film: Film, playhead: number, has: (frame: number) => boolean): [number, number] | null {
  const packs = Math.ceil(film.frames / PACK);
  const first = Math.floor(playhead / PACK);
  for (let n = 0; n * PACK <= AHEAD && n < packs; n++) {
    const pack = first + n;
    if (pack >= packs && !film.loop) return null;
    const from = (pack % packs) * PACK;
    const to = Math.min(from + PACK, film.frames) - 1;
    if (!has(from) || !has(to)) return [from, to];
  }
  return null;
}
