/** The time that plays: the sound's where there is sound, so that picture and sound cannot drift apart. */

export interface Sound {
  /** The address of the track. */
  url: string;
  /** The time in the track at which the film begins, in seconds. */
  start: number;
}

export class Clock {
  private readonly audio = new Audio();
  private sound: Sound | null = null;
  /** Film time at `since`, for when no sound tells. */
  private from = 0;
  private since = 0;
  playing = false;

  constructor(private readonly silent: (why: string) => void) {
    this.audio.preload = "auto";
  }

  get hasSound(): boolean {
    return this.sound !== null;
  }

  setSound(sound: Sound | null): void {
    if (sound?.url === this.sound?.url && sound?.start === this.sound?.start) return;
    this.sound = sound;
    if (sound) this.audio.src = sound.url;
    else this.audio.removeAttribute("src");
    if (this.playing) this.play(this.now());
  }

  setVolume(volume: number): void {
    this.audio.volume = volume;
  }

  play(time: number): void {
    this.set(time);
    this.playing = true;
    if (this.sound) this.audio.play().catch((error: unknown) => this.refused(error));
  }

  pause(): void {
    this.from = this.now();
    this.playing = false;
    this.audio.pause();
  }

  /** Goes on playing from there if it plays. */
  set(time: number): void {
    this.from = time;
    this.since = performance.now();
    if (this.sound) this.audio.currentTime = this.sound.start + time;
  }

  /** Seconds of the film. */
  now(): number {
    if (!this.playing) return this.from;
    const free = this.from + (performance.now() - this.since) / 1000;
    if (!this.sound || this.audio.paused || this.audio.ended || this.audio.readyState < 2 || this.audio.seeking)
      return free;
    const heard = this.audio.currentTime - this.sound.start;
    // The element's clock moves in steps; within one of them ours is smoother.
    if (Math.abs(heard - free) < 0.04) return free;
    this.from = heard;
    this.since = performance.now();
    return heard;
  }

  /** A browser may refuse sound before the first click, or lack the codec: the picture plays all the same. */
  private refused(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") return;
    this.silent(error instanceof Error ? error.message : String(error));
  }
}
