import { Conversation, type Part } from "./conversation.js";
import type { AnyEvent, ToolCall, ToolResult } from "./events.js";
import { expect } from "./testing.js";

const call = (id: string, changes: Partial<ToolCall> = {}): ToolCall => ({
  type: "tool_call", id, name: "list_datasets", title: "List datasets", arguments: {}, approval: null,
  ...changes,
}); // prettier-ignore
const result = (id: string, changes: Partial<ToolResult> = {}): ToolResult => ({
  type: "tool_result", id, status: "done", text: "", links: [], table: null, ...changes,
}); // prettier-ignore
const token = (text: string, id = "m1"): AnyEvent => ({ type: "token", message_id: id, text });
const approval = { interrupt_id: "i1", description: "Makes a chart." };

function told(...events: AnyEvent[]): Conversation {
  const conversation = new Conversation();
  conversation.ask("Sales?");
  conversation.beginTurn();
  for (const event of events) conversation.apply(event);
  return conversation;
}

const kinds = (conversation: Conversation): string[] => conversation.parts.map((one) => one.kind);
const find = <K extends Part["kind"]>(conversation: Conversation, kind: K): Extract<Part, { kind: K }> =>
  conversation.parts.find((one) => one.kind === kind) as Extract<Part, { kind: K }>;

describe("a conversation", () => {
  it("puts the pieces of a text together, and the whole in their place", () => {
    const conversation = told(token("Sal"), token("es "));
    expect(find(conversation, "answer")).to.include({ text: "Sales ", isStreaming: true });

    conversation.apply({ type: "final", message_id: "m1", text: "Sales: 5" });

    expect(find(conversation, "answer")).to.include({ text: "Sales: 5", isStreaming: false });
    expect(kinds(conversation)).to.deep.equal(["question", "answer"]);
  });

  it("does not say twice what a stream tells again from its start", () => {
    const conversation = told(token("Let me "), token("look."), call("c1"), result("c1"));
    const before = JSON.stringify(conversation.parts);

    conversation.beginTurn();
    for (const event of [token("Let me "), token("look."), call("c1"), result("c1")]) {
      conversation.apply(event);
    }

    expect(JSON.stringify(conversation.parts)).to.equal(before);
  });

  it("goes on with a thread that was read while its turn runs", () => {
    const conversation = new Conversation();
    const past = { id: "c1", name: "list_datasets", title: "List datasets", arguments: {} };
    conversation.load({
      messages: [
        { id: "q", role: "member", text: "Sales?" },
        { id: "m1", role: "assistant", text: "Let me look.", tool_calls: [{ ...past, status: "done", text: "4" }] },
      ],
      pending: [],
    });

    conversation.beginTurn();
    for (const event of [token("Let me look."), call("c1"), result("c1"), token("Found.", "m2")]) {
      conversation.apply(event);
    }

    expect(kinds(conversation)).to.deep.equal(["question", "answer", "tool", "answer"]);
  });

  it("waits for an approval, and stops waiting when the tool has run", () => {
    const conversation = told(call("c1", { approval }), { type: "finalize", reason: "approval" });
    expect(conversation.waiting).to.have.length(1);

    conversation.beginTurn();
    conversation.apply(result("c1", { status: "refused" }));

    expect(conversation.waiting).to.have.length(0);
  });

  it("shows a tool whose answer never came as interrupted", () => {
    const conversation = told(call("c1"), { type: "finalize", reason: "failed" });

    expect(find(conversation, "tool").result?.status).to.equal("interrupted");
  });

  it("shows a plan once, as it is now", () => {
    const steps = (status: "pending" | "done") => [{ text: "Look", status }];
    const conversation = told(
      { type: "plan", steps: steps("pending") },
      call("p", { name: "write_todos" }),
      { type: "plan", steps: steps("done") },
    );

    conversation.beginTurn();
    conversation.apply({ type: "plan", steps: steps("done") });

    expect(kinds(conversation)).to.deep.equal(["question", "plan"]);
    expect(find(conversation, "plan").steps[0]?.status).to.equal("done");
  });

  it("lets a plan wait with its step, and ends it with the turn", () => {
    const plan = { type: "plan", steps: [{ text: "Draw", status: "running" }] } as const;

    const waiting = told(plan, call("c1", { approval }), { type: "finalize", reason: "approval" });
    expect(find(waiting, "plan").steps[0]?.status).to.equal("running");
    const stopped = told(plan, { type: "finalize", reason: "stopped" });
    expect(find(stopped, "plan").steps[0]?.status).to.equal("pending");
  });

  it("says what was used when all is done, and not before an approval", () => {
    const usage = { type: "usage", input_tokens: 5, output_tokens: 2, cost_usd: null } as const;

    expect(kinds(told(usage, { type: "finalize", reason: "done" }))).to.include("summary");
    expect(kinds(told(usage, { type: "finalize", reason: "approval" }))).not.to.include("summary");
  });

  it("offers to try again once, and only after the last error", () => {
    const failure = { type: "error", code: "x", detail: "No.", can_retry: true } as const;
    const conversation = told(failure);
    expect(find(conversation, "notice").remedy).to.equal("retry");

    conversation.ask("Again?");

    expect(find(conversation, "notice").remedy).to.equal(null);
  });

  it("passes over events that it does not know", () => {
    const strange = { type: "confetti" } as unknown as AnyEvent;

    expect(kinds(told(strange))).to.deep.equal(["question"]);
  });
});
