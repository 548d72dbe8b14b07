/** What the tests of elements share. They run in a real browser: see `tests/flows/test_widget.py`. */

import { expect } from "chai";

export { expect };

/** Put an element into the page until the test ends. */
export function mount<T extends HTMLElement>(element: T): T {
  document.body.append(element);
  return element;
}

/** Find something within an element's shadow root. */
export function inside<T extends Element = HTMLElement>(host: Element, selector: string): T {
  const found = host.shadowRoot?.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector} in ${host.localName}`);
  return found;
}

/** All that an element shows, shadow roots included. */
export function textOf(node: Node): string {
  if (node instanceof Text) return node.data;
  if (node instanceof HTMLStyleElement) return "";
  const root = node instanceof Element && node.shadowRoot ? node.shadowRoot : node;
  return [...root.childNodes].map(textOf).join(" ").replace(/\s+/g, " ").trim();
}

/** Note what an element tells. */
export function heard<T>(element: HTMLElement, type: string): T[] {
  const details: T[] = [];
  element.addEventListener(type, (event) => details.push((event as CustomEvent<T>).detail));
  return details;
}

/** Press a key where the focus is to be. */
export function press(target: HTMLElement, key: string, options: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", {
    key,
    bubbles: true,
    composed: true,
    cancelable: true,
    ...options,
  });
  target.dispatchEvent(event);
  return event;
}

/** Wait until something holds, at most two seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 2000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("it never held");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

afterEach(() => document.body.replaceChildren());
