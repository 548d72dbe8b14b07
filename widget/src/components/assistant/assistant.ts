/** `<overset-assistant>`: the round button in the corner, and the drawer that it opens. */

import { API, type ThreadHead } from "../../api.js";
import { Component, define } from "../../component.js";
import { Memory } from "../../memory.js";
import { direction, speak, t } from "../../messages.js";
import { type PageContext } from "../../api.js";
import { describePage, readPage } from "../../page-context.js";
import { Session } from "../../session.js";
import { schemeOf, watchTheme } from "../../theme.js";
import { plainText } from "../../markdown.js";
import { deepActiveElement, isComposing, soon } from "../../dom.js";
import type { Decided } from "../approval/approval.js";
import { STYLES } from "./assistant.styles.js";
import { type View, Drawer } from "./drawer.js";

const RECENT = 3;
const NARROW = "(max-width: 600px)";
const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

/**
 * Opens and closes with Ctrl+. (on a Mac, Command+.) too; Escape closes. It asks for nothing until it is
 * opened, and then only the page's own origin.
 *
 * @attribute src - the chat service, at the page's own origin: `/chat`.
 * @attribute token-src - where the page's session is exchanged for a token: `/overset/token`.
 * @attribute member - tells members apart who use the same browser; opaque.
 * @attribute lang - the language of its words; the page's own where it is missing.
 * @attribute theme - `light` or `dark`; otherwise that of the page.
 * @attribute scheme - `light` or `dark`; set by the element.
 * @csspart launcher - the round button.
 * @csspart drawer - the drawer.
 * @cssproperty --ov-accent - the colour of what is active; see the styles for the others.
 */
export class Assistant extends Component {
  static readonly observedAttributes = ["theme"];

  #drawer: Drawer | null = null;
  #session: Session | null = null;
  #memory!: Memory;
  #ending = new AbortController();
  #before: HTMLElement | null = null;
  #isSending = true;
  #context: PageContext | null = null;
  #recent: ThreadHead[] = [];
  #isDrawing = false;

  constructor() {
    super(STYLES);
  }

  connectedCallback(): void {
    this.#ending = new AbortController();
    if (!this.#drawer) this.#build();
    this.#listen(this.#ending.signal);
    this.#wearTheme();
    this.#look();
  }

  disconnectedCallback(): void {
    this.#ending.abort();
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#wearTheme();
  }

  /** Open the drawer, or bring the focus into it. */
  open(): void {
    const drawer = this.#drawer;
    if (!drawer) return;
    if (!drawer.isOpen) {
      this.#before = deepActiveElement();
      drawer.open(matchMedia(NARROW).matches);
      this.#memory.keep({ isOpen: true });
      void this.#session?.start();
      void this.#findRecent();
    }
    drawer.focus();
  }

  /** Close it, and give the focus back to where it was. */
  close(): void {
    const drawer = this.#drawer;
    if (!drawer?.isOpen) return;
    const hadFocus = this.root.activeElement !== null;
    drawer.close();
    this.#memory.keep({ isOpen: false });
    if (!hadFocus) return;
    const before = this.#before;
    if (before?.isConnected && before !== document.body) before.focus();
    else drawer.launcher.focus();
  }

  #build(): void {
    speak(this.lang || document.documentElement.lang || "en");
    this.dir = direction();
    this.#memory = new Memory(this.getAttribute("member") ?? "");
    const api = new API(this.getAttribute("src") ?? "", this.getAttribute("token-src") ?? "");
    this.#session = new Session(api, this.#memory);
    const keys = IS_APPLE ? "⌘ ." : "Ctrl+.";
    this.#drawer = new Drawer(this.root, api, keys);
    this.#drawer.setWide(this.#memory.isWide);
    this.#drawer.composer.value = this.#memory.draft;
    this.#drawer.launcher.addEventListener("click", () => this.open());
    const session = this.#session;
    const draw = (): void => this.#drawSoon();
    session.addEventListener("change", draw);
    session.conversation.addEventListener("change", draw);
    session.addEventListener("ended", () => this.#sayResult());
    this.#listenToWords(session);
    this.#hear();
    if (this.#memory.isOpen) this.#reopen();
    this.#draw();
  }

  // After a reload the focus is the page's: nobody asked for it to move.
  #reopen(): void {
    this.#drawer?.open(matchMedia(NARROW).matches);
    void this.#session?.start();
    void this.#findRecent();
  }

  #listenToWords(session: Session): void {
    const on = (from: EventTarget, type: string, act: (words: string) => void): void => {
      from.addEventListener(type, (event) => act((event as CustomEvent<string>).detail));
    };
    on(session.conversation, "noted", (words) => this.#tellNews(words));
    on(session, "returned", (words) => this.#drawer?.composer.giveBack(words));
    on(session, "connection", () => {
      this.#drawer?.say(t(session.isConnected ? "conversation.working" : "conversation.reconnecting"));
    });
  }

  #hear(): void {
    const on = <T>(type: string, act: (detail: T) => void): void => {
      this.root.addEventListener(type, (event) => act((event as CustomEvent<T>).detail));
    };
    const session = this.#session;
    if (!session) return;
    on<string>("overset-send", (text) => this.#ask(text));
    on<string>("overset-suggest", (text) => this.#ask(text));
    on<string>("overset-draft", (draft) => this.#memory.keep({ draft }));
    on("overset-stop", () => {
      void session.stop();
      this.#drawer?.focus(); // what was pressed cannot be pressed again
    });
    on("overset-retry", () => {
      this.#drawer?.say(t("conversation.working"));
      void session.retry();
      this.#drawer?.focus(); // what was pressed goes
    });
    on<Decided>("overset-decide", ({ callId, verdict, allowAlways }) => {
      void session.decide(callId, verdict, { allowAlways });
      this.#drawer?.composer.focus();
    });
    on("overset-drop-context", () => {
      this.#isSending = false;
      this.#draw();
    });
    on<string>("overset-open-thread", (id) => {
      this.#show("conversation");
      void session.open(id);
    });
    on<ThreadHead>("overset-share-thread", (thread) => {
      void this.#drawer?.share.show(thread);
      this.#show("share");
    });
    on<{ id: string; thread: ThreadHead | null }>("overset-thread-changed", ({ id, thread }) => {
      session.noteThread(id, thread);
    });
    on("overset-close", () => this.close());
    on("overset-new", () => {
      session.renew();
      this.#isSending = true;
      this.#show("conversation");
      void this.#findRecent();
    });
    on<View>("overset-view", (view) => this.#show(view));
    on<boolean>("overset-wide", (isWide) => this.#memory.keep({ isWide }));
  }

  #listen(signal: AbortSignal): void {
    const changed = (): void => this.#wearTheme();
    watchTheme(this, changed, signal);
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    this.root.addEventListener("keydown", (event) => this.#onOwnKey(event as KeyboardEvent), { signal });
    const look = (): void => this.#look();
    addEventListener("popstate", look, { signal });
    const { navigation } = window as { navigation?: EventTarget };
    navigation?.addEventListener("navigatesuccess", look, { signal });
    const title = new MutationObserver(look);
    title.observe(document.head, { childList: true, characterData: true, subtree: true });
    signal.addEventListener("abort", () => title.disconnect());
    const refresh = (): void => {
      if (document.visibilityState === "visible" && this.#drawer?.isOpen) {
        void this.#session?.refresh();
      }
    };
    document.addEventListener("visibilitychange", refresh, { signal });
    addEventListener("pageshow", (event) => event.persisted && refresh(), { signal });
    const narrow = matchMedia(NARROW);
    narrow.addEventListener("change", () => this.#drawer?.reopen(narrow.matches), { signal });
  }

  #onKey(event: KeyboardEvent): void {
    const isShortcut = event.key === "." && (IS_APPLE ? event.metaKey : event.ctrlKey);
    if (!isShortcut || event.altKey || event.shiftKey || event.repeat) return;
    event.preventDefault();
    if (this.#drawer?.isOpen && this.root.activeElement) this.close();
    else this.open();
  }

  #onOwnKey(event: KeyboardEvent): void {
    const isShortcut = event.key === "." && (event.ctrlKey || event.metaKey);
    // Superset's own shortcuts are for its page, not for what is written here.
    if (!isShortcut) event.stopPropagation();
    if (event.key !== "Escape" || event.defaultPrevented || isComposing(event)) return;
    event.preventDefault();
    if (this.#drawer?.view === "conversation") this.close();
    else this.#show("conversation");
  }

  #ask(text: string): void {
    const session = this.#session;
    const drawer = this.#drawer;
    if (!session || !drawer) return;
    drawer.conversation.showLatest();
    drawer.say(t("conversation.working"));
    if (session.conversation.waiting.length) void session.decline(text);
    else void session.ask(text, this.#page());
    drawer.composer.focus();
  }

  #page(): Promise<PageContext | null> {
    if (!this.#isSending) return Promise.resolve(null);
    return describePage(new URL(location.href), document.title);
  }

  #show(view: View): void {
    const drawer = this.#drawer;
    if (!drawer) return;
    drawer.threads.current = this.#session?.thread?.id ?? null;
    drawer.show(view);
    this.#draw();
  }

  /** Look where the page is: it may have become another one without a reload. */
  #look(): void {
    const page = readPage(new URL(location.href), document.title);
    if (page.path !== this.#context?.path) this.#isSending = true;
    this.#context = page;
    this.#drawSoon();
  }

  #wearTheme(): void {
    const scheme = schemeOf(this.getAttribute("theme"));
    if (this.getAttribute("scheme") !== scheme) this.setAttribute("scheme", scheme);
  }

  async #findRecent(): Promise<void> {
    if (!this.#session || this.#session.thread || this.#memory.thread) return;
    try {
      this.#recent = (await this.#session.api.threads("", null, RECENT)).items;
      this.#drawSoon();
    } catch {
      // They are an offer, and the list of conversations says what is wrong.
    }
  }

  #sayResult(): void {
    const { waiting, latestAnswer } = this.#session?.conversation ?? { waiting: [], latestAnswer: "" };
    const [first] = waiting;
    const what = first?.call.approval?.description ?? first?.call.title;
    if (what) this.#tellNews(t("approval.waiting", { what }));
    else if (latestAnswer) {
      this.#tellNews(t("conversation.answered", { text: plainText(latestAnswer) }));
    } else this.#markNews();
  }

  #tellNews(words: string): void {
    this.#drawer?.say(words);
    this.#markNews();
  }

  /** Where the drawer is closed, its button says that something has come. */
  #markNews(): void {
    if (!this.#drawer?.isOpen) this.#drawer?.setNews(true);
  }

  #drawSoon(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    soon(() => {
      this.#isDrawing = false;
      this.#draw();
    });
  }

  #draw(): void {
    const session = this.#session;
    if (!session || !this.#drawer) return;
    const isNamed = this.#context !== null && this.#context.kind !== "other";
    this.#drawer.draw({
      session,
      page: this.#context?.kind ?? "other",
      context: this.#isSending && isNamed ? nameOf(this.#context) : null,
      recent: this.#recent,
    });
  }
}

function nameOf(page: PageContext | null): string | null {
  if (!page || page.kind === "other") return null;
  return page.title ?? t(`kind.${page.kind}`);
}

define("overset-assistant", Assistant);
