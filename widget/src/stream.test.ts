import type { API } from "./api.js";
import type { AnyEvent } from "./events.js";
import { Problem, Unreachable } from "./problems.js";
import { type Following, followTurn } from "./stream.js";
import { expect } from "./testing.js";

const QUICK = { firstWaitMs: 1, longestWaitMs: 2, tries: 3, silenceMs: 60 };

type Connection = { chunks: string[]; end?: "close" | "break" | "hang" } | Error;

/** A service that answers each connection as it is told to. */
class Service {
  asked: (string | null)[] = [];
  constructor(public connections: Connection[]) {}

  begin = (): Promise<Response> => this.#answer(null);

  api = {
    followTurn: (_thread: string, _turn: string, last: string | null) => this.#answer(last),
  } as unknown as API;

  async #answer(last: string | null): Promise<Response> {
    this.asked.push(last);
    const next = this.connections.shift() ?? new Unreachable("nobody there");
    if (next instanceof Error) throw next;
    const { chunks, end = "close" } = next;
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const chunk = chunks.shift();
        if (chunk !== undefined) controller.enqueue(encoder.encode(chunk));
        else if (end === "close") controller.close();
        else if (end === "break") controller.error(new TypeError("network error"));
        else return new Promise(() => undefined);
        return undefined;
      },
    });
    return new Response(body, { headers: { "X-Turn-Id": "trn_1" } });
  }
}

const write = (id: number, event: object): string => `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`;
const token = (id: number, text: string): string => write(id, { type: "token", message_id: "m", text });
const END = (id: number): string => write(id, { type: "finalize", reason: "done" });

async function read(service: Service, changes: Partial<Following> = {}): Promise<AnyEvent[]> {
  const events: AnyEvent[] = [];
  const given: Following = {
    api: service.api,
    threadId: "thr_1",
    turnId: null,
    begin: service.begin,
    signal: new AbortController().signal,
    onTurn: () => undefined,
    onConnection: () => undefined,
    pace: QUICK,
    ...changes,
  };
  for await (const event of followTurn(given)) events.push(event);
  return events;
}

const words = (events: AnyEvent[]): string =>
  events.map((one) => (one.type === "token" ? one.text : one.type)).join(" ");

describe("a stream", () => {
  it("is read whole, however its bytes are cut", async () => {
    const bytes = token(1, "ä") + ": heartbeat\n\n" + token(2, "b") + END(3);
    const service = new Service([{ chunks: [...bytes] }]);

    expect(words(await read(service))).to.equal("ä b finalize");
  });

  it("goes on after the last event it saw, when it is cut or breaks", async () => {
    const service = new Service([
      { chunks: [token(1, "a"), token(2, "b").slice(0, 9)], end: "break" },
      new Unreachable("down"),
      new Problem(503, "unavailable", "Later."),
      { chunks: [token(2, "b")] },
      { chunks: [token(3, "c"), END(4)] },
    ]);
    const ups: boolean[] = [];

    const events = await read(service, { onConnection: (isUp) => ups.push(isUp) });

    expect(words(events)).to.equal("a b c finalize");
    expect(service.asked).to.deep.equal([null, "1", "1", "1", "2"]);
    expect(ups[0]).to.equal(true);
    expect(ups).to.include(false);
  });

  it("passes over an event that it was told already", async () => {
    const service = new Service([
      { chunks: [token(1, "a"), token(2, "b")] },
      { chunks: [token(1, "a"), token(2, "b"), token(3, "c"), END(4)] },
    ]);

    expect(words(await read(service))).to.equal("a b c finalize");
  });

  it("takes a connection for dead on which nothing comes, not even a heartbeat", async () => {
    const service = new Service([{ chunks: [token(1, "a")], end: "hang" }, { chunks: [END(2)] }]);

    expect(words(await read(service))).to.equal("a finalize");
  });

  it("gives up when nobody answers for long", async () => {
    const service = new Service([{ chunks: [token(1, "a")] }]);

    const failure = await read(service).catch((error: unknown) => error);

    expect(failure).to.be.instanceOf(Unreachable);
    expect(service.asked).to.have.length(1 + QUICK.tries);
  });

  it("does not ask again where it was refused", async () => {
    const refused = new Problem(404, "turn_unknown", "It is gone.");
    const service = new Service([{ chunks: [token(1, "a")] }, refused]);

    expect(await read(service).catch((error: unknown) => error)).to.equal(refused);
  });

  it("does not begin a turn twice when its first answer is lost", async () => {
    const service = new Service([new Unreachable("reset")]);

    expect(await read(service).catch((error: unknown) => error)).to.be.instanceOf(Unreachable);
    expect(service.asked).to.have.length(1);
  });

  it("ends at once when the reader goes elsewhere", async () => {
    const leaving = new AbortController();
    const service = new Service([{ chunks: [token(1, "a")] }]);
    const slow = { ...QUICK, firstWaitMs: 100_000, longestWaitMs: 100_000 };

    const reading = read(service, { signal: leaving.signal, pace: slow }).catch((error: unknown) => error);
    setTimeout(() => leaving.abort(), 20);

    expect((await reading) as Error).to.have.property("name", "AbortError");
  });

  it("reads on past what is not an event", async () => {
    const service = new Service([{ chunks: ["id: 1\ndata: {broken\n\n", "data: 7\n\n", END(2)] }]);

    expect(words(await read(service))).to.equal("finalize");
  });
});
