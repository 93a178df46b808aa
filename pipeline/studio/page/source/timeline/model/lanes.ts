/** Bands that overlap lie in different lanes, so that each can be read. */

interface Band {
  track: number;
  start: number;
  end: number;
}

export interface Lanes {
  /** The lane of every band, from 0 at the top. */
  lane: number[];
  count: number;
}

/** Each band in the first lane of its track that is free at its start; tracks lie below each other. */
export function lanesOf(bands: readonly Band[]): Lanes {
  const lane = new Array<number>(bands.length).fill(0);
  let first = 0;
  for (const track of new Set(bands.map((band) => band.track))) {
    const members = bands.map((_, index) => index).filter((index) => bands[index]!.track === track);
    members.sort((a, b) => bands[a]!.start - bands[b]!.start || bands[b]!.end - bands[a]!.end);
    const ends: number[] = [];
    for (const index of members) {
      const free = ends.findIndex((end) => end <= bands[index]!.start + 1e-9);
      const mine = free < 0 ? ends.length : free;
      ends[mine] = bands[index]!.end;
      lane[index] = first + mine;
    }
    first += ends.length;
  }
  return { lane, count: Math.max(1, first) };
}
