/** A conversation as it is shown: parts with keys, made from a thread and changed by events. */

import type { Entry, PastCall, ThreadDetail } from "./api.js";
import type { AnyEvent, Reason, Step, ToolCall, ToolResult, Usage } from "./events.js";
import { t } from "./messages.js";

export interface Question {
  kind: "question";
  key: string;
  text: string;
}

export interface Answer {
  kind: "answer";
  key: string;
  text: string;
  isStreaming: boolean;
}

export interface Tool {
  kind: "tool";
  key: string;
  call: ToolCall;
  result: ToolResult | null;
  /** What the member said to the approval, before the server heard of it. */
  verdict: "approve" | "reject" | null;
}

export interface PlanPart {
  kind: "plan";
  key: string;
  steps: readonly Step[];
}

export type Remedy = "retry" | "reload" | null;

export interface Notice {
  kind: "notice";
  key: string;
  level: "info" | "warning" | "error";
  text: string;
  remedy: Remedy;
}

export interface Summary {
  kind: "summary";
  key: string;
  seconds: number;
  usage: Usage;
}

export type Part = Question | Answer | Tool | PlanPart | Notice | Summary;

/** Its own tool for plans: what it says is shown as a plan, and not as a call. */
const PLANNER = "write_todos";

/** After these no more comes of a text. */
const ENDS_TEXT = new Set<AnyEvent["type"]>(["error", "plan", "tool_call", "tool_result"]);

/** Fires `change`, and `noted` with the words of each notice that comes. */
export class Conversation extends EventTarget {
  #parts: Part[] = [];
  #count = 0;
  #turn = 0;
  #began = 0;
  #usage: Usage | null = null;
  #started = new Set<string>();

  get parts(): readonly Part[] {
    return this.#parts;
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** The tools that wait for the member's word, said or not. */
  get waiting(): Tool[] {
    return this.#parts.filter((one): one is Tool => one.kind === "tool" && isWaiting(one));
  }

  get lastQuestion(): string | null {
    const found = this.#parts.findLast((one) => one.kind === "question");
    return found?.text ?? null;
  }

  get firstQuestion(): string {
    const found = this.#parts.find((one) => one.kind === "question");
    return found?.text ?? "";
  }

  /** What the latest turn answered; empty where it did not. */
  get latestAnswer(): string {
    const found = this.#parts.findLast(
      (one) => one.kind === "answer" && this.#started.has(one.key),
    );
    return found?.kind === "answer" ? found.text : "";
  }

  clear(): void {
    this.#parts = [];
    this.#changed();
  }

  /** Show a thread as the server has it, in place of what was shown. */
  load(thread: Pick<ThreadDetail, "messages" | "pending">): void {
    this.#parts = [];
    for (const entry of thread.messages) this.#recall(entry);
    for (const call of thread.pending) this.#call(call);
    this.#changed();
  }

  ask(text: string): void {
    this.#forgetRemedies();
    this.#add({ kind: "question", key: this.#newKey("question"), text });
  }

  /** A stream of events begins; it may tell again what the thread has already. */
  beginTurn(): void {
    this.#turn += 1;
    this.#started.clear();
    this.#usage = null;
    this.#began = performance.now();
    this.#forgetRemedies();
    this.#changed();
  }

  note(level: Notice["level"], text: string, remedy: Remedy = null): void {
    const last = this.#parts.at(-1);
    if (last?.kind === "notice" && last.text === text) return;
    if (!text) return;
    this.#add({ kind: "notice", key: this.#newKey("notice"), level, text, remedy });
    this.dispatchEvent(new CustomEvent("noted", { detail: text }));
  }

  /** Take away what could be mended: somebody is about to mend it. */
  dismissRemedies(): void {
    this.#parts = this.#parts.filter((one) => one.kind !== "notice" || !one.remedy);
    this.#changed();
  }

  setVerdict(callId: string, verdict: Tool["verdict"]): void {
    const tool = this.#find("tool", callId);
    if (tool) this.#replace({ ...tool, verdict });
  }

  /** The verdicts are on their way: what was allowed runs, what was not never will. */
  settleVerdicts(note: string | null): void {
    this.#parts = this.#parts.map((part) => {
      if (part.kind !== "tool" || !part.verdict) return part;
      const call = { ...part.call, approval: null };
      const refused = { ...emptyResult(part.key, "refused"), text: note ?? "" };
      return { ...part, call, result: part.verdict === "reject" ? refused : null, verdict: null };
    });
    this.#changed();
  }

  apply(event: AnyEvent): void {
    if (ENDS_TEXT.has(event.type)) this.#endTexts();
    switch (event.type) {
      case "token":
        return this.#grow(event.message_id, event.text);
      case "final":
        return this.#settle(event.message_id, event.text);
      case "tool_call":
        return this.#call(event);
      case "tool_result":
        return this.#answer(event);
      case "plan":
        return this.#plan(`plan-${this.#turn}`, event.steps);
      case "usage":
        this.#usage = event;
        return;
      case "warning":
        return this.note("warning", event.detail);
      case "error":
        return this.note("error", event.detail, event.can_retry ? "retry" : null);
      case "finalize":
        return this.#finalize(event.reason);
      default: // `limits`, and what a later server may tell
        return;
    }
  }

  /**
   * Nothing more comes: what was running is not known to have ended well. A plan that only waits
   * for the member goes on.
   */
  interrupt({ isWaiting: isPaused = false } = {}): void {
    this.#parts = this.#parts.map((part) => {
      if (part.kind === "answer" && part.isStreaming) return { ...part, isStreaming: false };
      if (part.kind === "tool" && !part.result && !isWaiting(part)) {
        return { ...part, result: emptyResult(part.key, "interrupted") };
      }
      if (part.kind === "plan" && !isPaused) return { ...part, steps: part.steps.map(rest) };
      return part;
    });
    this.#changed();
  }

  #endTexts(): void {
    this.#parts = this.#parts.map((one) =>
      one.kind === "answer" && one.isStreaming ? { ...one, isStreaming: false } : one,
    );
  }

  #finalize(reason: Reason): void {
    this.interrupt({ isWaiting: reason === "approval" });
    if (reason === "stopped") this.note("info", t("notice.stopped"));
    if (reason === "limit") this.note("info", t("notice.limit"));
    if (reason !== "approval" && this.#usage) {
      const seconds = (performance.now() - this.#began) / 1000;
      this.#add({ kind: "summary", key: this.#newKey("summary"), seconds, usage: this.#usage });
    }
  }

  #grow(key: string, text: string): void {
    const had = this.#find("answer", key);
    // A stream that is read again from its start begins each text anew.
    const before = this.#started.has(key) ? (had?.text ?? "") : "";
    this.#started.add(key);
    this.#put({ kind: "answer", key, text: before + text, isStreaming: true });
  }

  #settle(key: string, text: string): void {
    this.#started.add(key);
    if (text) this.#put({ kind: "answer", key, text, isStreaming: false });
  }

  #call(call: ToolCall): void {
    if (call.name === PLANNER) return;
    this.#put({ kind: "tool", key: call.id, call, result: null, verdict: null });
  }

  #answer(result: ToolResult): void {
    const tool = this.#find("tool", result.id);
    if (tool) this.#replace({ ...tool, result, call: { ...tool.call, approval: null } });
  }

  /** A question has one plan, also where its answer took several turns. */
  #plan(key: string, steps: readonly Step[]): void {
    const lastQuestion = this.#parts.findLastIndex((one) => one.kind === "question");
    const had = this.#parts.slice(lastQuestion + 1).find((one) => one.kind === "plan");
    if (steps.length) this.#put({ kind: "plan", key: had?.key ?? key, steps });
  }

  #recall(entry: Entry): void {
    if (entry.role === "member") {
      this.#put({ kind: "question", key: entry.id, text: entry.text });
      return;
    }
    if (entry.text.trim()) {
      this.#put({ kind: "answer", key: entry.id, text: entry.text, isStreaming: false });
    }
    for (const call of entry.tool_calls ?? []) {
      if (call.name === PLANNER) this.#recallPlan(entry.id, call);
      else this.#recallCall(call);
    }
  }

  #recallCall(past: PastCall): void {
    const { id, name, title } = past;
    const call: ToolCall = {
      type: "tool_call", id, name, title, arguments: past.arguments, approval: null,
    }; // prettier-ignore
    const result = { ...emptyResult(id, statusOf(past.status)), text: past.text ?? "" };
    const shown = { ...result, links: past.links ?? [], table: past.table ?? null };
    this.#put({ kind: "tool", key: id, call, result: shown, verdict: null });
  }

  #recallPlan(id: string, past: PastCall): void {
    const statuses: Record<string, Step["status"]> = { completed: "done", in_progress: "running" };
    const todos = past.arguments["todos"];
    if (!Array.isArray(todos)) return;
    const steps = (todos as Record<string, unknown>[]).map(
      (one): Step => ({
        text: String(one["content"] ?? ""),
        status: statuses[String(one["status"])] ?? "pending",
      }),
    );
    this.#plan(`plan-of-${id}`, steps);
  }

  #find<Kind extends Part["kind"]>(kind: Kind, key: string): Extract<Part, { kind: Kind }> | null {
    const found = this.#parts.find((one) => one.kind === kind && one.key === key);
    return (found as Extract<Part, { kind: Kind }> | undefined) ?? null;
  }

  #put(part: Part): void {
    if (this.#find(part.kind, part.key)) this.#replace(part);
    else this.#add(part);
  }

  #replace(part: Part): void {
    this.#parts = this.#parts.map((one) =>
      one.kind === part.kind && one.key === part.key ? part : one,
    );
    this.#changed();
  }

  #add(part: Part): void {
    this.#parts = [...this.#parts, part];
    this.#changed();
  }

  #forgetRemedies(): void {
    this.#parts = this.#parts.map((one) =>
      one.kind === "notice" && one.remedy ? { ...one, remedy: null } : one,
    );
  }

  #newKey(kind: string): string {
    this.#count += 1;
    return `${kind}-${this.#count}`;
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether a tool waits for the member's word. */
export function isWaiting(tool: Tool): boolean {
  return tool.call.approval !== null && tool.result === null;
}

function rest(step: Step): Step {
  return step.status === "running" ? { ...step, status: "pending" } : step;
}

function statusOf(told: string | null): ToolResult["status"] {
  return told === "done" || told === "failed" || told === "refused" ? told : "interrupted";
}

function emptyResult(id: string, status: ToolResult["status"]): ToolResult {
  return { type: "tool_result", id, status, text: "", links: [], table: null };
}
