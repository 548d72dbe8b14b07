/** `<overset-notice>`: something went wrong or may, and what to do. */

import { Component, define } from "../../component.js";
import type { Notice } from "../../conversation.js";
import { h } from "../../dom.js";
import { icon } from "../../icons.js";
import { t } from "../../messages.js";
import { STYLES } from "./notice.styles.js";

/**
 * @attribute level - `info`, `warning` or `error`; set by the element.
 * @property notice - the sentence, and the button to offer.
 * @event overset-retry - the member wants to try again.
 */
export class NoticeElement extends Component {
  constructor() {
    super(STYLES);
  }

  set notice({ level, text, remedy }: Notice) {
    this.setAttribute("level", level);
    const act = (): void => {
      if (remedy === "reload") location.reload();
      else this.tell("overset-retry", null);
    };
    const words = remedy === "reload" ? t("notice.reload") : t("notice.retry");
    const button = remedy && h("button", { type: "button", class: "button", onclick: act }, words);
    const said = h("span", { dir: "auto" }, text);
    this.root.replaceChildren(
      h("div", {}, icon(level), h("span", { class: "text" }, said, button)),
    );
  }
}

define("overset-notice", NoticeElement);
