/**
 * The frames around the playhead as pictures. Playing fetches packs ahead of it; a playhead that is dragged fetches the
 * one frame it is at, and what comes after it once it rests.
 */

import { AHEAD, type Film, PACK, type Pack, isKept, nextPack } from "./buffer";
import { unpacked } from "./packs";

export type FetchPack = (first: number, last: number, signal: AbortSignal) => Promise<ArrayBuffer>;

/** Requests at a time: the server draws frames one after the other anyway. */
const REQUESTS = 2;
/** Milliseconds without a movement of the playhead. */
const REST = 300;

interface Request {
  pack: Pack;
  control: AbortController;
}

export class Frames {
  private readonly pictures = new Map<number, ImageBitmap>();
  private readonly requests = new Set<Request>();
  private playhead = 0;
  /** How many frames after the playhead are wanted. */
  private ahead = 0;
  private timer = 0;
  private closed = false;

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

  /** The playhead is here: drop what is far, ask for what comes. */
  want(frame: number, playing: boolean): void {
    this.playhead = frame;
    this.ahead = playing ? AHEAD : 0;
    this.drop();
    window.clearTimeout(this.timer);
    if (!playing) this.timer = window.setTimeout(() => this.rest(), REST);
    this.ask();
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
    for (const { control } of this.requests) control.abort();
    for (const picture of this.pictures.values()) picture.close();
    this.pictures.clear();
    this.requests.clear();
  }

  private rest(): void {
    this.ahead = PACK;
    this.ask();
  }

  private drop(): void {
    for (const [number, picture] of this.pictures) {
      if (isKept(this.film, this.playhead, number)) continue;
      picture.close();
      this.pictures.delete(number);
    }
    for (const request of this.requests) {
      if (request.pack.some((frame) => isKept(this.film, this.playhead, frame))) continue;
      request.control.abort();
      this.requests.delete(request);
    }
  }

  private ask(): void {
    while (!this.closed && this.requests.size < REQUESTS) {
      const pack = this.next();
      if (!pack) return;
      void this.load(pack);
    }
  }

  private next(): Pack | null {
    const has = (frame: number) => this.has(frame);
    if (this.ahead > 0) return nextPack(this.film, this.playhead, this.ahead, has);
    return has(this.playhead) ? null : [this.playhead, this.playhead];
  }

  private has(frame: number): boolean {
    if (this.pictures.has(frame)) return true;
    for (const { pack } of this.requests) if (frame >= pack[0] && frame <= pack[1]) return true;
    return false;
  }

  private async load(pack: Pack): Promise<void> {
    const request = { pack, control: new AbortController() };
    const { signal } = request.control;
    this.requests.add(request);
    try {
      const blobs = unpacked(await this.fetchPack(pack[0], pack[1], signal));
      const pictures = await Promise.all(blobs.map((blob) => createImageBitmap(blob)));
      pictures.forEach((picture, n) => this.keep(pack[0] + n, picture, signal.aborted));
    } catch (error) {
      if (!signal.aborted) {
        this.closed = true; // a broken preview is not asked for again until the text changes
        this.refused(error);
      }
    } finally {
      this.requests.delete(request);
    }
    if (signal.aborted) return;
    this.arrived();
    this.ask();
  }

  private keep(frame: number, picture: ImageBitmap, tooLate: boolean): void {
    if (tooLate || this.closed || !isKept(this.film, this.playhead, frame)) {
      picture.close();
      return;
    }
    this.pictures.get(frame)?.close();
    this.pictures.set(frame, picture);
  }
}
