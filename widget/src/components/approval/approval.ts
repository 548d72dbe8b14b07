/** `<overset-approval>`: asks the member before a tool changes something. */

import { Component, define } from "../../component.js";
import type { Tool } from "../../conversation.js";
import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { t } from "../../messages.js";
import { STYLES } from "./approval.styles.js";

export interface Decided {
  callId: string;
  verdict: "approve" | "reject";
  /** Whether this tool need not ask again in this conversation. */
  allowAlways: boolean;
}

/**
 * Says what will change, and shows exactly what will be sent.
 *
 * @attribute each-time - the tool cannot be allowed for the whole conversation.
 * @attribute disabled - nothing can be decided here or now; set both before `tool`.
 * @property tool - the call that waits.
 * @event overset-decide - the member's word: `Decided`.
 */
export class Approval extends Component {
  constructor() {
    super(STYLES);
  }

  set tool({ call, verdict }: Tool) {
    const heading = h("h3", { id: "title" }, icon("lock"), t("approval.title"));
    const what = h("p", { dir: "auto" }, call.approval?.description || call.title);
    const details = h(
      "details",
      {},
      h("summary", {}, t("approval.details")),
      h("pre", { tabindex: 0 }, JSON.stringify(call.arguments, null, 2)),
    );
    const answer = verdict
      ? [h("p", { class: "said", role: "status" }, t("approval.othersWait"))]
      : this.#question(call.id, call.title || call.name);
    const group = { role: "group", "aria-labelledby": "title" };
    this.root.replaceChildren(h("div", group, heading, what, details, ...answer));
  }

  #question(callId: string, tool: string): HTMLElement[] {
    const disabled = this.hasAttribute("disabled");
    const always = h("input", { type: "checkbox", disabled });
    const decide = (verdict: Decided["verdict"]) => (): void => {
      this.tell<Decided>("overset-decide", {
        callId,
        verdict,
        allowAlways: verdict === "approve" && always.checked,
      });
    };
    const made = (words: string, verdict: Decided["verdict"], look: string): HTMLElement =>
      h("button", { type: "button", class: `button ${look}`, disabled, onclick: decide(verdict) }, words);
    const buttons = h(
      "div",
      { class: "buttons" },
      made(t("approval.allow"), "approve", "primary"),
      made(t("approval.reject"), "reject", "danger"),
    );
    if (this.hasAttribute("each-time")) return [buttons];
    return [h("label", {}, always, t("approval.always", { tool })), buttons];
  }
}

define("overset-approval", Approval);
