/** `<overset-composer>`: where one writes, sends and stops. */

import { Component, define } from "../../component.js";
import { h, isComposing } from "../../dom.js";
import { icon } from "../../icons.js";
import { counted, t } from "../../messages.js";
import { STYLES } from "./composer.styles.js";

const LONGEST = 20_000;
/** In characters as the server counts them, after trimming. */
const LONGEST_NOTE = 2000;
/** Of what is written in place of an approval. */

export interface Composing {
  phase: "idle" | "loading" | "running" | "stopping";
  /** Something waits for an approval: what is written says what to do instead. */
  isPending: boolean;
  /** Who shares the conversation, where it can only be read. */
  owner: string | null;
  /** What is on the screen; null where there is nothing to send along. */
  context: string | null;
}

/**
 * Enter sends, Shift+Enter starts a new line. While a turn runs, the button stops it; one may
 * already write on.
 *
 * @property composing - what goes on around.
 * @property value - what is written.
 * @event overset-send - a question: a string of 1 to 20,000 characters, without NUL, valid Unicode;
 *   in place of an approval, of 1 to 2,000.
 * @event overset-stop - the running turn is to end.
 * @event overset-draft - what is written has changed: a string.
 * @event overset-drop-context - what is on the screen is not to be sent along.
 */
export class Composer extends Component {
  #composing: Composing = { phase: "idle", isPending: false, owner: null, context: null };
  #field = h("textarea", { rows: 1, dir: "auto", enterkeyhint: "send" });
  #button = h("button", { type: "button", class: "send" });
  #context = h("span", { class: "context", hidden: true });
  #left = h("span", { class: "left", role: "status" });
  #box: HTMLElement;
  #readOnly = h("p", { class: "read-only", tabindex: -1, hidden: true });
  #hint: HTMLElement;

  constructor() {
    super(STYLES);
    this.#field.setAttribute("aria-label", t("composer.label"));
    this.#field.setAttribute("aria-describedby", "hint");
    this.#field.addEventListener("input", () => this.#onInput());
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
    this.#button.addEventListener("click", () => this.#act());
    const row = [this.#context, this.#left, h("span", { class: "space" }), this.#button];
    this.#box = h("div", { class: "box" }, this.#field, h("div", { class: "row" }, ...row));
    const hint = `${t("composer.hint")} · ${t("composer.mistakes")}`;
    this.#hint = h("p", { class: "hint", id: "hint" }, hint);
    this.root.append(h("div", { class: "inner" }, this.#box, this.#readOnly, this.#hint));
    this.#show();
  }

  set composing(value: Composing) {
    this.#composing = value;
    this.#show();
  }

  get value(): string {
    return this.#field.value;
  }

  set value(text: string) {
    this.#field.value = text;
    this.#show();
  }

  /** Give words back that did not arrive, before what was written since. */
  giveBack(words: string): void {
    this.value = [words, this.value].filter(Boolean).join("\n");
    this.tell("overset-draft", this.value);
  }

  override focus(): void {
    (this.#box.hidden ? this.#readOnly : this.#field).focus({ preventScroll: true });
  }

  get #isBusy(): boolean {
    return this.#composing.phase === "running" || this.#composing.phase === "stopping";
  }

  #show(): void {
    const { phase, isPending, owner, context } = this.#composing;
    const text = clean(this.#field.value);
    const surplus = surplusOf(text, isPending ? LONGEST_NOTE : LONGEST);
    this.#showOwner(owner);
    this.#field.placeholder = t(isPending ? "composer.placeholderPending" : "composer.placeholder");
    this.#field.setAttribute("aria-invalid", String(surplus > 0));
    this.#left.textContent = surplus ? counted("composer.left", surplus) : "";
    this.#showContext(isPending ? null : context);
    const words = this.#isBusy
      ? t(phase === "stopping" ? "composer.stopping" : "composer.stop")
      : t("composer.send");
    this.#button.title = words;
    this.#button.setAttribute("aria-label", words);
    this.#button.disabled =
      phase === "stopping" || phase === "loading" || (phase === "idle" && (!text || surplus > 0));
    this.#button.replaceChildren(icon(this.#isBusy ? "stop" : "send", 18));
  }

  #showOwner(owner: string | null): void {
    const isReadOnly = owner !== null;
    const isNews = this.#box.hidden !== isReadOnly;
    const hadFocus = this.root.activeElement !== null;
    this.#box.hidden = this.#hint.hidden = isReadOnly;
    this.#readOnly.hidden = !isReadOnly;
    if (isReadOnly) {
      this.#readOnly.replaceChildren(icon("eye"), h("span", {}, t("composer.readOnly", { owner })));
    }
    if (isNews && hadFocus) this.focus();
  }

  #showContext(context: string | null): void {
    this.#context.hidden = context === null;
    if (context === null) return;
    const drop = { type: "button", class: "quiet", "aria-label": t("composer.contextDrop") };
    const button = h("button", drop, icon("close", 12));
    button.title = t("composer.contextDrop");
    button.addEventListener("click", () => {
      this.tell("overset-drop-context", null);
      this.focus();
    });
    const words = t("composer.context", { what: context });
    const what = h("span", { class: "what", dir: "auto", title: words }, words);
    this.#context.replaceChildren(icon("eye", 13), what, button);
  }

  #onInput(): void {
    this.#show();
    this.tell("overset-draft", this.#field.value);
  }

  #onKey(event: KeyboardEvent): void {
    // Enter also ends a word in Japanese or Chinese.
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    if (!this.#isBusy) this.#act();
  }

  #act(): void {
    if (this.#button.disabled) return;
    if (this.#isBusy) {
      this.tell("overset-stop", null);
      return;
    }
    const text = clean(this.#field.value);
    this.value = "";
    this.tell("overset-draft", "");
    this.tell("overset-send", text);
  }
}

/** What the server takes: no NUL, no half of a character, nothing around. */
export function clean(text: string): string {
  const whole = text.replaceAll("\0", "");
  return whole.replace(LONE_SURROGATE, "\uFFFD").trim();
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

function surplusOf(text: string, longest: number): number {
  return text.length <= longest ? 0 : Math.max(0, [...text].length - longest);
}

define("overset-composer", Composer);
