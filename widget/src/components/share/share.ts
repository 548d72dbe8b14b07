/** `<overset-share>`: who else of the workspace may read a conversation. */

import type { API, Reader, ThreadHead } from "../../api.js";
import { Component, define } from "../../component.js";
import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { t } from "../../messages.js";
import { sentenceOf } from "../../problems.js";
import { STYLES } from "./share.styles.js";

const PAUSE_MS = 250;

/** @property api - where threads are shared; set it before `show()`. */
export class Share extends Component {
  api: API | null = null;
  #thread: ThreadHead | null = null;
  #readers: Reader[] = [];
  #title = h("h2");
  #failed = h("p", { class: "failed", role: "alert" });
  #input = h("input", { id: "person", type: "search", autocomplete: "off", dir: "auto" });
  #found = h("ul", { class: "found" });
  #list = h("ul");
  #nobody = h("p");
  #pause = 0;
  #asked = 0;

  constructor() {
    super(STYLES);
    const label = h("label", { for: "person" }, t("share.person"));
    const form = h("form", {}, this.#input);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#found.querySelector("button")?.click();
    });
    this.#input.addEventListener("input", () => {
      this.#forgetFound(); // Enter must not share with whom an older search found
      this.#pause = window.setTimeout(() => void this.#search(), PAUSE_MS);
    });
    this.#found.setAttribute("aria-label", t("share.add"));
    this.#nobody.textContent = t("share.nobody");
    const parts = [label, form, this.#found, this.#failed, this.#nobody, this.#list];
    this.root.append(this.#title, h("p", {}, t("share.explain")), ...parts);
  }

  /** Show who reads a thread. */
  async show(thread: ThreadHead): Promise<void> {
    this.#thread = thread;
    this.#readers = [];
    this.#input.value = "";
    this.#forgetFound();
    this.#failed.textContent = "";
    this.#title.textContent = t("share.title", { title: thread.title || t("threads.untitled") });
    await this.#attempt(async (api) => {
      this.#readers = (await api.thread(thread.id)).shared_with ?? [];
    });
  }

  override focus(): void {
    this.#input.focus({ preventScroll: true });
  }

  #forgetFound(): void {
    clearTimeout(this.#pause);
    this.#asked += 1;
    this.#found.replaceChildren();
  }

  async #search(): Promise<void> {
    const search = this.#input.value.trim();
    const asked = this.#asked;
    if (!search) return;
    await this.#attempt(async (api) => {
      const members = await api.members(search);
      if (asked !== this.#asked) return;
      const known = new Set(this.#readers.map((one) => one.id));
      const items = members.filter((one) => !known.has(one.id)).map((one) => this.#person(one));
      this.#found.replaceChildren(...items);
    });
  }

  #person(person: Reader): HTMLElement {
    const add = (): void => {
      this.#input.value = "";
      this.#forgetFound();
      this.focus();
      void this.#attempt(async (api) => {
        if (!this.#thread) return;
        await api.addReader(this.#thread.id, person.id);
        this.#readers = [...this.#readers, person];
      });
    };
    return h("li", {}, h("button", { type: "button", dir: "auto", onclick: add }, person.name));
  }

  #reader(reader: Reader): HTMLElement {
    const label = t("share.remove", { name: reader.name });
    const remove = (): void => {
      void this.#attempt(async (api) => {
        if (!this.#thread) return;
        await api.removeReader(this.#thread.id, reader.id);
        this.#readers = this.#readers.filter((one) => one !== reader);
        this.focus();
      });
    };
    const attributes = { type: "button", class: "quiet", title: label, "aria-label": label };
    const button = h("button", { ...attributes, onclick: remove }, icon("close"));
    return h("li", {}, h("span", { dir: "auto" }, reader.name), button);
  }

  async #attempt(act: (api: API) => Promise<void>): Promise<void> {
    if (!this.api) return;
    try {
      await act(this.api);
      this.#failed.textContent = "";
    } catch (error) {
      const why = sentenceOf(error, { isUnderWay: false });
      this.#failed.textContent = t("share.failed", { why });
    }
    this.#nobody.hidden = this.#readers.length > 0;
    this.#list.replaceChildren(...this.#readers.map((one) => this.#reader(one)));
  }
}

define("overset-share", Share);
