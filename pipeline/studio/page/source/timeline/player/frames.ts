/** The frames around the playhead as pictures: fetched in packs ahead of it, dropped behind it. */

import { AHEAD, type Film, PACK, isKept, nextPack } from "./buffer";
import { unpacked } from "./packs";

export type FetchPack = (first: number, last: number, signal: AbortSignal) => Promise<ArrayBuffer>;

/** Requests at a time: the server makes frames one after the other anyway. */
const REQUESTS = 2;

export class Frames {
  private readonly pictures = new Map<number, ImageBitmap>();
  /** The first frame of each pack that is on its way. */
  private readonly asked = new Map<number, AbortController>();
  private playhead = 0;
  private failed = false;

  constructor(
    private readonly fetchPack: FetchPack,
    readonly film: Film,
    private readonly arrived: () => void,
    private readonly refused: (error: unknown) => void,
  ) {}

  at(frame: number): ImageBitmap | null {
    return this.pictures.get(frame) ?? null;
  }

  /** The nearest earlier picture: better than nothing while the right one is on its way. */
  near(frame: number): ImageBitmap | null {
    for (let n = frame; n > frame - PACK; n--) {
      const found = this.pictures.get(n);
      if (found) return found;
    }
    return null;
  }

  /** Seconds that can be played from here without waiting. */
  ahead(): number {
    let count = 0;
    while (count <= AHEAD && this.pictures.has((this.playhead + count) % this.film.frames)) count++;
    return count;
  }

  /** The playhead is here: drop what is far, ask for what comes. */
  want(frame: number): void {
    this.playhead = frame;
    for (const [number, picture] of this.pictures) {
      if (isKept(this.film, frame, number)) continue;
      picture.close();
      this.pictures.delete(number);
    }
    for (const [first, request] of this.asked) {
      if (isKept(this.film, frame, first) || isKept(this.film, frame, first + PACK - 1)) continue;
      request.abort();
      this.asked.delete(first);
    }
    this.ask();
  }

  close(): void {
    this.failed = true;
    for (const request of this.asked.values()) request.abort();
    for (const picture of this.pictures.values()) picture.close();
    this.pictures.clear();
    this.asked.clear();
  }

  private ask(): void {
    while (!this.failed && this.asked.size < REQUESTS) {
      const pack = nextPack(this.film, this.playhead, (frame) => this.has(frame));
      if (!pack) return;
      void this.load(pack[0], pack[1]);
    }
  }

  private has(frame: number): boolean {
    return this.pictures.has(frame) || this.asked.has(Math.floor(frame / PACK) * PACK);
  }

  private async load(first: number, last: number): Promise<void> {
    const request = new AbortController();
    this.asked.set(first, request);
    try {
      const blobs = unpacked(await this.fetchPack(first, last, request.signal));
      const pictures = await Promise.all(blobs.map((blob) => createImageBitmap(blob)));
      pictures.forEach((picture, n) => this.keep(first + n, picture, request.signal.aborted));
    } catch (error) {
      if (!request.signal.aborted) {
        this.failed = true; // a broken preview is not asked for again until the text changes
        this.refused(error);
      }
    } finally {
      if (this.asked.get(first) === request) this.asked.delete(first);
    }
    if (request.signal.aborted) return;
    this.arrived();
    this.ask();
  }

  private keep(frame: number, picture: ImageBitmap, tooLate: boolean): void {
    if (tooLate || this.failed || !isKept(this.film, this.playhead, frame)) {
      picture.close();
      return;
    }
    this.pictures.get(frame)?.close();
    this.pictures.set(frame, picture);
  }
}
