/** `<overset-message>`: what the member asked, or the assistant answered. */

import { Component, define } from "../../component.js";
import { h, setAttribute } from "../../dom.js";
import { type Block, cutBlocks, drawBlock } from "../../markdown.js";
import { t } from "../../messages.js";
import { STYLES } from "./message.styles.js";

/**
 * A member's text is shown as it is; the assistant's is Markdown, of which only what changed is drawn
 * again while it grows.
 *
 * @attribute from - `member` or `assistant`; set before `text`.
 * @attribute streaming - more of the text is to come.
 * @property text - the whole text so far.
 * @csspart bubble - around a member's text.
 */
export class Message extends Component {
  #text = "";
  #drawn: string[] = [];
  #body: HTMLElement | null = null;

  constructor() {
    super(STYLES);
  }

  get text(): string {
    return this.#text;
  }

  set text(value: string) {
    if (value === this.#text && this.#body) return;
    this.#text = value;
    if (this.getAttribute("from") === "member") this.#showPlain(value);
    else this.#showMarkdown(value);
  }

  set isStreaming(value: boolean) {
    setAttribute(this, "streaming", value);
  }

  #showPlain(text: string): void {
    const said = h("span", { class: "unseen" }, t("conversation.member"));
    const bubble = h("div", { class: "bubble", part: "bubble", dir: "auto" }, text);
    this.#body = bubble;
    this.root.replaceChildren(said, bubble);
  }

  #showMarkdown(text: string): void {
    if (!this.#body) this.root.append((this.#body = h("div", { class: "text", dir: "auto" })));
    const blocks: Block[] = cutBlocks(text);
    const kept = blocks.findIndex((block, at) => block.raw !== this.#drawn[at]);
    const first = kept < 0 ? blocks.length : kept;
    for (const old of [...this.#body.children].slice(first)) old.remove();
    for (const block of blocks.slice(first)) {
      const holder = h("div");
      holder.append(drawBlock(block));
      this.#body.append(holder);
    }
    this.#drawn = blocks.map((block) => block.raw);
  }
}

define("overset-message", Message);
