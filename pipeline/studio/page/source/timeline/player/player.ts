/** Plays the motion preview: the one who moves the playhead of the page. */

import { ApiError, sentence } from "../../api/client";
import type { State } from "../../store/state";
import type { Studio } from "../../store/studio";
import { Clock } from "./clock";
import { Frames } from "./frames";

/** After the last change of the text, before the preview is made anew. */
const PAUSE = 250;
/** Before a preview that was closed meanwhile is asked for again. */
const AGAIN = 1000;
/** The preview's width in pixels: sharp enough for a pane, small enough for thirty a second. */
const WIDTH = 384;

export class Player {
  readonly clock: Clock;
  frames: Frames | null = null;
  /** What is wrong with the preview, for the picture's place. */
  problem = "";
  looping = false;
  private id = "";
  /** The schedule that is played: a film that is a loop is played as one. */
  private path: string | null = null;
  private previewed = -1;
  private timer = 0;
  private ticking = false;
  /** The time that we set last: another one was set by someone else. */
  private set = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly studio: Studio) {
    this.clock = new Clock((why) => studio.announce(`No sound: ${why}`));
    const { store } = studio;
    store.on(["timeline", "path"], (state) => this.refresh(state));
    store.on(["connected"], ({ connected }) => {
      if (!connected || !this.problem) return;
      this.previewed = -1;
      void this.preview();
    });
    store.on(["time"], ({ time }) => {
      if (time !== this.set) this.seek(time);
    });
  }

  /** `heard` is called whenever another picture may have to be drawn. */
  onChange(heard: () => void): void {
    this.listeners.add(heard);
  }

  get fps(): number {
    return this.studio.store.get().timeline?.fps ?? 12;
  }

  get frame(): number {
    const { time, timeline } = this.studio.store.get();
    const last = Math.max(0, (timeline?.frames ?? 1) - 1);
    return Math.min(Math.max(0, Math.floor(time * this.fps + 1e-6)), last);
  }

  toggle(): void {
    if (this.clock.playing) this.pause();
    else this.play();
  }

  play(): void {
    const { time, timeline } = this.studio.store.get();
    if (!timeline) return;
    const atEnd = time >= timeline.seconds - 1.01 / timeline.fps;
    this.clock.play(atEnd ? 0 : time);
    this.studio.store.set({ playing: true });
    this.tick();
  }

  pause(): void {
    this.clock.pause();
    this.studio.store.set({ playing: false });
    this.moved(this.frame / this.fps); // on a frame, so that a step goes to the next one
  }

  seek(time: number): void {
    const seconds = this.studio.store.get().timeline?.seconds ?? 0;
    const bounded = Math.min(Math.max(0, time), seconds);
    this.clock.set(bounded);
    this.moved(bounded);
  }

  step(frames: number): void {
    if (this.clock.playing) this.pause();
    this.seek((this.frame + frames) / this.fps);
  }

  setLooping(looping: boolean): void {
    this.looping = looping;
    if (this.frames) this.frames.film.loop = looping;
    this.tell();
  }

  private moved(time: number): void {
    this.set = time;
    this.studio.store.set({ time });
    this.frames?.want(this.frame, this.clock.playing);
    this.tell();
  }

  private tick(): void {
    if (this.ticking) return;
    this.ticking = true;
    const next = () => {
      if (!this.clock.playing) {
        this.ticking = false;
        return;
      }
      this.advance();
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }

  private advance(): void {
    const seconds = this.studio.store.get().timeline?.seconds ?? 0;
    const now = this.clock.now();
    if (now < seconds) this.moved(Math.max(0, now));
    else if (this.looping) this.seek(0);
    else {
      this.clock.pause();
      this.studio.store.set({ playing: false });
      this.moved(Math.max(0, seconds - 1 / this.fps));
    }
  }

  /** A text that can be read has another timeline; its motion may be another one, too. */
  private refresh(state: Readonly<State>): void {
    const { timeline, path } = state;
    clearTimeout(this.timer);
    if (!timeline || path === null) return this.drop();
    if (path !== this.path) this.setLooping(timeline.loop);
    this.path = path;
    const { music } = timeline;
    this.clock.setSound(music ? { url: this.studio.api.file(music.path), start: music.start } : null);
    if (this.studio.store.get().time > timeline.seconds) this.seek(timeline.seconds);
    this.timer = window.setTimeout(() => void this.preview(), this.frames ? PAUSE : 0);
  }

  private drop(): void {
    if (this.clock.playing) this.pause();
    this.frames?.close();
    this.frames = null;
    this.id = "";
    this.tell();
  }

  private async preview(): Promise<void> {
    const { store, api } = this.studio;
    const { path, text, revision, timeline } = store.get();
    if (path === null || !timeline || this.previewed === revision) return;
    try {
      const { id, frames } = await api.preview(path, text, WIDTH);
      if (store.get().revision !== revision) return;
      this.previewed = revision;
      this.problem = "";
      if (id !== this.id) this.begin(id, frames);
    } catch (error) {
      this.refused(error);
    }
    this.tell();
  }

  private begin(id: string, frames: number): void {
    this.frames?.close();
    this.id = id;
    const fetchPack = (first: number, last: number, signal: AbortSignal) =>
      this.studio.api.previewFrames(id, first, last, signal);
    const film = { frames, loop: this.looping };
    this.frames = new Frames(
      fetchPack,
      film,
      () => this.tell(),
      (error) => this.lost(error),
    );
    this.frames.want(this.frame, this.clock.playing);
  }

  /** The server keeps few previews open, and may be busy: ask again in a while. What is wrong with a film stays wrong. */
  private lost(error: unknown): void {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 503)) return this.refused(error);
    this.id = "";
    this.previewed = -1;
    this.timer = window.setTimeout(() => void this.preview(), AGAIN);
  }

  private refused(error: unknown): void {
    this.problem = sentence(error);
    this.tell();
  }

  private tell(): void {
    for (const heard of this.listeners) heard();
  }
}

const players = new WeakMap<Studio, Player>();

/** The one player of a page. */
export function playerOf(studio: Studio): Player {
  const found = players.get(studio) ?? new Player(studio);
  players.set(studio, found);
  return found;
}
