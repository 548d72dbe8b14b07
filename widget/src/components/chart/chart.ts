/** `<overset-chart>`: a chart as a picture that leads to it, or something else as a card. */

import { Component, define } from "../../component.js";
import { h } from "../../dom.js";
import type { Link } from "../../events.js";
import { type Icon, icon } from "../../icons.js";
import { t } from "../../messages.js";
import { findOwnURL } from "../../places.js";
import { PATIENCE, findPicture } from "./picture.js";
import { STYLES } from "./chart.styles.js";

/**
 * The picture is Superset's own, asked for when the element comes into view. Where there is none the
 * link stays as a card.
 *
 * @attribute plain - never a picture.
 * @property link - what it leads to, at the page's own origin.
 * @csspart card - the link.
 */
export class ChartPreview extends Component {
  #link: Link | null = null;
  #frame: HTMLElement | null = null;
  #address = "";
  #ending = new AbortController();
  #watching: IntersectionObserver | null = null;

  constructor() {
    super(STYLES);
  }

  set link(value: Link) {
    if (same(value, this.#link)) return;
    this.#link = value;
    this.#draw(value);
  }

  connectedCallback(): void {
    this.#ending = new AbortController();
    if (this.#frame && !this.#address) this.#watch();
  }

  disconnectedCallback(): void {
    this.#ending.abort();
    this.#watching?.disconnect();
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = "";
  }

  #draw(link: Link): void {
    const url = findOwnURL(link.path);
    const caption = h(
      "span",
      { class: "caption" },
      icon(link.kind as Icon),
      h("span", { class: "title", dir: "auto" }, link.title),
      h("span", { class: "kind" }, t(`kind.${link.kind}`)),
    );
    const hasPicture = link.kind === "chart" && link.id !== null && !this.hasAttribute("plain");
    this.#frame = hasPicture && url ? h("span", { class: "frame" }, waiting(link.title)) : null;
    // What leads elsewhere is no link.
    const card = h("a", { part: "card", href: url?.href, rel: "noopener" }, this.#frame, caption);
    this.root.replaceChildren(card);
    if (this.isConnected && this.#frame) this.#watch();
  }

  #watch(): void {
    this.#watching?.disconnect();
    this.#watching = new IntersectionObserver((entries) => {
      if (!entries.some((one) => one.isIntersecting)) return;
      this.#watching?.disconnect();
      void this.#fetch();
    });
    this.#watching.observe(this);
  }

  async #fetch(): Promise<void> {
    const link = this.#link;
    if (!link?.id) return;
    const { signal } = this.#ending;
    const picture = await findPicture(link.id, signal, PATIENCE);
    if (signal.aborted || link !== this.#link) return;
    if (!picture) {
      this.#frame?.remove();
      this.#frame = null;
      return;
    }
    this.#address = URL.createObjectURL(picture);
    const alt = t("chart.picture", { title: link.title });
    this.#frame?.replaceChildren(h("img", { src: this.#address, alt }));
  }
}

function waiting(title: string): HTMLElement {
  const bars = h("span", { class: "bars", "aria-hidden": "true" }, ...[1, 2, 3, 4].map(() => h("i")));
  return h(
    "span",
    { class: "waiting" },
    bars,
    h("span", { class: "unseen" }, t("chart.loading", { title })),
  );
}

function same(one: Link, other: Link | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

define("overset-chart", ChartPreview);
