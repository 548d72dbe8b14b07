/** A turn that goes on in a thread: its events, and how it is told to end. */

import type { AnyEvent } from "./events.js";
import { type Following, followTurn } from "./stream.js";

type Given = Omit<Following, "onTurn" | "signal">;

export class Turn {
  /** Null until the server names it: until then nobody knows whether it began. */
  id: string | null = null;
  #given: Given;
  #reading = new AbortController();
  #named: Promise<string>;
  #name!: (id: string) => void;

  constructor(given: Given) {
    this.#given = given;
    this.#named = new Promise((resolve) => {
      this.#name = resolve;
    });
    if (given.turnId) this.#onTurn(given.turnId);
  }

  /** Whether nobody wants to know how it goes on. */
  get isLeft(): boolean {
    return this.#reading.signal.aborted;
  }

  /** Raises as `followTurn` does. */
  events(): AsyncGenerator<AnyEvent> {
    const onTurn = (id: string): void => this.#onTurn(id);
    return followTurn({ ...this.#given, onTurn, signal: this.#reading.signal });
  }

  /** Read no more of it; it goes on. */
  leave(): void {
    this.#reading.abort();
  }

  /** Have it end, as soon as it has a name. Raises: Problem; Unreachable. */
  async stop(): Promise<void> {
    const { api, threadId } = this.#given;
    await api.stop(threadId, await this.#named);
  }

  #onTurn(id: string): void {
    this.id = id;
    this.#name(id);
  }
}
