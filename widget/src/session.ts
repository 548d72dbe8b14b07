/** One member's session with the assistant: which thread is open, what runs, and what went wrong. */

import { API, type Decision, type Me, type PageContext, type ThreadHead, listQuestions } from "./api.js";
import { Attempts } from "./attempts.js";
import { Conversation } from "./conversation.js";
import type { AnyEvent } from "./events.js";
import type { Memory } from "./memory.js";
import { t } from "./messages.js";
import { DECIDED, Problem, Unreachable, isDecided, isGone, sentenceOf } from "./problems.js";
import { type Following, PACE, type Pace } from "./stream.js";
import { Turn } from "./turn.js";
import { Verdicts } from "./verdicts.js";

/** `idle`: the member may ask. `running`: a turn goes on here. `stopping`: it was asked to end. */
export type Phase = "idle" | "loading" | "running" | "stopping";

type Page = Promise<PageContext | null>;

/**
 * Fires `change` when what is shown around the conversation changes, `ended` after a turn,
 * `connection` when that is lost or back, and `returned` with words that did not arrive.
 */
export class Session extends EventTarget {
  readonly conversation = new Conversation();
  readonly api: API;
  me: Me | null = null;
  thread: ThreadHead | null = null;
  phase: Phase = "idle";
  isConnected = true;
  #memory: Memory;
  #pace: Pace;
  #turn: Turn | null = null;
  #attempts = new Attempts();
  #verdicts = new Verdicts(this.conversation);
  #page: Page = Promise.resolve(null);
  /** How many questions of the open thread the server is known to have. */
  #asked = 0;
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

  /** Show a thread, and below it perhaps why. */
  async open(id: string, why = ""): Promise<void> {
    this.#leave();
    this.thread = null;
    this.conversation.clear();
    this.#become("loading");
    await this.#attempt(
      () => this.#load(id, why),
      () => this.open(id, why),
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

  async ask(text: string, page: Page): Promise<void> {
    if (this.phase !== "idle" || !this.isWritable) return;
    this.#page = page;
    this.conversation.ask(text);
    await this.#send(text, page);
  }

  /** Say yes or no to one tool; when all that wait are answered, the turn goes on. */
  async decide(
    callId: string,
    verdict: Decision["verdict"],
    { allowAlways = false } = {},
  ): Promise<void> {
    if (this.phase !== "idle" || !this.#verdicts.give(callId, verdict, allowAlways)) return;
    await this.#sendDecisions(null);
  }

  /** Refuse all that waits, and say what to do instead. */
  async decline(note: string): Promise<void> {
    if (this.phase !== "idle") return;
    this.conversation.ask(note);
    this.#verdicts.refuseRest();
    await this.#sendDecisions(note);
  }

  async stop(): Promise<void> {
    if (this.phase !== "running") return;
    this.#become("stopping");
    await this.#tellToStop();
  }

  async retry(): Promise<void> {
    const action = this.#attempts.take();
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
      this.#attempts.offer(() => this.start());
      this.#explain(error);
    }
  }

  async #load(id: string, why = ""): Promise<void> {
    const thread = await this.#attempts.unlessLeft(this.api.thread(id));
    this.thread = thread;
    this.#memory.keep({ thread: id });
    this.conversation.load(thread);
    this.#asked = listQuestions(thread).length;
    this.conversation.note("info", why);
    const turn = thread.running_turn;
    if (turn) await this.#follow(id, turn, null);
    else this.#become("idle");
  }

  async #send(text: string, page: Page): Promise<void> {
    const before = this.#asked;
    this.#turn = null;
    this.#become("running");
    await this.#attempt(
      async () => {
        const thread = this.thread ?? (await this.#makeThread());
        const body = { message: text, page: await this.#attempts.unlessLeft(page) };
        await this.#follow(thread.id, null, async (signal) => {
          const stream = await this.api.beginTurn(thread.id, body, signal);
          this.#asked = before + 1;
          return stream;
        });
      },
      (isUnsure) => (isUnsure ? this.#sendIfLost(text, page, before) : this.#send(text, page)),
    );
  }

  /**
   * The answer to a question was lost: send it again only where the server does not have it, as
   * one more than it had `before`: the same may have been asked earlier.
   */
  async #sendIfLost(text: string, page: Page, before: number): Promise<void> {
    const id = this.thread?.id;
    if (!id) return this.#send(text, page);
    this.#become("loading");
    let isThere = false;
    await this.#attempt(
      async () => {
        const thread = await this.#attempts.unlessLeft(this.api.thread(id));
        const has = listQuestions(thread);
        const isLast = has.length > before && has.at(-1)?.text.trim() === text.trim();
        isThere = Boolean(thread.running_turn) || isLast;
        this.#asked = has.length;
        if (isThere) await this.#load(id);
        else this.#become("idle");
      },
      () => this.#sendIfLost(text, page, before),
    );
    if (!isThere && this.phase === "idle" && !this.#attempts.isOffered) await this.#send(text, page);
  }

  async #makeThread(): Promise<ThreadHead> {
    const thread = await this.#attempts.unlessLeft(this.api.createThread());
    this.thread = thread;
    this.#memory.keep({ thread: thread.id });
    this.#changed();
    return thread;
  }

  async #sendDecisions(note: string | null): Promise<void> {
    const id = this.thread?.id;
    const body = id ? this.#verdicts.take(note) : null;
    if (!id || !body) return;
    this.#become("running");
    await this.#attempt(
      () => this.#follow(id, null, (signal) => this.api.decide(id, body, signal)),
      () => this.open(id), // which shows what still waits, and what goes on
      note,
    );
  }

  async #follow(threadId: string, turnId: string | null, begin: Following["begin"]): Promise<void> {
    const onConnection = (isUp: boolean): void => this.#onConnection(isUp);
    const { api } = this;
    const turn = new Turn({ api, threadId, turnId, begin, pace: this.#pace, onConnection });
    this.#turn = turn;
    this.conversation.beginTurn();
    if (this.phase === "stopping") void this.#tellToStop();
    else this.#become("running");
    let last: AnyEvent | null = null;
    for await (const event of turn.events()) {
      if (turn.isLeft) return;
      if (event.type === "error" && event.code === DECIDED) {
        throw new Problem(409, event.code, event.detail);
      }
      this.conversation.apply((last = event));
      if (event.type === "error" && event.can_retry) this.#offerSameQuestion();
    }
    if (last?.type === "finalize") await this.#ended(threadId);
  }

  async #ended(threadId: string): Promise<void> {
    this.#turn = null;
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
    const page = this.#page;
    if (question !== null) this.#attempts.offer(() => this.ask(question, page));
  }

  #onConnection(isUp: boolean): void {
    if (this.isConnected === isUp) return;
    this.isConnected = isUp;
    this.#changed();
    this.dispatchEvent(new Event("connection"));
  }

  /** Stop the turn; one that has not begun yet is stopped when it does. */
  async #tellToStop(): Promise<void> {
    try {
      await this.#turn?.stop();
    } catch (error) {
      if (this.phase !== "stopping") return; // it ended by itself
      this.#become("running");
      this.conversation.note("warning", sentenceOf(error, { isUnderWay: true }));
    }
  }

  /** Do something; where it fails, say why, and keep what would try it again and what was `written`. */
  async #attempt(
    action: () => Promise<void>,
    again: (isUnsure: boolean) => Promise<void>,
    written: string | null = null,
  ): Promise<void> {
    const failed = await this.#attempts.run(action);
    if (!failed) return;
    const { error } = failed;
    const isNamed = Boolean(this.#turn?.id);
    if (written && (!isNamed || isDecided(error))) {
      this.dispatchEvent(new CustomEvent("returned", { detail: written }));
    }
    if (isDecided(error) && this.thread) return this.open(this.thread.id, t("notice.approvalGone"));
    this.isConnected = true;
    this.conversation.interrupt();
    if (isGone(error)) this.#forgetThread();
    else this.#attempts.offer(() => again(isNamed || error instanceof Unreachable));
    this.#become("idle");
    this.#explain(error);
  }

  #explain(error: unknown): void {
    const isSignedOut = error instanceof Problem && error.status === 401;
    const isFinal = error instanceof Problem && (error.status === 403 || isGone(error));
    const canRetry = !isFinal && this.#attempts.isOffered;
    const remedy = isSignedOut ? "reload" : canRetry ? "retry" : null;
    const isUnderWay = Boolean(this.#turn?.id);
    this.conversation.note("error", sentenceOf(error, { isUnderWay }), remedy);
  }

  #forgetThread(): void {
    this.thread = null;
    this.#asked = 0;
    this.#attempts.take();
    this.#memory.keep({ thread: null });
    this.conversation.clear();
  }

  #leave(): void {
    this.#attempts.leave();
    this.#turn?.leave();
    this.#turn = null;
    this.#verdicts.forget();
    this.#page = Promise.resolve(null);
    this.#asked = 0;
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
