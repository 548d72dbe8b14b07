/** What is tried for the member: one thing at a time, and once more where they say so. */

type Action = () => Promise<void>;

export class Attempts {
  #current: object | null = null;
  #again: Action | null = null;

  /** Whether something failed that may be tried again. */
  get isOffered(): boolean {
    return this.#again !== null;
  }

  /** Keep what would try it again. */
  offer(again: Action): void {
    this.#again = again;
  }

  /** Take what was offered; it is offered no more. */
  take(): Action | null {
    const again = this.#again;
    this.#again = null;
    return again;
  }

  /** Another thread is opened: what goes on is of no use any more. */
  leave(): void {
    this.#current = null;
    this.#again = null;
  }

  /** Try something; return why it failed, or null: it did not, or was left. */
  async run(action: Action): Promise<{ error: unknown } | null> {
    const mine = {};
    this.#current = mine;
    try {
      await action();
      return null;
    } catch (error) {
      return this.#current === mine ? { error } : null;
    }
  }

  /** Wait for an answer. Raises what it does, and AbortError where the attempt was left meanwhile. */
  async unlessLeft<T>(answer: Promise<T>): Promise<T> {
    const mine = this.#current;
    const found = await answer;
    if (mine !== this.#current) throw new DOMException("another thread is open", "AbortError");
    return found;
  }
}
