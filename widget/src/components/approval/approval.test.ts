import { expect, heard, inside, mount, textOf } from "../../testing.js";
import { Approval, type Decided } from "./approval.js";

function shown(attributes: string[] = [], verdict: "approve" | null = null): Approval {
  const element = mount(new Approval());
  for (const name of attributes) element.toggleAttribute(name, true);
  element.tool = {
    kind: "tool",
    key: "c1",
    result: null,
    verdict,
    call: {
      type: "tool_call",
      id: "c1",
      name: "generate_chart",
      title: "Generate chart",
      arguments: { name: "<img src=x onerror=window.pwned=1>" },
      approval: { interrupt_id: "i1", description: "Saves the chart “Sales <b>now</b>”." },
    },
  };
  return element;
}

const buttons = (element: Element): HTMLButtonElement[] => [
  ...(element.shadowRoot?.querySelectorAll("button") ?? []),
];

describe("<overset-approval>", () => {
  it("says what will change, and shows exactly what will be sent", () => {
    const element = shown();

    expect(textOf(element)).to.include("Saves the chart “Sales <b>now</b>”.");
    expect(inside(element, "pre").textContent).to.include("onerror=window.pwned=1");
    expect(element.shadowRoot?.querySelector("b, img")).to.equal(null);
  });

  it("tells the member's word, and whether it is for the whole conversation", () => {
    const element = shown();
    const told = heard<Decided>(element, "overset-decide");
    const [allow, reject] = buttons(element);

    allow?.click();
    inside<HTMLInputElement>(element, "input").checked = true;
    allow?.click();
    reject?.click();

    const at = { callId: "c1" };
    expect(told).to.deep.equal([
      { ...at, verdict: "approve", allowAlways: false },
      { ...at, verdict: "approve", allowAlways: true },
      { ...at, verdict: "reject", allowAlways: false },
    ]);
  });

  it("offers no permission for the whole conversation where an administrator forbids it", () => {
    expect(shown(["each-time"]).shadowRoot?.querySelector("input")).to.equal(null);
  });

  it("cannot be answered by who may only read", () => {
    expect(buttons(shown(["disabled"])).map((one) => one.disabled)).to.deep.equal([true, true]);
  });

  it("is not asked twice", () => {
    expect(buttons(shown([], "approve"))).to.have.length(0);
  });
});
