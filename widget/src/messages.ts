/** All words that the assistant says by itself, in one table for each language. */

const ENGLISH = {
  "approval.allow": "Allow",
  "approval.always": "Allow “{tool}” for the rest of this conversation",
  "approval.details": "Exactly what will be sent",
  "approval.othersWait": "Noted. Answer the other question too.",
  "approval.reject": "Don’t allow",
  "approval.title": "May I do this?",
  "approval.waiting": "The assistant asks for your approval: {what}",
  "assistant.close": "Close",
  "assistant.name": "Assistant",
  "assistant.narrow": "Make narrower",
  "assistant.new": "New conversation",
  "assistant.news": "{name}: there is something new",
  "assistant.offline": "Offline analyst",
  "assistant.open": "Ask the assistant",
  "assistant.shortcut": "{name} ({keys})",
  "assistant.threads": "Conversations",
  "assistant.wide": "Make wider",
  "chart.loading": "Drawing “{title}” …",
  "chart.open": "Open chart “{title}”",
  "chart.picture": "Picture of the chart “{title}”",
  "code.copied": "Copied",
  "code.copy": "Copy",
  "code.label": "Code",
  "composer.context": "Looking at {what}",
  "composer.contextDrop": "Don’t send what is on screen",
  "composer.hint": "Shift+Enter for a new line",
  "composer.label": "Your question",
  "composer.left.one": "{count} character too many",
  "composer.left.other": "{count} characters too many",
  "composer.mistakes": "Answers can be wrong",
  "composer.placeholder": "Ask about your data …",
  "composer.placeholderPending": "Or say what to do instead …",
  "composer.readOnly": "{owner} shares this conversation with you. You can read it.",
  "composer.send": "Send",
  "composer.stop": "Stop",
  "composer.stopping": "Stopping …",
  "conversation.answered": "The assistant answered: {text}",
  "conversation.latest": "To the latest",
  "conversation.log": "Conversation",
  "conversation.member": "You said:",
  "conversation.reconnecting": "Connection lost. Reconnecting …",
  "conversation.working": "Working …",
  "empty.offline":
    "No language model is set up here. The offline analyst answers: it understands plain questions " +
    "about your datasets, and asks back when it is not sure.",
  "empty.recent": "Go on with",
  "empty.text": "I can find datasets, draw charts and build dashboards, with your own permissions.",
  "empty.title": "What would you like to know?",
  "kind.chart": "Chart",
  "kind.dashboard": "Dashboard",
  "kind.dataset": "Dataset",
  "kind.explore": "Explore",
  "kind.sql_lab": "SQL Lab",
  "link.foreign": "Opens {host} in a new tab",
  "notice.approvalGone": "That question was answered elsewhere, or is not asked any more.",
  "notice.broken": "The assistant answered something that this page does not understand. Reload the page.",
  "notice.gone": "This conversation is not there any more.",
  "notice.limit": "The limit of this turn is reached. Ask again to go on.",
  "notice.lost": "The connection to the assistant is lost. What it was doing goes on without this page.",
  "notice.reload": "Reload the page",
  "notice.retry": "Try again",
  "notice.signedOut": "You are signed out. Reload the page to sign in again.",
  "notice.stopped": "Stopped.",
  "notice.unreachable": "The assistant cannot be reached. Check your connection, and try again.",
  "plan.label": "Plan: {done} of {all} done",
  "plan.step.done": "Done:",
  "plan.step.pending": "To do:",
  "plan.step.running": "Now:",
  "plan.title": "Plan",
  "share.add": "Share",
  "share.explain": "They can read this conversation, and not write in it. Results in it are as you saw them.",
  "share.failed": "That did not work: {why}",
  "share.nobody": "Nobody reads along.",
  "share.person": "Member to share with",
  "share.remove": "Stop sharing with {name}",
  "share.title": "Share “{title}”",
  "suggest.abilities": "What can you do?",
  "suggest.charts": "Which charts do we have?",
  "suggest.dashboard": "Build a dashboard of sales",
  "suggest.datasets": "Which datasets are there?",
  "suggest.label": "Suggestions",
  "suggest.page": "What is on this page?",
  "suggest.sales": "Show me sales by year and product line",
  "table.copied": "Copied",
  "table.copy": "Copy as CSV",
  "table.label": "Table with {rows} rows and {columns} columns",
  "table.none": "No rows",
  "table.rows.one": "{count} row",
  "table.rows.other": "{count} rows",
  "table.shown": "{shown} of {all} rows",
  "threads.actions": "What to do with “{title}”",
  "threads.back": "Back to the conversation",
  "threads.cancel": "Cancel",
  "threads.delete": "Delete",
  "threads.deleteSure": "Delete it for good?",
  "threads.empty": "No conversations yet.",
  "threads.loading": "Looking up …",
  "threads.more": "Show more",
  "threads.noMatch": "Nothing found.",
  "threads.rename": "Rename",
  "threads.running": "answering now",
  "threads.save": "Save",
  "threads.search": "Search conversations",
  "threads.share": "Share",
  "threads.sharedBy": "from {owner}",
  "threads.title": "Title",
  "threads.untitled": "New conversation",
  "tool.arguments": "Arguments",
  "tool.chartsMore.one": "and {count} more",
  "tool.chartsMore.other": "and {count} more",
  "tool.result": "Result",
  "tool.status.done": "done",
  "tool.status.failed": "failed",
  "tool.status.interrupted": "interrupted",
  "tool.status.refused": "not allowed",
  "tool.status.running": "running",
  "tool.status.waiting": "waits for you",
  "usage.cost": "{cost}",
  "usage.seconds": "{seconds} s",
  "usage.tokens": "{tokens} tokens",
} as const;

export type Key = keyof typeof ENGLISH;
type Table = Readonly<Record<Key, string>>;
/** The part of a counted message's key before `.one` and `.other`. */
export type CountedKey = Key extends infer K
  ? K extends `${infer Stem}.other`
    ? Stem
    : never
  : never;

/** A further language needs a table here, as far as it goes; English says the rest. */
const TABLES: Readonly<Record<string, Partial<Table>>> = { en: ENGLISH };

const RIGHT_TO_LEFT = new Set(["ar", "arc", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"]);

let language = "en";
let words: Table = ENGLISH;

/** Speak a language from now on: a BCP 47 tag. An unknown one is English with its own numbers. */
export function speak(tag: string): void {
  const [canonical] = safeLocales(tag.replace("_", "-"));
  language = canonical ?? "en";
  words = { ...ENGLISH, ...TABLES[primary(language)], ...TABLES[language] };
}

/** The language that is spoken, as a BCP 47 tag. */
export function spoken(): string {
  return language;
}

/** Which way the spoken language runs. */
export function direction(): "ltr" | "rtl" {
  return RIGHT_TO_LEFT.has(primary(language)) ? "rtl" : "ltr";
}

/** Return a message with its `{names}` replaced. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  return words[key].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

/** Return the message for a number of things; `{count}` is the number. */
export function counted(key: CountedKey, count: number): string {
  const rule = new Intl.PluralRules(language).select(count);
  const wanted = `${key}.${rule}`;
  return t((wanted in words ? wanted : `${key}.other`) as Key, { count });
}

/** Return how long ago a moment was, in words. */
export function ago(then: Date, now: Date): string {
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ];
  const seconds = (then.getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) < length) continue;
    const count = Math.trunc(seconds / length);
    if (unit === "day" && count < -6) return then.toLocaleDateString(language);
    return format.format(count, unit);
  }
  return format.format(0, "second");
}

function primary(tag: string): string {
  return tag.split("-")[0] ?? tag;
}

function safeLocales(tag: string): string[] {
  try {
    return Intl.getCanonicalLocales(tag);
  } catch {
    return [];
  }
}
