/** Small pictures on buttons. They are decoration: the button has the name. */

const PATHS = {
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.6M8 12.9v1.6M1.5 8h1.6m9.8 0h1.6M3.4 3.4l1.1 1.1m7 7 1.1 1.1m0-9.2-1.1 1.1m-7 7-1.1 1.1",
  moon: "M13 9.6A5.4 5.4 0 0 1 6.4 3a5.4 5.4 0 1 0 6.6 6.6",
  keys: "M2 4.5h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M11.8 7h.01M5 9.3h6",
  down: "m4.5 6.5 3.5 3.5 3.5-3.5",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  look: "M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8M8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6",
  film: "M2 3.5h12v9H2zM5 3.5v9m6-9v9M2 8h3m6 0h3",
  stop: "M4.5 4.5h7v7h-7z",
  play: "m5 3.5 7 4.5-7 4.5z",
  cross: "m4 4 8 8m0-8-8 8",
  check: "m3.5 8.5 3 3 6-7",
  back: "M9.5 4 5.5 8l4 4",
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon-picture" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
