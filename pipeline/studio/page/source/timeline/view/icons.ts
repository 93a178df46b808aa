/** Icons of the tools: paths in a square of 16 units. */

const PATHS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  back: "M12 3v10L5.5 8zM3.5 3H5v10H3.5z",
  on: "M4 3v10l6.5-5zM11 3h1.5v10H11z",
  loop: "M4 6.5A1.5 1.5 0 0 1 5.500 5H11v2l3-3-3-3v2H5.500A3.500 3.500 0 0 0 2 6.500V8h2zM12 9.500a1.500 1.500 0 0 1-1.500 1.500H5V9l-3 3 3 3v-2h5.500a3.500 3.500 0 0 0 3.500-3.500V8h-2z",
  sound: "M2 6v4h2.500L8 13V3L4.500 6zM10 5.200v1.600a1.500 1.500 0 0 1 0 2.400v1.600a3 3 0 0 0 0-5.600z",
  mute: "M2 6v4h2.500L8 13V3L4.500 6zM10 6l1-1 1.500 1.500L14 5l1 1-1.500 1.500L15 9l-1 1-1.500-1.500L11 10l-1-1 1.500-1.500z",
  magnet: "M3 2h3v6a2 2 0 0 0 4 0V2h3v6A5 5 0 0 1 3 8zM3 2h3v2.500H3zM10 2h3v2.500h-3z",
  key: "M8 2l5 6-5 6-5-6z",
  easing: "M2 13.200C9 13.200 7 3.800 14 3.800V2.300C5 2.300 8 11.700 2 11.700z",
  out: "M3 7.200h10v1.600H3z",
  in: "M7.200 3h1.600v4.200H13v1.600H8.800V13H7.200V8.800H3V7.200h4.200z",
  fit: "M2 3h1.500v10H2zM12.500 3H14v10h-1.500zM5 8l2.500-2.500V7.200h1V5.500L11 8l-2.500 2.500V8.800h-1v1.700z",
  help: "M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3zM7.300 10.500h1.400V12H7.300zM8 4.200c-1.500 0-2.500.9-2.500 2.300h1.400c0-.6.4-1 1.100-1s1.100.4 1.100 1c0 .9-1.800 1-1.800 3h1.400c0-1.400 1.900-1.500 1.900-3.100C10.600 5 9.500 4.200 8 4.200z",
} as const;

export type Icon = keyof typeof PATHS;

export function icon(name: Icon): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
