import { expect, mount } from "../../testing.js";
import { ChartPreview } from "./chart.js";

describe("<overset-chart>", () => {
  it("leads to the chart under its name", () => {
    const chart = mount(new ChartPreview());
    chart.toggleAttribute("plain", true);
    chart.link = { kind: "chart", id: 7, title: "<b>Sales</b>", path: "/explore/?slice_id=7" };

    const card = chart.shadowRoot?.querySelector("a");
    expect(card?.href).to.equal(`${location.origin}/explore/?slice_id=7`);
    expect(card?.textContent).to.equal("<b>Sales</b>Chart");
  });

  it("leads nowhere but into this Superset", () => {
    const chart = mount(new ChartPreview());
    chart.link = { kind: "chart", id: 7, title: "x", path: "javascript:window.pwned=1" };

    expect(chart.shadowRoot?.querySelector("a")?.hasAttribute("href")).to.equal(false);
    expect(chart.shadowRoot?.querySelector(".frame")).to.equal(null);
  });
});
