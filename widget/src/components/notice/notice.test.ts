import { expect, heard, inside, mount } from "../../testing.js";
import { NoticeElement } from "./notice.js";

describe("<overset-notice>", () => {
  it("says what is wrong, and offers to try again", () => {
    const notice = mount(new NoticeElement());
    const told = heard(notice, "overset-retry");

    notice.notice = { kind: "notice", key: "n", level: "error", text: "<i>No</i>", remedy: "retry" };
    inside<HTMLButtonElement>(notice, "button").click();

    expect(inside(notice, ".text").textContent).to.equal("<i>No</i>Try again");
    expect(told).to.have.length(1);
  });

  it("offers nothing where nothing helps", () => {
    const notice = mount(new NoticeElement());

    notice.notice = { kind: "notice", key: "n", level: "info", text: "Stopped.", remedy: null };

    expect(notice.shadowRoot?.querySelector("button")).to.equal(null);
  });
});
