import type { API, ThreadHead } from "../../api.js";
import { Problem, Unreachable } from "../../problems.js";
import { expect, heard, inside, mount, press, textOf, until } from "../../testing.js";
import { Threads } from "./threads.js";

const PLANTED = "<img src=x onerror=window.pwned=1>";

const thread = (id: string, changes: Partial<ThreadHead> = {}): ThreadHead => ({
  id, title: `Thread ${id}`, updated_at: new Date().toISOString(), mine: true, owner_name: "Ada",
  running_turn: null, ...changes,
}); // prettier-ignore

async function shown(items: ThreadHead[], api: Partial<API> = {}): Promise<Threads> {
  const element = mount(new Threads());
  const listing = { threads: async (search: string) => ({ items: items.filter((one) => one.title.includes(search)), next: null }) };
  element.api = { ...listing, ...api } as unknown as API;
  await element.show();
  return element;
}

const names = (element: Element): string[] =>
  [...(element.shadowRoot?.querySelectorAll(".name") ?? [])].map((one) => one.textContent ?? "");

describe("<overset-threads>", () => {
  it("lists own threads with what can be done, and those of others without", async () => {
    const element = await shown([thread("1"), thread("2", { mine: false, running_turn: "trn_1", title: PLANTED })]);

    expect(names(element)).to.deep.equal(["Thread 1", PLANTED]);
    expect(textOf(element)).to.include("from Ada").and.include("answering now");
    expect(element.shadowRoot?.querySelectorAll(".actions button")).to.have.length(3);
    expect(element.shadowRoot?.querySelector("img")).to.equal(null);
  });

  it("searches when one stops typing", async () => {
    const element = await shown([thread("1"), thread("2")]);
    const input = inside<HTMLInputElement>(element, "input");

    input.value = "2";
    input.dispatchEvent(new Event("input"));

    await until(() => names(element).length === 1);
    expect(names(element)).to.deep.equal(["Thread 2"]);
  });

  it("renames", async () => {
    const element = await shown([thread("1")], {
      renameThread: async (id: string, title: string) => thread(id, { title }),
    });
    const told = heard<{ id: string; thread: ThreadHead }>(element, "overset-thread-changed");

    inside<HTMLButtonElement>(element, "[aria-label=Rename]").click();
    inside<HTMLInputElement>(element, "form input").value = " Sales ";
    inside<HTMLFormElement>(element, "form").requestSubmit();

    await until(() => told.length === 1);
    expect(names(element)).to.deep.equal(["Sales"]);
  });

  it("keeps the focus where a title stays as it is", async () => {
    const element = await shown([thread("1")]);

    inside<HTMLButtonElement>(element, "[aria-label=Rename]").click();
    inside<HTMLFormElement>(element, "form").requestSubmit();

    expect(element.shadowRoot?.activeElement).to.equal(inside(element, "input"));
  });

  it("deletes only after a second word, and Escape takes the first back", async () => {
    const deleted: string[] = [];
    const element = await shown([thread("1")], {
      deleteThread: async (id: string) => void deleted.push(id),
    });
    const outside = heard(document.body, "keydown");

    inside<HTMLButtonElement>(element, "[aria-label=Delete]").click();
    inside<HTMLButtonElement>(element, ".sure button:last-child").click();
    expect(element.shadowRoot?.activeElement).to.equal(inside(element, "input"));
    inside<HTMLButtonElement>(element, "[aria-label=Delete]").click();
    press(inside(element, ".sure button"), "Escape");
    expect([names(element), outside.length]).to.deep.equal([["Thread 1"], 0]);

    inside<HTMLButtonElement>(element, "[aria-label=Delete]").click();
    inside<HTMLButtonElement>(element, ".sure button").click();

    await until(() => textOf(element).includes("No conversations yet."));
    expect(deleted).to.deep.equal(["1"]);
    expect(names(element)).to.deep.equal([]);
  });

  it("says when they cannot be listed, and tries again", async () => {
    let isUp = false;
    const element = await shown([], {
      threads: async () => {
        if (!isUp) throw new Unreachable("down");
        return { items: [thread("1")], next: null };
      },
    });
    expect(textOf(element)).to.include("cannot be reached");

    isUp = true;
    inside(element, ".status button").focus();
    inside<HTMLButtonElement>(element, ".status button").click();

    await until(() => names(element).length === 1);
    expect(element.shadowRoot?.activeElement).to.equal(inside(element, "input"));
  });

  it("says why they are refused", async () => {
    const element = await shown([], {
      threads: async () => Promise.reject(new Problem(403, "gate_off", "The assistant is off here.")),
    });

    expect(textOf(element)).to.include("The assistant is off here.");
  });
});
