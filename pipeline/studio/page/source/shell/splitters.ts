/** The two bars between the panes: dragged, or moved with the arrow keys; where they are is kept in the browser. */

interface Bar {
  bar: HTMLElement;
  /** The variable of the style sheet that it sets, in per cent of `main`. */
  variable: string;
  /** The share at a point of the screen. */
  at: (event: PointerEvent, whole: DOMRect) => number;
  /** Keys that make it smaller and larger. */
  keys: [string, string];
  range: [number, number];
  first: number;
}

export function mountSplitters(main: HTMLElement, columns: HTMLElement, rows: HTMLElement): void {
  mount(main, {
    bar: columns,
    variable: "--left",
    at: (event, whole) => (event.clientX - whole.left) / whole.width,
    keys: ["ArrowLeft", "ArrowRight"],
    range: [25, 75],
    first: 50,
  });
  mount(main, {
    bar: rows,
    variable: "--below",
    at: (event, whole) => (whole.bottom - event.clientY) / whole.height,
    keys: ["ArrowDown", "ArrowUp"],
    range: [12, 75],
    first: 36,
  });
}

function mount(main: HTMLElement, { bar, variable, at, keys, range, first }: Bar): void {
  const name = `studio${variable}`;
  let share = first;
  const set = (percent: number): void => {
    share = Math.min(Math.max(percent, range[0]), range[1]);
    main.style.setProperty(variable, `${share}%`);
    bar.setAttribute("aria-valuenow", share.toFixed(0));
    localStorage.setItem(name, share.toFixed(2));
  };
  bar.setAttribute("aria-valuemin", String(range[0]));
  bar.setAttribute("aria-valuemax", String(range[1]));
  set(Number(localStorage.getItem(name)) || first);
  bar.addEventListener("pointerdown", (event) => {
    bar.setPointerCapture(event.pointerId);
    event.preventDefault();
    bar.focus();
  });
  bar.addEventListener("pointermove", (event) => {
    if (bar.hasPointerCapture(event.pointerId)) set(100 * at(event, main.getBoundingClientRect()));
  });
  bar.addEventListener("dblclick", () => set(first));
  bar.addEventListener("keydown", (event) => {
    const way = keys.indexOf(event.key);
    if (way < 0) return;
    event.preventDefault();
    set(share + (way === 0 ? -2 : 2));
  });
}
