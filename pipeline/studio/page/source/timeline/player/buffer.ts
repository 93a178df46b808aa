/** Which frames are kept, and which are fetched next: pure, so that it can be tested without a server. */

/** Frames in one request: as many as the server draws at once. */
export const PACK = 24;
/** Frames that are kept after and before the playhead. */
export const AHEAD = 96;
export const BEHIND = 24;

export interface Film {
  frames: number;
  /** Whether playing goes on at the beginning. */
  loop: boolean;
}

export type Pack = [first: number, last: number];

/** The number of frames from the playhead on to `frame`; negative if it lies behind. */
export function distance(film: Film, playhead: number, frame: number): number {
  const ahead = frame - playhead;
  return film.loop && ahead < -BEHIND ? ahead + film.frames : ahead;
}

export function isKept(film: Film, playhead: number, frame: number): boolean {
  const ahead = distance(film, playhead, frame);
  return ahead >= -BEHIND - PACK && ahead <= AHEAD + PACK;
}

/** The pack that playing needs next, or null if `ahead` frames from the playhead on are here or on their way. */
export function nextPack(film: Film, playhead: number, ahead: number, has: (frame: number) => boolean): Pack | null {
  const packs = Math.ceil(film.frames / PACK);
  const first = Math.floor(playhead / PACK);
  for (let n = 0; n * PACK <= ahead && n < packs; n++) {
    const pack = first + n;
    if (pack >= packs && !film.loop) return null;
    const from = (pack % packs) * PACK;
    const to = Math.min(from + PACK, film.frames) - 1;
    for (let frame = from; frame <= to; frame++) if (!has(frame)) return [from, to];
  }
  return null;
}
