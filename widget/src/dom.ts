/** Makes elements, without ever reading HTML from a string. */

type Value = string | number | boolean | null | undefined | ((event: Event) => void);
type Child = Node | string | null | undefined | false;

/** Make an element. `true` is an empty attribute, a function listens to the event after `on`. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, Value>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else setAttribute(made, name, value);
  }
  for (const child of children) if (child) made.append(child);
  return made;
}

/** Set an attribute, or take it away where the value is false, null or undefined. */
export function setAttribute(
  element: Element,
  name: string,
  value: string | number | boolean | null | undefined,
): void {
  if (value === false || value === null || value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** Put text on the clipboard, also where the page is not served over HTTPS. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyOldWay(text);
  }
}

function copyOldWay(text: string): boolean {
  const had = deepActiveElement();
  const field = h("textarea", { "aria-hidden": "true" });
  field.style.cssText = "position: fixed; opacity: 0";
  field.value = text;
  (had?.closest("dialog") ?? document.body).append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  had?.focus();
  return isDone;
}

/** What has the focus, within shadow roots too. */
export function deepActiveElement(): HTMLElement | null {
  let found = document.activeElement;
  while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
  return found instanceof HTMLElement ? found : null;
}

/** Whether a key belongs to a word that is being composed. Safari tells the last one by its code. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** Do something before the next picture is drawn, or soon where the page is hidden. */
export function soon(action: () => void): void {
  let isDone = false;
  const once = (): void => {
    if (isDone) return;
    isDone = true;
    action();
  };
  requestAnimationFrame(once);
  setTimeout(once, 100);
}
