/** Follows a turn from its first event to its last, over as many connections as that takes. */

import { createParser } from "eventsource-parser";

import type { API } from "./api.js";
import type { AnyEvent } from "./events.js";
import { Unreachable, isPassing } from "./problems.js";

export interface Pace {
  /** The first wait before a new connection; each further one is twice as long. */
  firstWaitMs: number;
  longestWaitMs: number;
  /** How many connections in a row may fail. */
  tries: number;
  /** A connection on which nothing comes for so long is dead: the server's heart beats every 15 s. */
  silenceMs: number;
}

export const PACE: Pace = {
  firstWaitMs: 300,
  longestWaitMs: 10_000,
  tries: 12,
  silenceMs: 40_000,
};

export interface Following {
  api: API;
  threadId: string;
  /** Null until the first response names it. */
  turnId: string | null;
  /** Makes the first connection where the turn is yet to begin. */
  begin: ((signal: AbortSignal) => Promise<Response>) | null;
  signal: AbortSignal;
  onTurn: (turnId: string) => void;
  onConnection: (isUp: boolean) => void;
  pace: Pace;
}

interface Message {
  id: string;
  data: string;
}

/**
 * Yield each event of a turn once, in order, until `finalize`.
 *
 * Raises: Problem where the server refuses; Unreachable where it cannot be reached, or was lost
 * before the turn's id was known: then nobody knows whether the turn began.
 */
export async function* followTurn(given: Following): AsyncGenerator<AnyEvent> {
  const { api, threadId, signal, onConnection, onTurn, pace } = given;
  const seen = new Set<string>();
  let { turnId } = given;
  let lastId: string | null = null;
  let failures = 0;
  let open = given.begin;

  for (;;) {
    try {
      const isFirst = open !== null;
      const response: Response = open
        ? await open(signal)
        : await api.followTurn(threadId, known(turnId), lastId, signal);
      open = null;
      const named = response.headers.get("X-Turn-Id");
      if (isFirst && named) onTurn((turnId = named));
      onConnection(true);
      for await (const message of readMessages(response, pace.silenceMs, signal)) {
        failures = 0;
        if (message.id && seen.has(message.id)) continue;
        const event = parseEvent(message.data);
        if (message.id) seen.add((lastId = message.id));
        if (!event) continue;
        if (event.type === "limits" && !turnId) onTurn((turnId = event.turn_id));
        yield event;
        if (event.type === "finalize") return;
      }
    } catch (error) {
      if (signal.aborted || open || !turnId || !isPassing(error)) throw error;
    }
    onConnection(false);
    failures += 1;
    if (failures > pace.tries) throw new Unreachable("the stream is lost");
    await pause(Math.min(pace.longestWaitMs, pace.firstWaitMs * 2 ** (failures - 1)), signal);
  }
}

function known(turnId: string | null): string {
  if (turnId === null) throw new Unreachable("the turn was not named");
  return turnId;
}

/** Read the messages of one response until it ends, breaks or goes silent. */
async function* readMessages(
  response: Response,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const messages: Message[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => messages.push({ id: id ?? "", data }),
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await readOrGiveUp(reader, silenceMs);
      if (done) return;
      parser.feed(value);
      yield* messages.splice(0);
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Unreachable(error);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function readOrGiveUp(
  reader: ReadableStreamDefaultReader<string>,
  silenceMs: number,
): Promise<ReadableStreamReadResult<string>> {
  let timer = 0;
  const silence = new Promise<never>((_, reject) => {
    timer = window.setTimeout(() => reject(new Unreachable("silence")), silenceMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** An event of a type that is not known here yet is passed over. */
function parseEvent(data: string): AnyEvent | null {
  try {
    const event: unknown = JSON.parse(data);
    return typeof event === "object" && event !== null && "type" in event
      ? (event as AnyEvent)
      : null;
  } catch {
    return null;
  }
}

/** Wait, but no longer than until the network is back; some chance keeps browsers apart. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(end, ms * (0.75 + Math.random() / 2));
    addEventListener("online", end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
