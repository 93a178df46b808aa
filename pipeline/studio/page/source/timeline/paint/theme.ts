/** The colours of the canvas, read from the page's CSS so that its dark and light looks hold here too. */

const NAMES = {
  ground: "--tl-ground",
  band: "--tl-band",
  line: "--tl-line",
  strong: "--tl-strong",
  text: "--tl-text",
  muted: "--tl-muted",
  accent: "--tl-accent",
  select: "--tl-select",
  playhead: "--tl-playhead",
  wave: "--tl-wave",
  beat: "--tl-beat",
  bar: "--tl-bar",
  locked: "--tl-locked",
} as const;

const HUES = 6;

export type Theme = Record<keyof typeof NAMES, string> & {
  /** Colours of prompts and curves, in turn; each can be read on the ground. */
  hues: string[];
  font: string;
  small: string;
};

/** Resolved through an element, as a canvas understands neither `var()` nor `light-dark()`. */
export function readTheme(root: HTMLElement): Theme {
  const probe = root.ownerDocument.createElement("span");
  root.append(probe);
  const resolve = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = Object.fromEntries(Object.entries(NAMES).map(([key, name]) => [key, resolve(name)]));
  const hues = Array.from({ length: HUES }, (_, n) => resolve(`--tl-hue-${n + 1}`));
  const family = getComputedStyle(root).fontFamily;
  probe.remove();
  return { ...(colours as Record<keyof typeof NAMES, string>), hues, font: `12px ${family}`, small: `11px ${family}` };
}

export function hue(theme: Theme, index: number): string {
  return theme.hues[index % theme.hues.length]!;
}
