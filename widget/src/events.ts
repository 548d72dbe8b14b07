/** What a turn tells: made by `make docs` from `overset.chat.events`, change it there. */

/** What a member is asked before a tool runs. */
export interface Approval {
  interrupt_id: string;
  /** What will change, as a sentence. */
  description: string;
}

/** Why the turn cannot go on, and what to do; `finalize` follows. */
export interface Failure {
  type: "error";
  code: string;
  detail: string;
  can_retry: boolean;
}

/** The whole answer, in place of its tokens. */
export interface Final {
  type: "final";
  message_id: string;
  text: string;
}

/** Last of each turn: nothing comes after it. */
export interface Finalize {
  type: "finalize";
  reason: Reason;
}

/** First of each turn, and again when one of them comes near: what the turn may use in all. */
export interface Limits {
  type: "limits";
  turn_id: string;
  /** Time for the whole turn. */
  seconds: number;
  /** How often the model may be asked. */
  steps: number;
  /** Tokens that the model may read and write. */
  tokens: number;
  /** Null where the model's price is not known. */
  cost_usd: number | null;
}

/** Something in Superset that a result speaks of. */
export interface Link {
  kind: "chart" | "dashboard" | "dataset" | "explore" | "sql_lab";
  id: number | null;
  title: string;
  /** At this workspace's own host, for example `/explore/?slice_id=7`. */
  path: string;
}

/** What the assistant means to do; a later one replaces it. */
export interface Plan {
  type: "plan";
  steps: readonly Step[];
}

/** Why a turn ended. */
export type Reason = "approval" | "done" | "failed" | "limit" | "stopped";

/** A step of a plan. */
export interface Step {
  text: string;
  status: "pending" | "running" | "done";
}

/** Rows of a result, as many as are shown. */
export interface Table {
  columns: readonly string[];
  rows: readonly (readonly unknown[])[];
  total_rows: number;
}

/** A piece of the answer's text (Markdown), to be put after the one before. */
export interface Token {
  type: "token";
  message_id: string;
  text: string;
}

/** A tool is about to run; or, with `approval`, waits for the member's word. */
export interface ToolCall {
  type: "tool_call";
  id: string;
  name: string;
  /** The tool's name for people. */
  title: string;
  arguments: Readonly<Record<string, unknown>>;
  approval: Approval | null;
}

/** What a tool answered. */
export interface ToolResult {
  type: "tool_result";
  id: string;
  status: "done" | "failed" | "interrupted" | "refused";
  /** The result, shortened; for a failed one the reason. */
  text: string;
  links: readonly Link[];
  table: Table | null;
}

/** What the turn has used so far. */
export interface Usage {
  type: "usage";
  input_tokens: number;
  output_tokens: number;
  cost_usd: number | null;
}

/** Something that the member should know while the turn goes on. */
export interface Warn {
  type: "warning";
  code: string;
  detail: string;
}

export type AnyEvent =
  | Failure
  | Final
  | Finalize
  | Limits
  | Plan
  | Token
  | ToolCall
  | ToolResult
  | Usage
  | Warn;
