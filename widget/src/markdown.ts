/** Turns a model's Markdown into elements that can do nothing: parsed by marked, cleaned by DOMPurify. */

import DOMPurify from "dompurify";
import { Marked, type Token, type TokensList } from "marked";

import { copyText, h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./messages.js";
import { findOwnURL, findPictureURL, findURL } from "./places.js";

const TAGS = [
  "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img",
  "li", "ol", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
]; // prettier-ignore
const ATTRIBUTES = ["align", "alt", "href", "loading", "src", "start", "title"];

// A model writes Markdown. HTML in it is text: what it quotes, or what somebody planted.
const marked = new Marked({
  gfm: true,
  breaks: false,
  renderer: {
    html: ({ text }) => escapeHTML(text),
    image: ({ href, text }) => pictureOrLink(href, text),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

// Whatever the parser makes of it: this runs while nothing of it is in the page yet.
DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  const address = node.localName === "img" ? node.getAttribute("src") : null;
  if (address !== null && !findPictureURL(address)) node.removeAttribute("src");
});

const COPIED_MS = 2000;

const RUNS = /autorun|\/sqllab\/+p(?:\/|$)|\/sqllab\/*\?(?:.*&)?id=/is;
const MOST_DECODED = 5;

/** A piece of Markdown that stands by itself: a paragraph, a list, a table. */
export interface Block {
  raw: string;
  token: Token;
}

/** Cut a text into its blocks, so that of a growing text only the last is drawn again. */
export function cutBlocks(text: string): Block[] {
  const tokens: TokensList = marked.lexer(text);
  return tokens
    .filter((token) => token.type !== "space" && token.type !== "def")
    .map((token) => ({ raw: token.raw, token }));
}

/** Make the elements of a block. */
export function drawBlock({ token }: Block): DocumentFragment {
  const drawn = clean(marked.parser([token]));
  drawn.querySelectorAll("a").forEach(mendLink);
  drawn.querySelectorAll("pre").forEach(addCopy);
  drawn.querySelectorAll("table").forEach(letScroll);
  return drawn;
}

/** Return what a Markdown text says, for ears. */
export function plainText(markdown: string): string {
  const parts = cutBlocks(markdown).map((block) => clean(marked.parser([block.token])));
  return parts.map((part) => part.textContent?.trim() ?? "").join("\n");
}

function clean(html: string): DocumentFragment {
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

// A link into this Superset opens here. Any other says where it leads, and opens beside. One that
// runs SQL as soon as it opens is words: a click is no approval.
function mendLink(link: HTMLAnchorElement): void {
  const url = findURL(link.getAttribute("href") ?? "");
  if (!url || runsAtOnce(url)) {
    link.replaceWith(...link.childNodes);
    return;
  }
  // Whole: a path that begins with two slashes would lead elsewhere.
  link.href = url.href;
  link.rel = "noopener noreferrer";
  if (findOwnURL(url.href)) return;
  link.target = "_blank";
  link.title = t("link.foreign", { host: url.host });
  if (link.textContent?.includes(url.host)) return;
  link.after(h("span", { class: "host" }, ` (${url.host})`));
}

// However it is written, and wherever it leads: another address may lead back here. A statement that
// somebody stored behind an id says itself whether it runs.
function runsAtOnce(url: URL): boolean {
  let address = url.href;
  for (let round = 0; round < MOST_DECODED; round++) {
    if (RUNS.test(address)) return true;
    const decoded = decode(address);
    if (decoded === address) return false;
    address = decoded;
  }
  return true;
}

function decode(text: string): string {
  return text.replace(/%([0-7][0-9a-f])/gi, (_, code: string) =>
    String.fromCharCode(parseInt(code, 16)),
  );
}

// A picture from elsewhere would tell its server what was asked here, as soon as it is made.
function pictureOrLink(address: string, words: string): string {
  const own = findPictureURL(address);
  if (own) return `<img src="${escapeHTML(own.href)}" alt="${escapeHTML(words)}" loading="lazy">`;
  return `<a href="${escapeHTML(address)}">${escapeHTML(words || address)}</a>`;
}

function addCopy(block: HTMLPreElement): void {
  const words = h("span", {}, t("code.copy"));
  const button = h("button", { type: "button", class: "copy" }, icon("copy", 14), words);
  const text = block.textContent ?? "";
  button.addEventListener("click", () => {
    void copyText(text).then((isDone) => {
      if (!isDone) return;
      words.textContent = t("code.copied");
      setTimeout(() => (words.textContent = t("code.copy")), COPIED_MS);
    });
  });
  const holder = h("div", { class: "code" });
  block.replaceWith(holder);
  block.tabIndex = 0;
  holder.append(block, button);
}

function letScroll(table: HTMLTableElement): void {
  const holder = h("div", { class: "scroll", tabindex: 0, role: "group" });
  table.replaceWith(holder);
  holder.append(table);
}

function escapeHTML(text: string): string {
  const names: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (one) => names[one] ?? one);
}
