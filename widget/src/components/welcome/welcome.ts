/** `<overset-welcome>`: what an empty conversation says: what can be asked, and what was asked before. */

import type { PageContext, ThreadHead } from "../../api.js";
import { Component, define } from "../../component.js";
import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { type Key, ago, t } from "../../messages.js";
import { STYLES } from "./welcome.styles.js";

const SUGGESTIONS: Readonly<Record<PageContext["kind"], readonly Key[]>> = {
  chart: ["suggest.page", "suggest.charts", "suggest.abilities"],
  dashboard: ["suggest.page", "suggest.charts", "suggest.abilities"],
  dataset: ["suggest.page", "suggest.datasets", "suggest.abilities"],
  other: ["suggest.datasets", "suggest.sales", "suggest.dashboard", "suggest.abilities"],
  sql_lab: ["suggest.datasets", "suggest.sales", "suggest.abilities"],
};

export interface Welcoming {
  page: PageContext["kind"];
  isOffline: boolean;
  recent: readonly ThreadHead[];
}

/**
 * @property welcoming - what is on the screen, who answers, and the latest threads.
 * @event overset-suggest - a question to ask: a string.
 * @event overset-open-thread - a thread to open: its id.
 */
export class Welcome extends Component {
  constructor() {
    super(STYLES);
  }

  set welcoming({ page, isOffline, recent }: Welcoming) {
    const suggestions = SUGGESTIONS[page].map((key) => {
      const ask = (): void => this.tell("overset-suggest", t(key));
      return item(ask, h("span", {}, t(key)), icon("chevron", 14));
    });
    const offline = h("p", { class: "offline" }, icon("info"), h("span", {}, t("empty.offline")));
    this.root.replaceChildren(
      h("span", { class: "mark" }, icon("assistant", 24)),
      h("h2", {}, t("empty.title")),
      h("p", {}, t("empty.text")),
      ...(isOffline ? [offline] : []),
      h("ul", { "aria-label": t("suggest.label") }, ...suggestions),
      ...this.#recent(recent),
    );
  }

  #recent(threads: readonly ThreadHead[]): HTMLElement[] {
    if (!threads.length) return [];
    const now = new Date();
    const items = threads.map((thread) => {
      const open = (): void => this.tell("overset-open-thread", thread.id);
      const name = thread.title || t("threads.untitled");
      const when = ago(new Date(thread.updated_at), now);
      return item(open, h("span", { class: "name", dir: "auto" }, name), h("span", { class: "when" }, when));
    });
    return [
      h("h3", { id: "recent" }, t("empty.recent")),
      h("ul", { class: "recent", "aria-labelledby": "recent" }, ...items),
    ];
  }
}

function item(action: () => void, ...content: (Node | string)[]): HTMLElement {
  return h("li", {}, h("button", { type: "button", onclick: action }, ...content));
}

define("overset-welcome", Welcome);
