/** What all our elements share: a shadow root with styles that no policy of the page forbids. */

const sheets = new Map<string, CSSStyleSheet>();

/** Put together styles that every element has. Sizes are in pixels: pages set the root's size. */
const BASE = `
  :host { box-sizing: border-box; }
  :host([hidden]), [hidden] { display: none !important; }
  *, *::before, *::after { box-sizing: border-box; }
  button, input, textarea { font: inherit; color: inherit; letter-spacing: inherit; }
  button { cursor: pointer; }
  button:disabled { cursor: default; }
  a { color: var(--ov-link); text-decoration: none; }
  a:hover { text-decoration: underline; }
  :focus-visible { outline: 2px solid var(--ov-accent); outline-offset: 2px; }
  .icon { flex: none; display: block; }
  .unseen {
    position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; border: 0;
    overflow: hidden; clip-path: inset(50%); white-space: nowrap;
  }
  .button {
    display: inline-flex; align-items: center; justify-content: center; gap: 6px;
    min-height: 32px; padding: 4px 14px; border: 1px solid var(--ov-border-strong);
    border-radius: 6px; background: var(--ov-ground); transition: .15s;
    transition-property: color, background-color, border-color;
  }
  .button:hover:not(:disabled) { border-color: var(--ov-accent); color: var(--ov-link); }
  .button.primary { border-color: transparent; background: var(--ov-accent-strong); color: #fff; }
  .button.primary:hover:not(:disabled) { background: var(--ov-accent-pressed); color: #fff; }
  .button.danger:hover:not(:disabled) { border-color: var(--ov-error); color: var(--ov-error); }
  .button:disabled { opacity: .55; }
  .quiet {
    display: inline-grid; place-items: center; flex: none; width: 32px; height: 32px; padding: 0;
    border: 0; border-radius: 6px; background: none; color: var(--ov-text-2); transition: .15s;
    transition-property: color, background-color;
  }
  .quiet:hover:not(:disabled), .quiet[aria-expanded="true"] {
    background: var(--ov-hover); color: var(--ov-text);
  }
  @media (prefers-reduced-motion: reduce) {
    *, *::before, *::after { animation: none !important; transition: none !important; }
  }
`;

/** An element with a shadow root of its own. */
export abstract class Component extends HTMLElement {
  protected readonly root: ShadowRoot;

  constructor(styles: string) {
    super();
    this.root = this.attachShadow({ mode: "open", delegatesFocus: false });
    this.root.adoptedStyleSheets = [sheetOf(BASE), sheetOf(styles)];
  }

  /** Tell those around; it is heard outside of shadow roots too. */
  protected tell<T>(type: string, detail: T): void {
    this.dispatchEvent(new CustomEvent<T>(type, { detail, bubbles: true, composed: true }));
  }
}

/** Register an element, once in a page. */
export function define(name: string, made: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, made);
}

function sheetOf(styles: string): CSSStyleSheet {
  let sheet = sheets.get(styles);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    sheets.set(styles, sheet);
  }
  return sheet;
}
