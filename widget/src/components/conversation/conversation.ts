/** `<overset-conversation>`: all parts of a conversation, the latest in view. */

import { Component, define } from "../../component.js";
import { type Part, isWaiting } from "../../conversation.js";
import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { spoken, t } from "../../messages.js";
import { Approval } from "../approval/approval.js";
import { Message } from "../message/message.js";
import { NoticeElement } from "../notice/notice.js";
import { Plan } from "../plan/plan.js";
import { ToolCallElement } from "../tool-call/tool-call.js";
import { STYLES } from "./conversation.styles.js";

export interface Shown {
  parts: readonly Part[];
  isWorking: boolean;
  isConnected: boolean;
  /** Whether the member may answer what waits. */
  mayDecide: boolean;
  /** Whether each call of a changing tool asks. */
  asksEachTime: boolean;
}

const NEAR_PX = 60;

/**
 * Parts keep their elements while they change, so that what is folded, selected or focused stays. Text
 * that streams is not read out piece by piece: the assistant's element says it when it is whole.
 *
 * @property shown - the parts, and what goes on.
 * @slot - what stands there while the conversation is empty.
 */
export class ConversationElement extends Component {
  #log = h("div", { class: "log", role: "log", "aria-live": "off" });
  #working = h("div", { class: "working", hidden: true });
  #latest = h("button", { type: "button", class: "latest", hidden: true }, icon("down"));
  #scroll: HTMLElement;
  #elements = new Map<string, { element: HTMLElement; part: Part; extra: string }>();
  #isPinned = true;

  constructor() {
    super(STYLES);
    this.#latest.setAttribute("aria-label", t("conversation.latest"));
    this.#latest.addEventListener("click", () => this.showLatest());
    const inside = [h("slot"), this.#log, this.#working];
    const region = { class: "scroll", tabindex: 0, role: "region" };
    this.#scroll = h("div", { ...region, "aria-label": t("conversation.log") }, ...inside);
    this.#scroll.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    new ResizeObserver(() => this.#follow()).observe(this.#log);
    this.root.append(this.#scroll, this.#latest);
  }

  set shown(shown: Shown) {
    this.#show(shown);
    this.#log.hidden = shown.parts.length === 0;
    const isAnswering = shown.parts.at(-1)?.kind === "answer" && shown.isConnected;
    this.#working.hidden = !shown.isWorking || isAnswering;
    const words = shown.isConnected ? t("conversation.working") : t("conversation.reconnecting");
    this.#working.replaceChildren(dots(), words);
    this.#follow();
  }

  /** Scroll to the end, and stay there. */
  showLatest(): void {
    this.#isPinned = true;
    this.#follow();
  }

  #show(shown: Shown): void {
    const wanted = new Map<string, HTMLElement>();
    for (const part of shown.parts) {
      const name = `${elementOf(part)}:${part.key}`;
      const extra = elementOf(part) === "approval" ? `${shown.mayDecide}${shown.asksEachTime}` : "";
      const had = this.#elements.get(name);
      const element = had?.element ?? make(part);
      if (had?.part !== part || had.extra !== extra) fill(element, part, shown);
      this.#elements.set(name, { element, part, extra });
      wanted.set(name, element);
    }
    for (const name of [...this.#elements.keys()]) {
      if (wanted.has(name)) continue;
      this.#elements.get(name)?.element.remove();
      this.#elements.delete(name);
    }
    let at = this.#log.firstElementChild;
    for (const element of wanted.values()) {
      if (element === at) at = at.nextElementSibling;
      else this.#log.insertBefore(element, at);
    }
  }

  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    this.#isPinned = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#latest.hidden = this.#isPinned;
  }

  #follow(): void {
    if (this.#isPinned && !this.#log.hidden) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}

type Name = "approval" | Part["kind"];

function elementOf(part: Part): Name {
  return part.kind === "tool" && isWaiting(part) ? "approval" : part.kind;
}

const ELEMENTS: Readonly<Record<Name, () => HTMLElement>> = {
  answer: () => said("assistant"),
  approval: () => new Approval(),
  notice: () => new NoticeElement(),
  plan: () => new Plan(),
  question: () => said("member"),
  summary: () => h("p", { class: "summary" }),
  tool: () => new ToolCallElement(),
};

function make(part: Part): HTMLElement {
  return ELEMENTS[elementOf(part)]();
}

function said(from: "assistant" | "member"): Message {
  const made = new Message();
  made.setAttribute("from", from);
  return made;
}

function fill(element: HTMLElement, part: Part, shown: Shown): void {
  if (element instanceof Message && (part.kind === "answer" || part.kind === "question")) {
    element.text = part.text;
    element.isStreaming = part.kind === "answer" && part.isStreaming;
  } else if (element instanceof Approval && part.kind === "tool") {
    element.toggleAttribute("disabled", !shown.mayDecide);
    element.toggleAttribute("each-time", shown.asksEachTime);
    element.tool = part;
  } else if (element instanceof ToolCallElement && part.kind === "tool") element.tool = part;
  else if (element instanceof Plan && part.kind === "plan") element.steps = part.steps;
  else if (element instanceof NoticeElement && part.kind === "notice") element.notice = part;
  else if (part.kind === "summary") element.textContent = summarise(part);
}

function summarise({ seconds, usage }: Extract<Part, { kind: "summary" }>): string {
  const tokens = usage.input_tokens + usage.output_tokens;
  const parts = [t("usage.seconds", { seconds: Math.max(1, Math.round(seconds)) })];
  if (tokens) parts.push(t("usage.tokens", { tokens }));
  if (usage.cost_usd !== null) {
    const money = { style: "currency", currency: "USD", maximumFractionDigits: 4 } as const;
    parts.push(t("usage.cost", { cost: usage.cost_usd.toLocaleString(spoken(), money) }));
  }
  return parts.join(" · ");
}

function dots(): HTMLElement {
  return h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
}

define("overset-conversation", ConversationElement);
