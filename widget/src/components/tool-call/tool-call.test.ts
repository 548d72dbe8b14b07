import type { Tool } from "../../conversation.js";
import type { Link, ToolResult } from "../../events.js";
import { expect, inside, mount, textOf } from "../../testing.js";
import { ToolCallElement } from "./tool-call.js";

const PLANTED = "<img src=x onerror=window.pwned=1>";

function shown(result: Partial<ToolResult> | null, title = "List datasets"): ToolCallElement {
  const element = mount(new ToolCallElement());
  element.tool = made(result, title);
  return element;
}

function made(result: Partial<ToolResult> | null, title = "List datasets"): Tool {
  return {
    kind: "tool",
    key: "c1",
    verdict: null,
    call: {
      type: "tool_call", id: "c1", name: "list_datasets", title, arguments: { search: PLANTED },
      approval: null,
    },
    result: result && {
      type: "tool_result", id: "c1", status: "done", text: "", links: [], table: null, ...result,
    },
  }; // prettier-ignore
}

const link = (id: number, changes: Partial<Link> = {}): Link => ({
  kind: "chart", id, title: `Chart ${id}`, path: `/explore/?slice_id=${id}`, ...changes,
}); // prettier-ignore

const links = (element: Element): (string | null)[] =>
  [...(element.shadowRoot?.querySelectorAll("overset-chart") ?? [])].map(
    (one) => one.shadowRoot?.querySelector("a")?.getAttribute("href") ?? null,
  );

describe("<overset-tool-call>", () => {
  it("is folded, and holds its arguments and its result as text", () => {
    const element = shown({ text: PLANTED }, PLANTED);

    expect(inside<HTMLDetailsElement>(element, "details").open).to.equal(false);
    expect(textOf(element)).to.include('"search": "<img src=x onerror=window.pwned=1>"');
    expect(element.shadowRoot?.querySelector("img")).to.equal(null);
  });

  it("says that it runs, and how it ended", () => {
    expect(textOf(shown(null))).to.include("running");
    expect(textOf(shown({ status: "interrupted" }))).to.include("interrupted");
    expect(textOf(shown({ status: "refused" }))).to.include("not allowed");
  });

  it("shows at once why it failed", () => {
    expect(inside(shown({ status: "failed", text: "No such column" }), ".why").textContent).to.equal(
      "No such column",
    );
  });

  it("stays open, and focused, when its result comes", () => {
    const element = shown(null);
    const details = inside<HTMLDetailsElement>(element, "details");
    details.open = true;
    details.dispatchEvent(new Event("toggle"));
    inside(element, "summary").focus();

    element.tool = made({ text: "4 datasets" });

    expect(inside<HTMLDetailsElement>(element, "details").open).to.equal(true);
    expect(element.shadowRoot?.activeElement).to.equal(inside(element, "summary"));
  });

  it("links to what it made, within this Superset only", () => {
    const foreign = [
      link(2, { path: "https://evil.example/" }),
      link(3, { path: "javascript:window.pwned=1" }),
      link(4, { path: "//evil.example/" }),
    ];

    expect(links(shown({ links: [link(1), ...foreign] }))).to.deep.equal([
      `${location.origin}/explore/?slice_id=1`,
    ]);
  });

  it("lists many charts without drawing them all", () => {
    const element = shown({ links: [1, 2, 3, 4, 5, 6].map((id) => link(id)) });

    expect(links(element)).to.have.length(4);
    expect(inside(element, ".more").textContent).to.equal("and 2 more");
    expect(inside(element, "overset-chart").hasAttribute("plain")).to.equal(true);
  });
});
