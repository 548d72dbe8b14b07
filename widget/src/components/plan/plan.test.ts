import { expect, inside, mount, textOf } from "../../testing.js";
import { Plan } from "./plan.js";

describe("<overset-plan>", () => {
  it("says what is done, what goes on and what is to come", () => {
    const plan = mount(new Plan());

    plan.steps = [
      { text: "Find the dataset", status: "done" },
      { text: "Draw <b>it</b>", status: "running" },
      { text: "Build", status: "pending" },
    ];

    expect(textOf(inside(plan, "ol"))).to.equal("Done: Find the dataset Now: Draw <b>it</b> To do: Build");
    expect(inside(plan, "ol").getAttribute("aria-label")).to.equal("Plan: 1 of 3 done");
    expect(inside(plan, "[aria-current=step]").textContent).to.include("Draw");
  });
});
