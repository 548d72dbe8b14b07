import type { Part } from "../../conversation.js";
import { expect, inside, mount, textOf } from "../../testing.js";
import { ConversationElement, type Shown } from "./conversation.js";

const QUIET: Omit<Shown, "parts"> = {
  isWorking: false,
  isConnected: true,
  mayDecide: true,
  asksEachTime: false,
};
const answer = (key: string, text: string): Part => ({ kind: "answer", key, text, isStreaming: false });

describe("<overset-conversation>", () => {
  it("keeps elements whose parts stay, in the order of the parts", () => {
    const element = mount(new ConversationElement());
    element.shown = { ...QUIET, parts: [answer("a", "one"), answer("b", "two")] };
    const first = inside(element, "overset-message");

    element.shown = { ...QUIET, parts: [answer("a", "one!"), answer("c", "1½"), answer("b", "two")] };

    expect(inside(element, "overset-message")).to.equal(first);
    expect(textOf(inside(element, ".log"))).to.equal("one! 1½ two");
  });

  it("says that it works, and that it lost its connection", () => {
    const element = mount(new ConversationElement());
    element.shown = { ...QUIET, parts: [], isWorking: true };
    expect(inside(element, ".working").textContent).to.equal("Working …");

    element.shown = { ...QUIET, parts: [answer("a", "x")], isWorking: true, isConnected: false };

    expect(inside(element, ".working").hidden).to.equal(false);
    expect(inside(element, ".working").textContent).to.equal("Connection lost. Reconnecting …");
  });

  it("follows the latest until one scrolls back", async () => {
    const element = mount(new ConversationElement());
    element.style.height = "200px";
    const parts = Array.from({ length: 60 }, (_, at) => answer(`${at}`, `line ${at}`));
    element.shown = { ...QUIET, parts };
    const scroll = inside(element, ".scroll");
    const end = (): number => scroll.scrollHeight - scroll.clientHeight;
    expect(scroll.scrollTop).to.be.closeTo(end(), 1);

    scroll.scrollTop = 100;
    scroll.dispatchEvent(new Event("scroll"));
    element.shown = { ...QUIET, parts: [...parts, answer("x", "more")] };

    expect(scroll.scrollTop).to.equal(100);
    expect(inside(element, ".latest").hidden).to.equal(false);
    inside<HTMLButtonElement>(element, ".latest").click();
    expect(scroll.scrollTop).to.be.closeTo(end(), 1);
  });
});
