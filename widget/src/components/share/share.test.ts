import type { API, Reader } from "../../api.js";
import { expect, inside, mount, textOf, until } from "../../testing.js";
import { Share } from "./share.js";

const HEAD = {
  id: "thr_1", title: "Q3", updated_at: "2026-03-01T00:00:00Z", mine: true, owner_name: "Ada",
  running_turn: null,
}; // prettier-ignore

describe("<overset-share>", () => {
  it("shares with a member, and takes it back", async () => {
    const readers: Reader[] = [];
    const grace = { id: "usr_2", name: "Grace <b>Hopper</b>" };
    const share = mount(new Share());
    share.api = {
      thread: async () => ({ ...HEAD, messages: [], pending: [], shared_with: [] }),
      members: async () => [grace],
      addReader: async (_: string, id: string) => void readers.push({ ...grace, id: id }),
      removeReader: async () => void readers.pop(),
    } as unknown as API;
    await share.show(HEAD);
    expect(textOf(share)).to.include("Share “Q3”").and.include("Nobody reads along.");

    const input = inside<HTMLInputElement>(share, "input");
    input.value = "gra";
    input.dispatchEvent(new Event("input"));
    await until(() => share.shadowRoot?.querySelector(".found button") !== null);
    inside<HTMLButtonElement>(share, ".found button").click();

    await until(() => textOf(share).includes("Grace <b>Hopper</b>"));
    expect(readers.map((one) => one.id)).to.deep.equal(["usr_2"]);
    inside<HTMLButtonElement>(share, "[aria-label='Stop sharing with Grace <b>Hopper</b>']").click();
    await until(() => readers.length === 0);
  });

  it("shares with nobody whom an older search found", async () => {
    const shared: string[] = [];
    const answers: ((found: Reader[]) => void)[] = [];
    const share = mount(new Share());
    share.api = {
      thread: async () => ({ ...HEAD, messages: [], pending: [], shared_with: [] }),
      members: () => new Promise((answer) => answers.push(answer)),
      addReader: async (_: string, id: string) => void shared.push(id),
    } as unknown as API;
    await share.show(HEAD);
    const type = (text: string): void => {
      inside<HTMLInputElement>(share, "input").value = text;
      inside(share, "input").dispatchEvent(new Event("input"));
    };
    const found = (): Element | null | undefined => share.shadowRoot?.querySelector(".found button");
    type("gr");
    await until(() => answers.length === 1);
    answers[0]?.([{ id: "usr_2", name: "Grace" }]);
    await until(() => found() !== null);

    type("gu");
    inside<HTMLFormElement>(share, "form").requestSubmit();
    expect(shared).to.deep.equal([]);
    await until(() => answers.length === 2);
    type("gus");
    answers[1]?.([{ id: "usr_2", name: "Grace" }]);
    await until(() => answers.length === 3);

    expect(found()).to.equal(null);
  });
});
