/** The short-lived token that the page's own session is exchanged for. It is kept in memory only. */

import { Problem, Unreachable, readProblem } from "./problems.js";

const EARLY_MS = 60_000;
/** A token is renewed this long before it ends, or after half of its life if that is shorter. */

interface Exchanged {
  token: string;
  expires_in: number;
}

export class TokenSource {
  #url: string;
  #token = "";
  #renewAt = 0;
  #asking: Promise<string> | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Return a token that is not about to end. Those who ask at the same time share one request.
   *
   * Raises: Problem where the session or the gate is at fault; Unreachable.
   */
  async get(): Promise<string> {
    if (this.#token && performance.now() < this.#renewAt) return this.#token;
    this.#asking ??= this.#exchange().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Forget a token that was refused, unless another one has come meanwhile. */
  drop(token: string): void {
    if (this.#token === token) this.#token = "";
  }

  async #exchange(): Promise<string> {
    const response = await this.#post();
    // To where one signs in.
    if (response.type === "opaqueredirect") throw new Problem(401, "not_signed_in", "");
    if (!response.ok) throw await readProblem(response);
    const exchanged = (await response.json()) as Exchanged;
    const lasts = exchanged.expires_in * 1000;
    this.#renewAt = performance.now() + Math.max(lasts / 2, lasts - EARLY_MS);
    this.#token = exchanged.token;
    return this.#token;
  }

  async #post(): Promise<Response> {
    const headers = { Accept: "application/json", "X-Overset": "1" };
    try {
      return await fetch(this.#url, { method: "POST", headers, redirect: "manual" });
    } catch (error) {
      throw new Unreachable(error);
    }
  }
}
