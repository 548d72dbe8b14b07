import { expect, heard, inside, mount, textOf } from "../../testing.js";
import { Welcome } from "./welcome.js";

describe("<overset-welcome>", () => {
  it("suggests what fits the page, and asks it", () => {
    const welcome = mount(new Welcome());
    const asked = heard<string>(welcome, "overset-suggest");

    welcome.welcoming = { page: "chart", isOffline: false, recent: [] };
    inside<HTMLButtonElement>(welcome, "ul button").click();

    expect(asked).to.deep.equal(["What is on this page?"]);
    expect(textOf(welcome)).not.to.include("offline analyst");
  });

  it("says plainly who answers where there is no model, and offers the latest threads", () => {
    const welcome = mount(new Welcome());
    const opened = heard<string>(welcome, "overset-open-thread");
    const updated_at = new Date().toISOString();
    const thread = { id: "thr_1", title: "<i>Q3</i>", updated_at, mine: true, owner_name: null, running_turn: null };

    welcome.welcoming = { page: "other", isOffline: true, recent: [thread] };
    inside<HTMLButtonElement>(welcome, ".recent button").click();

    expect(textOf(welcome)).to.include("The offline analyst answers").and.include("<i>Q3</i>");
    expect(opened).to.deep.equal(["thr_1"]);
  });
});
