/** The inside of `<overset-assistant>`: its button, the drawer's head, and the view that is on top. */

import type { API, PageContext, ThreadHead } from "../../api.js";
import { deepActiveElement, h } from "../../dom.js";
import { type Icon, icon } from "../../icons.js";
import { t } from "../../messages.js";
import type { Session } from "../../session.js";
import { Composer } from "../composer/composer.js";
import { ConversationElement } from "../conversation/conversation.js";
import { Share } from "../share/share.js";
import { Threads } from "../threads/threads.js";
import { Welcome, type Welcoming } from "../welcome/welcome.js";

export type View = "conversation" | "threads" | "share";

export interface Drawn {
  session: Session;
  page: PageContext["kind"];
  context: string | null;
  recent: readonly ThreadHead[];
}

const LONGEST_TITLE = 100;
const SAY_MS = 150;

export class Drawer {
  readonly conversation = new ConversationElement();
  readonly composer = new Composer();
  readonly threads = new Threads();
  readonly share = new Share();
  readonly launcher: HTMLButtonElement;
  view: View = "conversation";
  #welcome = new Welcome();
  #welcomed = "";
  #root: ShadowRoot;
  #dialog: HTMLDialogElement;
  #title = h("h1", { id: "title", dir: "auto" });
  #model = h("span", { class: "model", dir: "auto" });
  #live = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  #dot = h("span", { class: "dot", hidden: true });
  #list: HTMLButtonElement;
  #size: HTMLButtonElement;
  #isWide = false;
  #hasNews = false;
  #saying: string[] = [];
  #isBusy = false;

  constructor(root: ShadowRoot, api: API, keys: string) {
    this.#root = root;
    this.threads.api = this.share.api = api;
    const open = t("assistant.shortcut", { name: t("assistant.open"), keys });
    this.launcher = h(
      "button",
      {
        type: "button", class: "launcher", part: "launcher", title: open,
        "aria-label": t("assistant.open"), "aria-keyshortcuts": "Control+. Meta+.",
        "aria-haspopup": "dialog", "aria-expanded": "false",
      },
      icon("assistant", 26),
      this.#dot,
    ); // prettier-ignore
    this.#list = control("history", t("assistant.threads"), () => this.#toggleList());
    this.#size = control("wide", t("assistant.wide"), () => this.#toggleSize());
    this.#size.classList.add("size");
    const header = h(
      "header",
      {},
      this.#list,
      h("div", { class: "name" }, this.#title, this.#model),
      control("plus", t("assistant.new"), () => this.#tell("overset-new")),
      this.#size,
      control("close", t("assistant.close"), () => this.#tell("overset-close")),
    );
    this.conversation.append(this.#welcome);
    const inside = [this.conversation, this.threads, this.share, this.composer];
    const main = h("main", {}, ...inside);
    const drawer = { part: "drawer", "aria-labelledby": "title", tabindex: -1 };
    this.#dialog = h("dialog", drawer, header, main);
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault(); // a phone's way back
      this.#tell("overset-close");
    });
    root.append(this.launcher, this.#dialog, this.#live);
    this.show("conversation", false);
  }

  get isOpen(): boolean {
    return this.#dialog.open;
  }

  /** On a narrow screen it covers the page, which then cannot be reached; else the focus stays. */
  open(isModal: boolean): void {
    // A dialog that covers the page takes the focus, and not its first button.
    this.#dialog.autofocus = isModal;
    if (isModal) this.#dialog.showModal();
    else this.#dialog.open = true; // `show()` would move the focus
    // A modal dialog hides what is beside it from ears too, and a closed one what is in it.
    (isModal ? this.#dialog : this.#root).append(this.#live);
    this.launcher.hidden = true;
    this.launcher.setAttribute("aria-expanded", "true");
    this.setNews(false);
  }

  close(): void {
    this.#dialog.close();
    this.#root.append(this.#live);
    this.launcher.hidden = false;
    this.launcher.setAttribute("aria-expanded", "false");
  }

  /** The screen became narrow or wide. */
  reopen(isModal: boolean): void {
    if (!this.isOpen) return;
    const focused = deepActiveElement();
    this.#dialog.close();
    this.open(isModal);
    focused?.focus({ preventScroll: true });
  }

  focus(): void {
    if (this.view === "threads") this.threads.focus();
    else if (this.view === "share") this.share.focus();
    else this.composer.focus();
  }

  show(view: View, isFocused = true): void {
    this.view = view;
    this.conversation.hidden = this.composer.hidden = view !== "conversation";
    this.threads.hidden = view !== "threads";
    this.share.hidden = view !== "share";
    const isHere = view === "conversation";
    relabel(this.#list, isHere ? "history" : "back", t(isHere ? "assistant.threads" : "threads.back"));
    if (view === "threads") void this.threads.show();
    if (isFocused) this.focus();
  }

  setWide(isWide: boolean): void {
    this.#isWide = isWide;
    this.#dialog.classList.toggle("wide", isWide);
    relabel(this.#size, isWide ? "narrow" : "wide", t(isWide ? "assistant.narrow" : "assistant.wide"));
  }

  setNews(hasNews: boolean): void {
    this.#hasNews = hasNews;
    const name = t("assistant.open");
    this.launcher.setAttribute("aria-label", hasNews ? t("assistant.news", { name }) : name);
    this.#showDot();
  }

  /** Say something to who listens, after what is about to be said; the same words are said again. */
  say(words: string): void {
    this.#live.textContent = "";
    if (this.#saying.push(words) > 1) return;
    setTimeout(() => (this.#live.textContent = this.#saying.splice(0).join(" ")), SAY_MS);
  }

  draw({ session, page, context, recent }: Drawn): void {
    const { conversation, phase, me, thread, isConnected, isWritable } = session;
    const isWorking = phase === "running" || phase === "stopping" || phase === "loading";
    this.#isBusy = phase === "running" || phase === "stopping";
    this.#showDot();
    const named = thread?.title || conversation.firstQuestion.slice(0, LONGEST_TITLE);
    const title = this.view === "conversation" ? named : t("assistant.threads");
    this.#title.textContent = title || t("assistant.name");
    const model = me?.model.offline ? t("assistant.offline") : me?.model.name;
    this.#model.textContent = model ?? "";
    this.#model.title = me?.model.name ?? "";
    this.#welcome.hidden = !conversation.isEmpty || phase !== "idle";
    this.#welcomeOnce({ page, isOffline: me?.model.offline === true, recent });
    this.conversation.shown = {
      parts: conversation.parts,
      isWorking,
      isConnected,
      mayDecide: isWritable && phase === "idle",
      asksEachTime: me?.approval !== "member",
    };
    this.composer.composing = {
      phase,
      isPending: conversation.waiting.length > 0,
      owner: isWritable ? null : (thread?.owner_name ?? ""),
      context,
    };
  }

  // Drawing it anew would take the focus from a suggestion.
  #welcomeOnce(welcoming: Welcoming): void {
    const wanted = JSON.stringify(welcoming);
    if (wanted === this.#welcomed) return;
    this.#welcomed = wanted;
    this.#welcome.welcoming = welcoming;
  }

  #showDot(): void {
    this.#dot.hidden = !this.#hasNews && !this.#isBusy;
    this.#dot.classList.toggle("busy", this.#isBusy);
  }

  #toggleList(): void {
    this.#tell("overset-view", this.view === "conversation" ? "threads" : "conversation");
  }

  #toggleSize(): void {
    this.setWide(!this.#isWide);
    this.#tell("overset-wide", this.#isWide);
  }

  #tell(type: string, detail: unknown = null): void {
    this.#dialog.dispatchEvent(new CustomEvent(type, { detail, bubbles: true }));
  }
}

function control(name: Icon, label: string, act: () => void): HTMLButtonElement {
  const button = h("button", { type: "button", class: "quiet", onclick: act });
  relabel(button, name, label);
  return button;
}

function relabel(button: HTMLButtonElement, name: Icon, label: string): void {
  button.setAttribute("aria-label", label);
  button.title = label;
  button.toggleAttribute("data-turns", name === "back");
  button.replaceChildren(icon(name, 18));
}
