/** What survives a reload and the way to another page: which thread is open, and how the drawer is. */

interface Kept {
  isOpen?: boolean;
  isWide?: boolean;
  thread?: string | null;
  draft?: string;
}

/**
 * A tab has its own; a new tab begins with the last thread that any tab looked at. The conversation
 * itself is the server's to keep. Whoever signs in after another member finds nothing of theirs.
 */
export class Memory {
  #name: string;
  #kept: Kept;

  /** `member` tells members apart, and nothing else. */
  constructor(member: string, host = location.host) {
    this.#name = `overset-assistant:${host}:${member}`;
    const shared = this.#read("localStorage");
    const own = this.#read("sessionStorage");
    this.#kept = own ?? { thread: shared?.thread ?? null, isWide: shared?.isWide ?? false };
  }

  get isOpen(): boolean {
    return this.#kept.isOpen === true;
  }

  get isWide(): boolean {
    return this.#kept.isWide === true;
  }

  get thread(): string | null {
    return typeof this.#kept.thread === "string" ? this.#kept.thread : null;
  }

  get draft(): string {
    return typeof this.#kept.draft === "string" ? this.#kept.draft : "";
  }

  keep(changes: Kept): void {
    this.#kept = { ...this.#kept, ...changes };
    this.#write("sessionStorage", this.#kept);
    const { thread = null, isWide = false } = this.#kept;
    this.#write("localStorage", { thread, isWide });
  }

  #read(area: "localStorage" | "sessionStorage"): Kept | null {
    try {
      const found: unknown = JSON.parse(window[area].getItem(this.#name) ?? "null");
      return typeof found === "object" ? (found as Kept | null) : null;
    } catch {
      return null;
    }
  }

  #write(area: "localStorage" | "sessionStorage", kept: Kept): void {
    try {
      window[area].setItem(this.#name, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing, or is full: then nothing survives.
    }
  }
}
