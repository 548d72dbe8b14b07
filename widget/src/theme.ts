/** Whether the page is light or dark. Superset's themes are colours without a mark to read. */

export type Scheme = "light" | "dark";

const DARK_BELOW = 128;

/** Tell the scheme that is asked for, or else that of the ground of the page. */
export function schemeOf(asked: string | null): Scheme {
  if (asked === "light" || asked === "dark") return asked;
  const ground = brightness(getComputedStyle(document.body).backgroundColor);
  if (ground !== null) return ground < DARK_BELOW ? "dark" : "light";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/**
 * Call back whenever the page may have changed its theme, until the signal.
 *
 * `sentinel` is a child of the body whose background is the body's by inheritance, and changes in a
 * transition: so the browser itself tells of each change.
 */
export function watchTheme(sentinel: HTMLElement, changed: () => void, signal: AbortSignal): void {
  sentinel.addEventListener("transitionend", changed, { signal });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed, { signal });
}

/** How bright a computed colour is, 0 to 255; null where one sees through it. */
function brightness(colour: string): number | null {
  const [red, green, blue, alpha = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  if (red === undefined || green === undefined || blue === undefined || alpha < 0.5) return null;
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
