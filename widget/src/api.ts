/** The REST interface of the chat service, at the page's own origin, with a bearer token. */

import type { Link, Table, ToolCall } from "./events.js";
import { findOwnURL } from "./places.js";
import { Problem, Unreachable, readProblem } from "./problems.js";
import { TokenSource } from "./token.js";

export interface Me {
  user: { id: string; name: string };
  workspace: { slug: string; name: string };
  model: { name: string; offline: boolean };
  approval: "member" | "always";
}

export interface ThreadHead {
  id: string;
  title: string;
  updated_at: string;
  mine: boolean;
  owner_name: string | null;
  running_turn: string | null;
}

export interface PastCall {
  id: string;
  name: string;
  title: string;
  arguments: Record<string, unknown>;
  status: string | null;
  text: string | null;
  links?: Link[] | null;
  table?: Table | null;
}

export interface Entry {
  id: string;
  role: "member" | "assistant";
  text: string;
  tool_calls?: PastCall[];
}

/** A member of the workspace, as one who may read a thread. */
export interface Reader {
  id: string;
  name: string;
}

export interface ThreadDetail extends ThreadHead {
  messages: Entry[];
  pending: ToolCall[];
  shared_with?: Reader[] | null;
}

export interface ThreadPage {
  items: ThreadHead[];
  next: string | null;
}

/** What is on the screen: data for the assistant, and never an instruction. */
export interface PageContext {
  path: string;
  kind: "dashboard" | "chart" | "dataset" | "sql_lab" | "other";
  id: number | null;
  title: string | null;
  filters: Record<string, unknown>;
}

export interface Decision {
  tool_call_id: string;
  verdict: "approve" | "reject";
  note: string | null;
}

interface Request {
  method?: string;
  body?: unknown;
  accept?: string;
  lastEventId?: string | null;
  signal?: AbortSignal;
}

const JSON_TYPE = "application/json";
export const STREAM_TYPE = "text/event-stream";

export class API {
  #base: string;
  #tokens: TokenSource;

  /** Raises RangeError where one of the two is not at the page's own origin. */
  constructor(base: string, tokenURL: string) {
    const [chat, token] = [base, tokenURL].map((one) => findOwnURL(one));
    if (!chat || !token) throw new RangeError("`src` and `token-src` must be at the page's origin");
    this.#base = chat.href.replace(/\/$/, "");
    this.#tokens = new TokenSource(token.href);
  }

  me(): Promise<Me> {
    return this.#json("/me");
  }

  threads(search: string, cursor: string | null, limit = 30): Promise<ThreadPage> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (search) query.set("search", search);
    if (cursor) query.set("cursor", cursor);
    return this.#json(`/threads?${query}`);
  }

  createThread(): Promise<ThreadHead> {
    return this.#json("/threads", { method: "POST", body: {} });
  }

  thread(id: string): Promise<ThreadDetail> {
    return this.#json(`/threads/${part(id)}`);
  }

  renameThread(id: string, title: string): Promise<ThreadHead> {
    return this.#json(`/threads/${part(id)}`, { method: "PATCH", body: { title } });
  }

  async deleteThread(id: string): Promise<void> {
    await this.#ask(`/threads/${part(id)}`, { method: "DELETE" });
  }

  /** Members of the workspace whose name or address has these letters. */
  async members(search: string): Promise<Reader[]> {
    const query = new URLSearchParams({ search, limit: "6" });
    return (await this.#json<{ items: Reader[] }>(`/members?${query}`)).items;
  }

  async addReader(id: string, person: string): Promise<void> {
    await this.#ask(`/threads/${part(id)}/readers/${part(person)}`, { method: "PUT" });
  }

  async removeReader(id: string, person: string): Promise<void> {
    await this.#ask(`/threads/${part(id)}/readers/${part(person)}`, { method: "DELETE" });
  }

  async stop(id: string, turn: string): Promise<void> {
    await this.#ask(`/threads/${part(id)}/turns/${part(turn)}/stop`, { method: "POST" });
  }

  beginTurn(
    id: string,
    body: { message: string; page: PageContext | null },
    signal: AbortSignal,
  ): Promise<Response> {
    return this.#stream(`/threads/${part(id)}/turns`, { method: "POST", body, signal });
  }

  decide(
    id: string,
    body: { decisions: Decision[]; allow_tools: string[] },
    signal: AbortSignal,
  ): Promise<Response> {
    return this.#stream(`/threads/${part(id)}/decisions`, { method: "POST", body, signal });
  }

  followTurn(
    id: string,
    turn: string,
    lastEventId: string | null,
    signal: AbortSignal,
  ): Promise<Response> {
    return this.#stream(`/threads/${part(id)}/turns/${part(turn)}/events`, { lastEventId, signal });
  }

  async #json<T>(path: string, request: Request = {}): Promise<T> {
    const response = await this.#ask(path, request);
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw new Unreachable(error);
    }
  }

  async #stream(path: string, request: Request): Promise<Response> {
    const response = await this.#ask(path, { ...request, accept: STREAM_TYPE });
    const type = response.headers.get("Content-Type") ?? "";
    if (!type.startsWith(STREAM_TYPE)) throw new Unreachable(`${type} is not a stream`);
    return response;
  }

  /** Ask with a token, and once more with a new one where that was refused. */
  async #ask(path: string, request: Request): Promise<Response> {
    const token = await this.#tokens.get();
    const first = await this.#fetch(path, request, token);
    if (first.ok) return first;
    if (first.status !== 401) throw await readProblem(first);
    this.#tokens.drop(token);
    const second = await this.#fetch(path, request, await this.#tokens.get());
    if (second.ok) return second;
    throw await readProblem(second);
  }

  async #fetch(path: string, request: Request, token: string): Promise<Response> {
    const headers = new Headers({
      Accept: request.accept ?? JSON_TYPE,
      Authorization: `Bearer ${token}`,
    });
    if (request.body !== undefined) headers.set("Content-Type", JSON_TYPE);
    if (request.lastEventId) headers.set("Last-Event-ID", request.lastEventId);
    try {
      return await fetch(this.#base + path, {
        method: request.method ?? "GET",
        headers,
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: request.signal ?? null,
        cache: "no-store",
        redirect: "error",
      });
    } catch (error) {
      if (request.signal?.aborted) throw error;
      throw new Unreachable(error);
    }
  }
}

export { Problem };

/** What the member asked in a thread, in order. */
export function listQuestions({ messages }: Pick<ThreadDetail, "messages">): Entry[] {
  return messages.filter((one) => one.role === "member");
}

function part(id: string): string {
  return encodeURIComponent(id);
}
