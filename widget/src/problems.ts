/** Why something was not answered: a problem document (RFC 9457), or no answer at all. */

import { t } from "./messages.js";

export class Problem extends Error {
  readonly status: number;
  readonly code: string;

  /** `message` is the server's sentence, which says what to do; empty where it sent none. */
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "Problem";
    this.status = status;
    this.code = code;
  }
}

/** Nobody answered: the network, a proxy, or a server that is away. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("unreachable", { cause });
    this.name = "Unreachable";
  }
}

const AWAY = new Set([502, 503, 504]);

/** Say whether asking once more may help by itself. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Problem) return AWAY.has(error.status) || error.status === 429;
  return error instanceof Unreachable;
}

/** Say whether the conversation itself is not there, or not for this member. */
export function isGone(error: unknown): boolean {
  return error instanceof Problem && error.code === "thread_unknown";
}

/** The code of a decision that came too late: it was made elsewhere, or nothing waits any more. */
export const DECIDED = "nothing_to_decide";

export function isDecided(error: unknown): boolean {
  return error instanceof Problem && error.code === DECIDED;
}

/** Say what is wrong and what to do. `isUnderWay`: a turn goes on, whoever reads it. */
export function sentenceOf(error: unknown, { isUnderWay }: { isUnderWay: boolean }): string {
  if (error instanceof Problem && error.status === 401) return t("notice.signedOut");
  if (isGone(error)) return t("notice.gone");
  if (error instanceof Problem && error.message) return error.message;
  if (error instanceof Problem || error instanceof Unreachable) {
    return t(isUnderWay ? "notice.lost" : "notice.unreachable");
  }
  console.error(error);
  return t("notice.broken");
}

/** Read the problem that a response tells; a proxy's own page tells its status alone. */
export async function readProblem(response: Response): Promise<Problem> {
  const told = (await response.json().catch(() => null)) as Record<string, unknown> | null;
  const text = (name: string): string => {
    const value = told?.[name];
    return typeof value === "string" ? value : "";
  };
  return new Problem(response.status, text("code"), text("detail") || text("title"));
}
