// The switcher: names the workspace in Superset's navigation, and leads to the person's others.
//
// It is plain JavaScript without a build: one small element needs no tool that one has to keep. It
// lives in a shadow root, so that neither its styles nor Superset's reach the other.

const STYLE = `
  :host {
    display: flex;
    align-items: center;
    min-height: 32px;
    color: var(--text, inherit);
    font: 14px/1.4 var(--font, system-ui, sans-serif);
  }
  /* Below Flask-AppBuilder's bar, in the gap that it leaves: in it there is no room. */
  :host(.container) { margin-top: -14px; margin-bottom: 6px; }
  :host([floating]) { position: fixed; inset: auto auto 16px 16px; z-index: 1000; }
  @media print { :host { display: none; } }

  * { box-sizing: border-box; }
  button, a { color: inherit; font: inherit; text-align: start; }
  button { border: 1px solid transparent; background: none; cursor: pointer; }

  .here {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    max-width: min(240px, 60vw);
    min-height: 32px;
    padding: 3px 8px;
    border-color: color-mix(in srgb, currentcolor 22%, transparent);
    border-radius: 6px;
  }
  :host([floating]) .here {
    background: var(--ground, Canvas);
    box-shadow: 0 2px 8px rgb(0 0 0 / 20%);
  }
  .here:hover, .here[aria-expanded="true"] {
    border-color: color-mix(in srgb, currentcolor 45%, transparent);
  }
  .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  :host([compact]) .here .name { display: none; }
  .caret { flex: none; width: 10px; height: 10px; opacity: .7; }

  .mark {
    display: inline-grid;
    flex: none;
    place-items: center;
    width: 20px;
    height: 20px;
    border-radius: 4px;
    background: oklch(48% .13 var(--hue));
    color: #fff;
    font-size: 11px;
    font-weight: 700;
    line-height: 1;
  }

  .panel {
    position: fixed;
    inset: auto;
    width: 288px;
    max-width: calc(100vw - 16px);
    margin: 0;
    padding: 6px;
    overflow: auto;
    border: 1px solid color-mix(in srgb, var(--text, CanvasText) 18%, transparent);
    border-radius: 8px;
    background: var(--ground, Canvas);
    color: var(--text, CanvasText);
    box-shadow: 0 6px 20px rgb(0 0 0 / 18%);
    font: inherit;
  }
  .panel p { margin: 0; padding: 6px 10px; overflow-wrap: anywhere; }
  .panel p:empty { display: none; }
  .quiet { font-size: 13px; }

  [role="menuitem"] {
    display: flex;
    align-items: center;
    gap: 10px;
    width: 100%;
    min-height: 36px;
    padding: 6px 10px;
    border-radius: 5px;
    text-decoration: none;
  }
  [role="menuitem"] .name { white-space: normal; overflow-wrap: anywhere; }
  [role="menuitem"]:hover, [role="menuitem"]:focus {
    background: color-mix(in srgb, currentcolor 9%, transparent);
  }
  [role="separator"] {
    height: 0;
    margin: 5px 0;
    border: 0;
    border-top: 1px solid color-mix(in srgb, currentcolor 16%, transparent);
  }
  .panel:focus { outline: none; }
  :focus-visible { outline: 2px solid currentcolor; outline-offset: 1px; }
  [role="menuitem"]:focus-visible { outline-offset: -2px; }
`;

const FRESH_MS = 30_000;
const PATIENCE_MS = 4_000;
const GAP = 4;
const EDGE = 8;

// Where the switcher belongs: in Superset's own navigation, else below Flask-AppBuilder's.
const PLACES = [
  { beside: "#main-menu .main-nav", bar: "#main-menu", put: (at, it) => at.before(it) },
  { beside: "header.top > .navbar", row: "container", put: (at, it) => at.after(it) },
];

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function mark({ slug, name }) {
  let hue = 0;
  for (const letter of slug) hue = (hue * 31 + letter.codePointAt(0)) % 360;
  const [initial = "?"] = name.trim();
  const made = make("span", { class: "mark", "aria-hidden": "true" }, initial.toUpperCase());
  made.style.setProperty("--hue", hue);
  return made;
}

function caret() {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS(drawn.namespaceURI, "path");
  drawn.setAttribute("viewBox", "0 0 10 10");
  drawn.setAttribute("class", "caret");
  drawn.setAttribute("aria-hidden", "true");
  line.setAttribute("d", "M1 3l4 4 4-4");
  line.setAttribute("fill", "none");
  line.setAttribute("stroke", "currentColor");
  line.setAttribute("stroke-width", "1.6");
  drawn.append(line);
  return drawn;
}

function wordsOf(item) {
  return (item.querySelector(".name") ?? item).textContent.trim().toLowerCase();
}

function isStandalone() {
  const value = new URLSearchParams(location.search).get("standalone");
  return value !== null && !["", "0", "false"].includes(value);
}

// What is behind an element: the nearest background that nothing shines through.
function groundOf(element) {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!/^rgba|^transparent$|\/ 0/.test(colour)) return colour;
  }
  return "Canvas";
}

class Switcher extends HTMLElement {
  #built = false;
  #moving = false;
  #place = null;
  #waiting = null;
  #repaint = null;
  #room = null;
  #listedAt = -Infinity;
  #isOpen = false;
  #hadFocus = false;
  #button;
  #panel;
  #menu;
  #status;

  connectedCallback() {
    if (this.#moving) return;
    if (!this.#built) this.#build();
    if (!this.#isPlaced()) this.#wait();
  }

  // Superset took its navigation away, and us with it: wait for the next.
  disconnectedCallback() {
    if (this.#moving) return;
    this.#place = null;
    // Whatever is being removed is not yet done: come back after it.
    queueMicrotask(() => {
      if (!this.isConnected) document.body.append(this);
    });
  }

  #build() {
    this.#built = true;
    const here = { slug: this.getAttribute("slug"), name: this.getAttribute("name") };
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];

    this.#button = make(
      "button",
      {
        type: "button",
        class: "here",
        title: here.name,
        "aria-label": `Workspace: ${here.name}`,
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        "aria-controls": "menu",
      },
      mark(here),
      make("span", { class: "name" }, here.name),
      caret(),
    );
    this.#menu = make("div", { id: "menu", role: "menu", "aria-label": "Your other workspaces" });
    this.#status = make("p", { role: "status", class: "quiet" });
    this.#panel = make(
      "div",
      { class: "panel", popover: "auto", tabindex: "-1" },
      make("p", { class: "quiet" }, "You are in ", make("strong", {}, here.name)),
      this.#status,
      this.#menu,
    );
    this.#button.popoverTargetElement = this.#panel;
    root.append(this.#button, this.#panel);

    this.#panel.addEventListener("beforetoggle", (event) => this.#onToggling(event));
    this.#panel.addEventListener("toggle", (event) => this.#onToggled(event));
    this.#button.addEventListener("keydown", (event) => this.#onButtonKey(event));
    this.#panel.addEventListener("keydown", (event) => this.#onMenuKey(event));
    for (const moved of ["resize", "scroll"]) {
      addEventListener(moved, () => this.#close(), { passive: true });
    }
  }

  // --- Where it stands -----------------------------------------------------------------------

  #isPlaced() {
    return this.#place !== null && this.#place.isConnected;
  }

  // Look for the navigation at each change of the page until it is there; afterwards look at
  // nothing, for pages with charts change all the time.
  #wait() {
    if (this.#settle() || this.#waiting) return;
    const patience = setTimeout(() => this.#float(), PATIENCE_MS);
    let asked = false;
    this.#waiting = new MutationObserver(() => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        if (this.#settle()) clearTimeout(patience);
      });
    });
    this.#waiting.observe(document.body, { childList: true, subtree: true });
  }

  #settle() {
    if (isStandalone()) return false;
    for (const { beside, bar, row = "", put } of PLACES) {
      const found = document.querySelector(beside);
      if (!found) continue;
      this.#waiting?.disconnect();
      this.#waiting = null;
      this.#place = found;
      this.className = row;
      this.removeAttribute("floating");
      this.#moving = true;
      put(found, this);
      this.#moving = false;
      this.#paint();
      if (bar) {
        this.#watchTheme(found.closest(bar));
        this.#watchRoom();
      }
      this.#reopen();
      return true;
    }
    return false;
  }

  #float() {
    if (this.#isPlaced() || isStandalone()) return;
    this.removeAttribute("compact");
    this.toggleAttribute("floating", true);
    this.#paint();
    this.#reopen();
  }

  // Superset's themes are classes that its script makes; there are no variables to use.
  #paint() {
    const isInBar = this.#place !== null && !this.className;
    const { color, fontFamily } = getComputedStyle(isInBar ? this.#place : document.body);
    this.style.setProperty("--text", color);
    this.style.setProperty("--font", fontFamily);
    this.style.setProperty("--ground", groundOf(this.parentElement));
  }

  #watchTheme(bar) {
    const repaint = () => this.isConnected && this.#paint();
    this.#repaint?.disconnect();
    this.#repaint = new MutationObserver(() => requestAnimationFrame(repaint));
    this.#repaint.observe(bar, { attributes: true, attributeFilter: ["class"] });
    bar.addEventListener("transitionend", repaint);
  }

  // There must be room for all of Superset's own menu: else show the mark alone, and at last make
  // room by standing at the other end of the bar.
  #fit() {
    const nav = this.#place;
    const ends = nav.parentElement.nextElementSibling?.firstElementChild;
    const ways = [
      () => this.#move(() => nav.before(this), false),
      () => this.#move(() => nav.before(this), true),
      () => ends && this.#move(() => ends.prepend(this), true),
    ];
    for (const way of ways) {
      way();
      const logo = nav.parentElement.firstElementChild.getBoundingClientRect();
      const isWrapped = nav.getBoundingClientRect().top >= logo.bottom;
      if (!isWrapped || !nav.classList.contains("ant-menu-horizontal")) break;
    }
    this.#reopen();
  }

  #move(put, isCompact) {
    this.#moving = true;
    put();
    this.#moving = false;
    this.toggleAttribute("compact", isCompact);
  }

  #watchRoom() {
    this.#room?.disconnect();
    this.#room = new ResizeObserver(() => this.#isPlaced() && this.#fit());
    for (const own of [this.#place.parentElement, ...this.#place.parentElement.children]) {
      if (own !== this) this.#room.observe(own);
    }
  }

  // --- The menu ------------------------------------------------------------------------------

  // Whatever takes an element out of the page closes its menu without a word, and a page that is
  // still being drawn moves the switcher: the menu that one opened goes along.
  #reopen() {
    if (this.#isOpen && !this.#panel.matches(":popover-open")) this.#panel.showPopover();
  }

  #close() {
    if (this.#panel.matches(":popover-open")) this.#panel.hidePopover();
  }

  #onToggling({ newState }) {
    this.#hadFocus = this.#holdsFocus();
    this.#isOpen = newState === "open";
    if (!this.#isOpen) return;
    this.#paint();
    if (performance.now() - this.#listedAt > FRESH_MS) this.#list();
  }

  #onToggled({ newState }) {
    const isOpen = newState === "open";
    this.#button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      this.#moveTo();
      this.#focus(0);
    } else if (this.#hadFocus && (this.#holdsFocus() || document.activeElement === document.body)) {
      // Browsers forget the button in a shadow root. Whoever went elsewhere stays there.
      this.#button.focus();
    }
  }

  #holdsFocus() {
    return this.#panel.contains(this.shadowRoot.activeElement);
  }

  // Below the button, or above it where there is more room.
  #moveTo() {
    const at = this.#button.getBoundingClientRect();
    const { style } = this.#panel;
    const left = Math.min(at.left, innerWidth - this.#panel.offsetWidth - EDGE);
    const isBelow = innerHeight - at.bottom >= at.top;
    const room = (isBelow ? innerHeight - at.bottom : at.top) - GAP - EDGE;
    style.left = `${Math.max(EDGE, left)}px`;
    style.top = isBelow ? `${at.bottom + GAP}px` : "auto";
    style.bottom = isBelow ? "auto" : `${innerHeight - at.top + GAP}px`;
    style.maxHeight = `${room}px`;
  }

  async #list() {
    this.#show([], "Looking up your workspaces …");
    this.#listedAt = performance.now();
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(this.getAttribute("src"), { headers });
      if (answer.status === 401 || answer.status === 403) {
        this.#listedAt = -Infinity;
        this.#show([this.#retry("Reload the page", () => location.reload())], "You are signed out.");
        return;
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const { account, workspaces } = await answer.json();
      const items = workspaces.map((one) => this.#item(one.url, mark(one), one.name));
      if (items.length) items.push(make("hr", { role: "separator" }));
      items.push(this.#item(account, "Your account"));
      this.#show(items, workspaces.length ? "" : "You belong to no other workspace.");
    } catch {
      this.#listedAt = -Infinity;
      const again = this.#retry("Try again", () => this.#list());
      this.#show([again], "Your workspaces cannot be looked up right now.");
    }
  }

  #item(url, ...content) {
    const label = make("span", { class: "name" }, content.pop());
    const item = make("a", { role: "menuitem", tabindex: "-1" }, ...content, label);
    // Only ever a web address, whatever the answer says.
    if (/^https?:\/\//.test(url)) item.href = url;
    return item;
  }

  #retry(words, action) {
    const item = make("button", { type: "button", role: "menuitem", tabindex: "-1" }, words);
    item.addEventListener("click", action);
    return item;
  }

  #show(items, words) {
    const hadFocus = this.shadowRoot.activeElement !== null;
    this.#status.textContent = words;
    this.#menu.replaceChildren(...items);
    if (hadFocus && this.#panel.matches(":popover-open")) this.#focus(0);
  }

  get #items() {
    return [...this.#menu.querySelectorAll('[role="menuitem"]')];
  }

  #focus(index) {
    const items = this.#items;
    const target = items.at(index % (items.length || 1)) ?? this.#panel;
    target.focus({ preventScroll: target === this.#panel });
  }

  #onButtonKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    event.stopPropagation();
    this.#panel.showPopover({ source: this.#button });
    if (event.key === "ArrowUp") queueMicrotask(() => this.#focus(-1));
  }

  #onMenuKey(event) {
    // Superset's own shortcuts are for its page, not for our menu.
    event.stopPropagation();
    const items = this.#items;
    const at = items.indexOf(this.shadowRoot.activeElement);
    const steps = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 };
    if (event.key in steps) {
      event.preventDefault();
      this.#focus(steps[event.key]);
    } else if (event.key === "Tab") {
      this.#close();
    } else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
      const letter = event.key.toLowerCase();
      const order = [...items.slice(at + 1), ...items.slice(0, at + 1)];
      order.find((item) => wordsOf(item).startsWith(letter))?.focus();
    }
  }
}

if (!customElements.get("overset-switcher")) customElements.define("overset-switcher", Switcher);
