/** `<overset-plan>`: what the assistant means to do, and how far it is. */

import { Component, define } from "../../component.js";
import { h } from "../../dom.js";
import type { Step } from "../../events.js";
import { icon } from "../../icons.js";
import { t } from "../../messages.js";
import { STYLES } from "./plan.styles.js";

/** @property steps - all steps, in their order; a later list replaces an earlier one. */
export class Plan extends Component {
  constructor() {
    super(STYLES);
  }

  set steps(steps: readonly Step[]) {
    const done = steps.filter((one) => one.status === "done").length;
    const label = t("plan.label", { done, all: steps.length });
    const heading = h(
      "h3",
      { "aria-hidden": "true" },
      h("span", {}, t("plan.title")),
      h("span", {}, `${done}/${steps.length}`),
    );
    const items = steps.map(({ text, status }) =>
      h(
        "li",
        { "data-status": status, "aria-current": status === "running" ? "step" : null },
        h("span", { class: "mark", "aria-hidden": "true" }, status === "done" && check()),
        h("span", { class: "unseen" }, t(`plan.step.${status}`)),
        h("span", { dir: "auto" }, text),
      ),
    );
    this.root.replaceChildren(heading, h("ol", { "aria-label": label }, ...items));
  }
}

function check(): SVGSVGElement {
  const drawn = icon("check", 11);
  drawn.setAttribute("stroke-width", "3");
  return drawn;
}

define("overset-plan", Plan);
