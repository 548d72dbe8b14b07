/** One member's session with the assistant: which thread is open, what runs, and what went wrong. */

import { API, type Decision, type Me, type PageContext, type ThreadHead } from "./api.js";
import { Conversation } from "./conversation.js";
import type { AnyEvent } from "./events.js";
import type { Memory } from "./memory.js";
import { Problem, Unreachable, isGone, sentenceOf } from "./problems.js";
import { PACE, type Pace, followTurn } from "./stream.js";

/** `idle`: the member may ask. `running`: a turn goes on here. `stopping`: it was asked to end. */
export type Phase = "idle" | "loading" | "running" | "stopping";

const LONGEST_NOTE = 2000;

type Begin = (signal: AbortSignal) => Promise<Response>;

/** Fires `change` when what is shown around the conversation changes, and `ended` after a turn. */
export class Session extends EventTarget {
  readonly conversation = new Conversation();
  readonly api: API;
  me: Me | null = null;
  thread: ThreadHead | null = null;
  phase: Phase = "idle";
  isConnected = true;
  #memory: Memory;
  #pace: Pace;
  #turnId: string | null = null;
  #reading: AbortController | null = null;
  #retry: (() => Promise<void>) | null = null;
  #allowed = new Set<string>();
  #attempting: object | null = null;
  #hasStarted = false;

  constructor(api: API, memory: Memory, pace: Pace = PACE) {
    super();
    this.api = api;
    this.#memory = memory;
    this.#pace = pace;
  }

  /** Whether the open thread may be written in: it is new, or one's own. */
  get isWritable(): boolean {
    return this.thread === null || this.thread.mine;
  }

  /** Get what was open, the first time; later look whether another tab or device went on. */
  async start(): Promise<void> {
    if (this.#hasStarted) return this.refresh();
    this.#hasStarted = true;
    const { thread } = this.#memory;
    if (!thread) this.conversation.clear();
    await Promise.all([this.#meet(), thread ? this.open(thread) : null]);
  }

  async open(id: string): Promise<void> {
    this.#leave();
    this.thread = null;
    this.conversation.clear();
    this.#become("loading");
    await this.#attempt(
      () => this.#load(id),
      () => this.open(id),
    );
  }

  /** Begin anew; the thread is made with its first question. */
  renew(): void {
    this.#leave();
    this.thread = null;
    this.#memory.keep({ thread: null });
    this.conversation.clear();
    this.#become("idle");
  }

  /** Show what has happened elsewhere meanwhile. */
  async refresh(): Promise<void> {
    const shown = this.thread;
    if (!shown || this.phase !== "idle") return;
    try {
      const thread = await this.api.thread(shown.id);
      const isSame = thread.updated_at === shown.updated_at && !thread.running_turn;
      if (isSame || this.thread !== shown || this.phase !== "idle") return;
    } catch {
      return; // whoever only looks is not told
    }
    await this.#attempt(
      () => this.#load(shown.id),
      () => this.open(shown.id),
    );
  }

  async ask(text: string, page: Promise<PageContext | null>): Promise<void> {
    if (this.phase !== "idle" || !this.isWritable) return;
    this.conversation.ask(text);
    await this.#send(text, page);
  }

  /** Say yes or no to one tool; when all that wait are answered, the turn goes on. */
  async decide(
    callId: string,
    verdict: Decision["verdict"],
    options: { allowAlways?: boolean; note?: string | null } = {},
  ): Promise<void> {
    const tool = this.conversation.waiting.find((one) => one.key === callId);
    if (!tool || this.phase !== "idle") return;
    this.conversation.setVerdict(callId, verdict);
    if (options.allowAlways) this.#allowAll(tool.call.name);
    await this.#sendDecisions(options.note ?? null);
  }

  /** Allow a tool for the whole conversation, and with it what else of it waits. */
  #allowAll(name: string): void {
    this.#allowed.add(name);
    for (const { key, call, verdict } of this.conversation.waiting) {
      if (call.name === name && !verdict) this.conversation.setVerdict(key, "approve");
    }
  }

  /** Refuse all that waits, and say what to do instead. */
  async decline(note: string): Promise<void> {
    if (this.phase !== "idle") return;
    this.conversation.ask(note);
    for (const { key, verdict } of this.conversation.waiting) {
      if (!verdict) this.conversation.setVerdict(key, "reject");
    }
    await this.#sendDecisions(note);
  }

  async stop(): Promise<void> {
    if (this.phase !== "running") return;
    this.#become("stopping");
    await this.#tellToStop();
  }

  async retry(): Promise<void> {
    const action = this.#retry;
    this.#retry = null;
    this.conversation.dismissRemedies();
    if (this.phase === "idle") await action?.();
  }

  /** The open thread was renamed or deleted in the list of threads. */
  noteThread(id: string, changed: ThreadHead | null): void {
    if (this.thread?.id !== id) return;
    if (!changed) return this.renew();
    this.thread = { ...this.thread, title: changed.title };
    this.#changed();
  }

  async #meet(): Promise<void> {
    try {
      this.me = await this.api.me();
      this.#changed();
    } catch (error) {
      this.#hasStarted = false; // ask again when the drawer is opened again
      if (this.#memory.thread) return; // its own failure says the same
      this.#retry = () => this.start();
      this.#explain(error);
    }
  }

  async #load(id: string): Promise<void> {
    const thread = await this.#unlessLeft(this.api.thread(id));
    this.thread = thread;
    this.#memory.keep({ thread: id });
    this.conversation.load(thread);
    const turn = thread.running_turn;
    if (turn) await this.#follow(id, turn, null);
    else this.#become("idle");
  }

  async #send(text: string, page: Promise<PageContext | null>): Promise<void> {
    this.#become("running");
    await this.#attempt(
      async () => {
        const thread = this.thread ?? (await this.#makeThread());
        const body = { message: text, page: await this.#unlessLeft(page) };
        await this.#follow(thread.id, null, (signal) => this.api.beginTurn(thread.id, body, signal));
      },
      (isUnsure) => (isUnsure ? this.#sendIfLost(text, page) : this.#send(text, page)),
    );
  }

  /** The answer to a question was lost: send it again only where the server does not have it. */
  async #sendIfLost(text: string, page: Promise<PageContext | null>): Promise<void> {
    const id = this.thread?.id;
    if (!id) return this.#send(text, page);
    this.#become("loading");
    let isThere = false;
    await this.#attempt(
      async () => {
        const thread = await this.#unlessLeft(this.api.thread(id));
        const last = thread.messages.findLast((one) => one.role === "member");
        isThere = Boolean(thread.running_turn) || last?.text.trim() === text.trim();
        if (isThere) await this.#load(id);
        else this.#become("idle");
      },
      () => this.#sendIfLost(text, page),
    );
    if (!isThere && this.phase === "idle" && !this.#retry) await this.#send(text, page);
  }

  async #makeThread(): Promise<ThreadHead> {
    const thread = await this.#unlessLeft(this.api.createThread());
    this.thread = thread;
    this.#memory.keep({ thread: thread.id });
    this.#changed();
    return thread;
  }

  async #sendDecisions(note: string | null): Promise<void> {
    const { waiting } = this.conversation;
    const id = this.thread?.id;
    if (!id || waiting.some((one) => one.verdict === null)) return;
    const decisions = waiting.map(
      (one): Decision => ({
        tool_call_id: one.key,
        verdict: one.verdict ?? "reject",
        note: one.verdict === "reject" ? (note?.slice(0, LONGEST_NOTE) ?? null) : null,
      }),
    );
    const body = { decisions, allow_tools: [...this.#allowed] };
    this.#allowed.clear();
    this.conversation.settleVerdicts(note);
    this.#become("running");
    await this.#attempt(
      () => this.#follow(id, null, (signal) => this.api.decide(id, body, signal)),
      () => this.open(id), // which shows what still waits, and what goes on
    );
  }

  async #follow(threadId: string, turnId: string | null, begin: Begin | null): Promise<void> {
    const reading = new AbortController();
    this.#reading = reading;
    this.#turnId = turnId;
    this.conversation.beginTurn();
    this.#become("running");
    const events = followTurn({
      api: this.api,
      threadId,
      turnId,
      begin,
      signal: reading.signal,
      pace: this.#pace,
      onTurn: (id) => this.#onTurn(id),
      onConnection: (isUp) => this.#onConnection(isUp),
    });
    let last: AnyEvent | null = null;
    for await (const event of events) {
      if (reading.signal.aborted) return;
      this.conversation.apply((last = event));
      if (event.type === "error" && event.can_retry) this.#offerSameQuestion();
    }
    if (last?.type === "finalize") await this.#ended(threadId);
  }

  async #ended(threadId: string): Promise<void> {
    this.#turnId = null;
    this.#become("idle");
    this.dispatchEvent(new Event("ended"));
    try {
      // The server names a thread after its first question, and dates it.
      const { messages: _, pending: __, ...head } = await this.api.thread(threadId);
      if (this.thread?.id !== threadId) return;
      this.thread = head;
      this.#changed();
    } catch {
      // The title comes with the next turn.
    }
  }

  #offerSameQuestion(): void {
    const question = this.conversation.lastQuestion;
    if (question !== null) this.#retry = () => this.ask(question, Promise.resolve(null));
  }

  #onTurn(id: string): void {
    this.#turnId = id;
    if (this.phase === "stopping") void this.#tellToStop();
  }

  #onConnection(isUp: boolean): void {
    if (this.isConnected === isUp) return;
    this.isConnected = isUp;
    this.#changed();
  }

  /** A turn whose id is not known yet is stopped as soon as it is. */
  async #tellToStop(): Promise<void> {
    const id = this.thread?.id;
    if (!id || !this.#turnId) return;
    try {
      await this.api.stop(id, this.#turnId);
    } catch (error) {
      if (this.phase !== "stopping") return; // it ended by itself
      this.#become("running");
      this.conversation.note("warning", sentenceOf(error, { isUnderWay: true }));
    }
  }

  /** Wait for an answer; it is of no use once another thread was opened. */
  async #unlessLeft<T>(answer: Promise<T>): Promise<T> {
    const mine = this.#attempting;
    const found = await answer;
    if (mine !== this.#attempting) throw new DOMException("another thread is open", "AbortError");
    return found;
  }

  /** Do something; where it fails, say why and keep what would try it again. */
  async #attempt(
    action: () => Promise<void>,
    again: (isUnsure: boolean) => Promise<void>,
  ): Promise<void> {
    const mine = {};
    this.#attempting = mine;
    try {
      await action();
    } catch (error) {
      if (this.#attempting !== mine) return; // another thread was opened meanwhile
      this.isConnected = true;
      this.conversation.interrupt();
      const isUnsure = error instanceof Unreachable || this.#turnId !== null;
      if (isGone(error)) this.#forgetThread();
      else this.#retry = () => again(isUnsure);
      this.#become("idle");
      this.#explain(error);
    }
  }

  #explain(error: unknown): void {
    const isSignedOut = error instanceof Problem && error.status === 401;
    const isFinal = error instanceof Problem && (error.status === 403 || isGone(error));
    const remedy = isSignedOut ? "reload" : isFinal || !this.#retry ? null : "retry";
    const isUnderWay = this.#turnId !== null;
    this.conversation.note("error", sentenceOf(error, { isUnderWay }), remedy);
  }

  #forgetThread(): void {
    this.thread = null;
    this.#retry = null;
    this.#memory.keep({ thread: null });
    this.conversation.clear();
  }

  #leave(): void {
    this.#attempting = null;
    this.#reading?.abort();
    this.#reading = null;
    this.#turnId = null;
    this.#retry = null;
    this.#allowed.clear();
    this.isConnected = true;
  }

  #become(phase: Phase): void {
    this.phase = phase;
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
