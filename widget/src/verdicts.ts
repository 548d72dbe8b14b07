/** What the member says to the tools that wait for it, gathered until each has its verdict. */

import type { Decision } from "./api.js";
import type { Conversation } from "./conversation.js";

export class Verdicts {
  #conversation: Conversation;
  #allowed = new Set<string>();

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** Note a verdict; tell whether the tool waits at all. `allowAlways` is for all of its calls. */
  give(callId: string, verdict: Decision["verdict"], allowAlways: boolean): boolean {
    const tool = this.#conversation.waiting.find((one) => one.key === callId);
    if (!tool) return false;
    this.#conversation.setVerdict(callId, verdict);
    if (allowAlways) this.#allowAll(tool.call.name);
    return true;
  }

  /** Refuse what else waits. */
  refuseRest(): void {
    for (const { key, verdict } of this.#conversation.waiting) {
      if (!verdict) this.#conversation.setVerdict(key, "reject");
    }
  }

  /** Take what is to be sent; null while a tool has no verdict yet. */
  take(note: string | null): { decisions: Decision[]; allow_tools: string[] } | null {
    const { waiting } = this.#conversation;
    if (waiting.some((one) => one.verdict === null)) return null;
    const decisions = waiting.map(
      (one): Decision => ({
        tool_call_id: one.key,
        verdict: one.verdict ?? "reject",
        note: one.verdict === "reject" ? note : null,
      }),
    );
    const allowed = [...this.#allowed];
    this.#allowed.clear();
    this.#conversation.settleVerdicts(note);
    return { decisions, allow_tools: allowed };
  }

  forget(): void {
    this.#allowed.clear();
  }

  /** Allow a tool for the whole conversation, and with it what else of it waits. */
  #allowAll(name: string): void {
    this.#allowed.add(name);
    for (const { key, call, verdict } of this.#conversation.waiting) {
      if (call.name === name && !verdict) this.#conversation.setVerdict(key, "approve");
    }
  }
}
