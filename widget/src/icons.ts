/** The pictograms, drawn here: lines of a square of 24. */

const PATHS = {
  assistant: "M12 3.5l1.9 5.1 5.1 1.9-5.1 1.9L12 17.5l-1.9-5.1L5 10.5l5.1-1.9zM18.5 15.5v5M16 18h5",
  back: "M15 5l-7 7 7 7",
  chart: "M4 4v16h16M8.5 16v-5M13 16V7M17.5 16v-7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  chevron: "M9 6l6 6-6 6",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM6 15H5V4h10v2",
  dashboard: "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
  dataset: "M4 6h16v12H4zM4 10h16M4 14h16M10 10v8",
  down: "M12 5v14M6 13l6 6 6-6",
  edit: "M5 19l.8-3.8L16 5l3 3L8.8 18.2z",
  error: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5v5.5M12 16.3v.2",
  explore: "M5 19l5-7 4 3 5-9M5 5v14h14",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  history: "M4.5 12a7.5 7.5 0 1 0 2.3-5.4L4.5 9M4.5 4.5V9H9M12 8v4.3l3 1.8",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.5v.2",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  more: "M5.5 12v.01M12 12v.01M18.5 12v.01",
  narrow: "M14 4v6h6M10 20v-6H4M20 4l-6 6M4 20l6-6",
  plus: "M12 5v14M5 12h14",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20",
  send: "M12 19V5M6 11l6-6 6 6",
  share: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.5-6 6-6s6 2.5 6 6M18.5 9v6M15.5 12h6",
  sql_lab: "M5 6l5 6-5 6M12 18h7",
  stop: "M7 7h10v10H7z",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
  warning: "M12 4L2.8 19.5h18.4zM12 10v4.5M12 17v.2",
  wide: "M14 4h6v6M10 20H4v-6M20 4l-7 7M4 20l7-7",
} as const;

export type Icon = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

/** Draw a pictogram in the colour of the text around it; readers of screens pass it over. */
export function icon(name: Icon, size = 16): SVGSVGElement {
  const drawn = document.createElementNS(SVG, "svg");
  const attributes = {
    viewBox: "0 0 24 24",
    width: size,
    height: size,
    class: "icon",
    "aria-hidden": "true",
    fill: name === "stop" ? "currentColor" : "none",
    stroke: "currentColor",
    "stroke-width": name === "more" ? 2.6 : 1.7,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  };
  for (const [key, value] of Object.entries(attributes)) drawn.setAttribute(key, String(value));
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", PATHS[name]);
  drawn.append(line);
  return drawn;
}
