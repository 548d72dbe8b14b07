/** `<overset-threads>`: one's conversations, and those that others share: search, rename, delete, share. */

import type { API, ThreadHead } from "../../api.js";
import { Component, define } from "../../component.js";
import { h } from "../../dom.js";
import { type Icon, icon } from "../../icons.js";
import { ago, t } from "../../messages.js";
import { sentenceOf } from "../../problems.js";
import { STYLES } from "./threads.styles.js";

const PAUSE_MS = 250;
/** How long one may think between two letters of a search. */

/**
 * @property api - where the threads are; set it before `show()`.
 * @property current - the id of the open thread.
 * @event overset-open-thread - a thread to open: its id.
 * @event overset-share-thread - a thread to share: the thread.
 * @event overset-thread-changed - it was renamed, or with `thread: null` deleted: `{id, thread}`.
 */
export class Threads extends Component {
  api: API | null = null;
  current: string | null = null;
  #input = h("input", { type: "search", autocomplete: "off", dir: "auto" });
  #list = h("ul");
  #status = h("p", { class: "status", role: "status" });
  #more = h("button", { type: "button", class: "button more", hidden: true });
  #threads: ThreadHead[] = [];
  #next: string | null = null;
  #asked = 0;
  #pause = 0;

  constructor() {
    super(STYLES);
    const label = t("threads.search");
    this.#input.placeholder = label;
    this.#input.setAttribute("aria-label", label);
    this.#list.setAttribute("aria-label", t("assistant.threads"));
    this.#more.textContent = t("threads.more");
    this.#more.addEventListener("click", () => void this.#load(this.#next));
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#pause);
      this.#pause = window.setTimeout(() => void this.#load(null), PAUSE_MS);
    });
    const search = h("div", { class: "search" }, icon("search"), this.#input);
    this.root.append(search, h("div", { class: "scroll" }, this.#status, this.#list, this.#more));
  }

  /** List the threads anew. */
  async show(): Promise<void> {
    this.#input.value = "";
    await this.#load(null);
  }

  override focus(): void {
    this.#input.focus({ preventScroll: true });
  }

  async #load(cursor: string | null): Promise<void> {
    if (!this.api) return;
    const asked = (this.#asked += 1);
    const search = this.#input.value.trim();
    if (!this.#threads.length) this.#status.textContent = t("threads.loading");
    try {
      const page = await this.api.threads(search, cursor);
      if (asked !== this.#asked) return; // somebody typed on
      this.#threads = cursor ? [...this.#threads, ...page.items] : page.items;
      this.#next = page.next;
      this.#status.textContent = this.#threads.length
        ? ""
        : t(search ? "threads.noMatch" : "threads.empty");
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#threads = [];
      this.#next = null;
      const act = (): void => {
        this.focus(); // the button goes
        void this.#load(null);
      };
      const why = sentenceOf(error, { isUnderWay: false });
      const again = h("button", { type: "button", class: "button", onclick: act }, t("notice.retry"));
      this.#status.replaceChildren(why, " ", again);
    }
    this.#draw();
  }

  #draw(): void {
    const now = new Date();
    const at = this.root.activeElement;
    this.#more.hidden = !this.#next;
    this.#list.replaceChildren(...this.#threads.map((thread) => this.#item(thread, now)));
    const isGone = at === this.#more ? this.#more.hidden : !at?.isConnected;
    if (at && isGone) this.focus();
  }

  #item(thread: ThreadHead, now: Date): HTMLElement {
    const { id, title, mine } = thread;
    const name = title || t("threads.untitled");
    const open = h(
      "button",
      { type: "button", class: "open", "aria-current": id === this.current ? "true" : null },
      h("span", { class: "name", dir: "auto" }, name),
      h("span", { class: "when" }, ...facts(thread, now)),
    );
    open.addEventListener("click", () => this.tell("overset-open-thread", id));
    const item = h("li", { class: id === this.current ? "current" : null });
    const actions = h("span", { class: "actions" });
    if (mine) {
      const label = t("threads.actions", { title: name });
      actions.setAttribute("role", "group");
      actions.setAttribute("aria-label", label);
      actions.append(
        action("edit", t("threads.rename"), () => this.#askName(item, thread)),
        action("share", t("threads.share"), () => this.tell("overset-share-thread", thread)),
        action("trash", t("threads.delete"), () => this.#askSure(item, thread)),
      );
    }
    item.append(h("div", { class: "row" }, open, actions));
    return item;
  }

  #askName(item: HTMLElement, thread: ThreadHead): void {
    const field = h("input", { "aria-label": t("threads.title"), maxlength: 200, dir: "auto" });
    field.value = thread.title;
    const save = h("button", { class: "button primary" }, t("threads.save"));
    const form = h("form", {}, field, save);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const title = field.value.trim();
      if (!title || title === thread.title) this.#draw();
      else void this.#change(thread, (api) => api.renameThread(thread.id, title));
    });
    this.#onEscape(form);
    item.replaceChildren(form);
    field.select();
  }

  #askSure(item: HTMLElement, thread: ThreadHead): void {
    const act = (): void => {
      void this.#change(thread, async (api) => {
        await api.deleteThread(thread.id);
        return null;
      });
    };
    const no = { type: "button", class: "button", onclick: () => this.#draw() };
    const yes = { type: "button", class: "button danger", onclick: act };
    const sure = h(
      "div",
      { class: "sure", role: "group", "aria-label": t("threads.deleteSure") },
      h("span", {}, t("threads.deleteSure")),
      h("button", yes, t("threads.delete")),
      h("button", no, t("threads.cancel")),
    );
    this.#onEscape(sure);
    item.replaceChildren(sure);
    sure.querySelector("button")?.focus();
  }

  async #change(
    thread: ThreadHead,
    act: (api: API) => Promise<ThreadHead | null>,
  ): Promise<void> {
    if (!this.api) return;
    try {
      const changed = await act(this.api);
      this.#threads = this.#threads.flatMap((one) => {
        if (one.id !== thread.id) return [one];
        return changed ? [{ ...one, title: changed.title }] : [];
      });
      this.tell("overset-thread-changed", { id: thread.id, thread: changed });
      this.#status.textContent = this.#threads.length ? "" : t("threads.empty");
    } catch (error) {
      const why = sentenceOf(error, { isUnderWay: false });
      this.#status.textContent = t("share.failed", { why });
    }
    this.#draw();
  }

  // Escape leaves the question, and not the drawer.
  #onEscape(element: HTMLElement): void {
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      event.preventDefault();
      this.#draw();
    });
  }
}

function facts(thread: ThreadHead, now: Date): HTMLElement[] {
  const words = [h("span", {}, ago(new Date(thread.updated_at), now))];
  if (!thread.mine && thread.owner_name) {
    words.push(h("span", {}, `· ${t("threads.sharedBy", { owner: thread.owner_name })}`));
  }
  if (thread.running_turn) words.push(h("span", { class: "running" }, `· ${t("threads.running")}`));
  return words;
}

function action(name: Icon, label: string, act: () => void): HTMLElement {
  const attributes = { type: "button", class: "quiet", title: label, "aria-label": label };
  return h("button", { ...attributes, onclick: act }, icon(name));
}

define("overset-threads", Threads);
