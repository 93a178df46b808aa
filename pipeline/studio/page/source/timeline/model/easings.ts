/**
 * How a value moves from one key to the next, as functions of the share of time in [0, 1]: the same as
 * `pipeline/curves/easings.py`, for menus and for keys that a hand is moving. The server's samples remain the truth.
 *
 * Source: Robert Penner's easing equations as on easings.net.
 */

export type Easing = (share: number) => number;

const BACK = 1.70158;
const SWING = BACK * 1.525;

const KINDS: Record<string, Easing> = {
  sine: (x) => 1 - Math.cos((x * Math.PI) / 2),
  quad: (x) => x ** 2,
  cubic: (x) => x ** 3,
  quart: (x) => x ** 4,
  quint: (x) => x ** 5,
  expo: (x) => (x <= 0 ? 0 : 2 ** (10 * x - 10)),
  circ: (x) => 1 - Math.sqrt(Math.max(0, 1 - x ** 2)),
  back: (x) => (BACK + 1) * x ** 3 - BACK * x ** 2,
  elastic: (x) => (x <= 0 ? 0 : x >= 1 ? 1 : -(2 ** (10 * x - 10)) * Math.sin(((x * 10 - 10.75) * 2 * Math.PI) / 3)),
  bounce: (x) => 1 - bounce(1 - x),
};

export const EASINGS: Record<string, Easing> = {
  linear: (x) => x,
  hold: (x) => (x < 1 ? 0 : 1),
  smooth: (x) => x * x * (3 - 2 * x),
};
for (const [kind, ease] of Object.entries(KINDS)) {
  EASINGS[`in_${kind}`] = ease;
  EASINGS[`out_${kind}`] = (x) => 1 - ease(1 - x);
  EASINGS[`in_out_${kind}`] = (x) => (x < 0.5 ? ease(2 * x) / 2 : 1 - ease(2 - 2 * x) / 2);
}
EASINGS.in_out_back = (x) => {
  if (x < 0.5) return ((2 * x) ** 2 * ((SWING + 1) * 2 * x - SWING)) / 2;
  return ((2 * x - 2) ** 2 * ((SWING + 1) * (2 * x - 2) + SWING) + 2) / 2;
};
EASINGS.in_out_elastic = (x) => {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const wave = Math.sin(((20 * x - 11.125) * 2 * Math.PI) / 4.5) / 2;
  return x < 0.5 ? -(2 ** (20 * x - 10)) * wave : 2 ** (-20 * x + 10) * wave + 1;
};

const NUMBER = String.raw`\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+))\s*`;
const BEZIER = new RegExp(`^bezier\\(${[NUMBER, NUMBER, NUMBER, NUMBER].join(",")}\\)$`);

/** The easing of that name, or null if the page does not know it. */
export function easing(name: string): Easing | null {
  const handles = BEZIER.exec(name);
  if (handles) return bezier(Number(handles[1]), Number(handles[2]), Number(handles[3]), Number(handles[4]));
  return Object.hasOwn(EASINGS, name) ? (EASINGS[name] ?? null) : null;
}

/** Four parabolas, each a smaller bounce than the one before. */
function bounce(x: number): number {
  if (x < 1 / 2.75) return 7.5625 * x * x;
  if (x < 2 / 2.75) return 7.5625 * (x - 1.5 / 2.75) ** 2 + 0.75;
  if (x < 2.5 / 2.75) return 7.5625 * (x - 2.25 / 2.75) ** 2 + 0.9375;
  return 7.5625 * (x - 2.625 / 2.75) ** 2 + 0.984375;
}

/** CSS's cubic-bezier: x grows with the parameter, so that is found by bisection. */
function bezier(x1: number, y1: number, x2: number, y2: number): Easing {
  const along = (a: number, b: number, p: number) => 3 * (1 - p) ** 2 * p * a + 3 * (1 - p) * p ** 2 * b + p ** 3;
  return (share) => {
    let [low, high] = [0, 1];
    for (let round = 0; round < 30; round++) {
      const middle = (low + high) / 2;
      if (along(x1, x2, middle) < share) low = middle;
      else high = middle;
    }
    return along(y1, y2, high);
  };
}
