import { expect, inside, mount } from "../../testing.js";
import { Message } from "./message.js";

function said(from: string, text: string): Message {
  const message = mount(new Message());
  message.setAttribute("from", from);
  message.text = text;
  return message;
}

describe("<overset-message>", () => {
  it("shows a member's words as they were written", () => {
    const message = said("member", "**1** < 2\n<img src=x onerror=window.pwned=1>");

    expect(inside(message, ".bubble").textContent).to.equal("**1** < 2\n<img src=x onerror=window.pwned=1>");
    expect(inside(message, ".bubble").children).to.have.length(0);
  });

  it("draws only what changed while a text grows", () => {
    const message = said("assistant", "# Sales\n\nIt is");
    const heading = inside(message, "h1");
    const paragraph = inside(message, "p");

    message.text = "# Sales\n\nIt is **up**.";

    expect(inside(message, "h1")).to.equal(heading);
    expect(inside(message, "p")).not.to.equal(paragraph);
    expect(inside(message, "strong").textContent).to.equal("up");
  });

  it("follows a text that was replaced by a shorter one", () => {
    const message = said("assistant", "one\n\ntwo\n\nthree");

    message.text = "one\n\n2";

    expect(inside(message, ".text").innerText.split(/\n+/)).to.deep.equal(["one", "2"]);
  });
});
