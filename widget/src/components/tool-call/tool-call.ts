/** `<overset-tool-call>`: a tool that ran or runs, folded, with what came of it below. */

import { Component, define } from "../../component.js";
import type { Tool } from "../../conversation.js";
import { h } from "../../dom.js";
import type { Link } from "../../events.js";
import { type Icon, icon } from "../../icons.js";
import { type Key, counted, t } from "../../messages.js";
import { findOwnURL } from "../../places.js";
import { ChartPreview } from "../chart/chart.js";
import { ResultTable } from "../table/table.js";
import { STYLES } from "./tool-call.styles.js";

const MOST_LINKS = 4;
const MOST_PICTURES = 2;
const LONGEST_REASON = 300;

const MARKS: Readonly<Record<string, Icon>> = {
  done: "check",
  failed: "error",
  interrupted: "warning",
  refused: "lock",
  waiting: "lock",
};

/**
 * Arguments and result are text, whatever they look like.
 *
 * @attribute status - `running`, `waiting`, or how it ended; set by the element.
 * @property tool - the call, and its result if there is one.
 * @csspart call - the folded call.
 */
export class ToolCallElement extends Component {
  #tool: Tool | null = null;
  #isOpen = false;

  constructor() {
    super(STYLES);
  }

  set tool(value: Tool) {
    if (value === this.#tool) return;
    this.#tool = value;
    const status = value.result?.status ?? (value.call.approval ? "waiting" : "running");
    this.setAttribute("status", status);
    const hadFocus = this.root.activeElement !== null;
    this.root.replaceChildren(this.#folded(value, status), ...outcome(value));
    if (hadFocus) this.root.querySelector("summary")?.focus({ preventScroll: true });
  }

  #folded({ call, result }: Tool, status: string): HTMLElement {
    const mark = MARKS[status];
    const shown = status === "done" ? "unseen" : "state";
    const summary = h(
      "summary",
      {},
      h("span", { class: "mark" }, mark ? icon(mark, 15) : h("span", { class: "spinner" })),
      h("span", { class: "title", dir: "auto" }, call.title || call.name),
      h("span", { class: shown }, t(`tool.status.${status}` as Key)),
      chevron(),
    );
    const text = result?.text ?? "";
    const body = h(
      "div",
      { class: "body" },
      h("h3", {}, t("tool.arguments")),
      block(JSON.stringify(call.arguments, null, 2)),
      text && h("h3", {}, t("tool.result")),
      text && block(text),
    );
    const folded = h("details", { part: "call", open: this.#isOpen }, summary, body);
    folded.addEventListener("toggle", () => (this.#isOpen = folded.open));
    return folded;
  }
}

function outcome({ result }: Tool): HTMLElement[] {
  if (!result) return [];
  if (result.status === "failed" && result.text) {
    return [h("p", { class: "why", dir: "auto" }, shorten(result.text))];
  }
  const made: HTMLElement[] = [];
  if (result.table) {
    const table = new ResultTable();
    table.table = result.table;
    made.push(table);
  }
  const links = result.links.filter((link) => findOwnURL(link.path));
  if (links.length) made.push(cards(links));
  return made;
}

// A result that lists many charts is no reason to draw them all.
function cards(links: Link[]): HTMLElement {
  const charts = links.filter((link) => link.kind === "chart");
  const made = links.slice(0, MOST_LINKS).map((link) => {
    const card = new ChartPreview();
    if (charts.length > MOST_PICTURES) card.setAttribute("plain", "");
    card.link = link;
    return card;
  });
  const left = links.length - made.length;
  const more = left > 0 && h("span", { class: "more" }, counted("tool.chartsMore", left));
  return h("div", { class: "links" }, ...made, more);
}

function chevron(): HTMLElement {
  const holder = h("span", { class: "chevron" });
  holder.append(icon("chevron", 14));
  return holder;
}

function block(text: string): HTMLElement {
  return h("pre", { tabindex: 0, dir: "auto" }, text);
}

function shorten(text: string): string {
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)} …` : text;
}

define("overset-tool-call", ToolCallElement);
