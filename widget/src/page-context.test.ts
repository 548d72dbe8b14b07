import { readPage, shortenFilters } from "./page-context.js";
import { expect } from "./testing.js";

const read = (address: string, title = "Superset") => readPage(new URL(address, location.origin), title);

describe("what is on the screen", () => {
  it("is told from the address", () => {
    const cases: [string, string, number | null][] = [
      ["/superset/dashboard/12/?native_filters_key=x", "dashboard", 12],
      ["/superset/dashboard/world_health/", "dashboard", null],
      ["/explore/?slice_id=7", "chart", 7],
      ["/explore/?datasource_type=table&datasource_id=3", "dataset", 3],
      ["/explore/?datasource=3__table", "dataset", 3],
      ["/superset/explore/p/abc/", "chart", null],
      ["/dataset/9", "dataset", 9],
      ["/sqllab/", "sql_lab", null],
      ["/superset/welcome/", "other", null],
    ];
    for (const [address, kind, id] of cases) {
      expect(read(address), address).to.include({ kind, id });
    }
  });

  it("has the page's title, unless that names nothing", () => {
    expect(read("/superset/dashboard/1/", "Sales").title).to.equal("Sales");
    expect(read("/superset/dashboard/1/", "Superset").title).to.equal(null);
  });

  it("has a dashboard's filters in a few words", () => {
    const mask = {
      "NATIVE_FILTER-1": { extraFormData: { filters: [{ col: "region", op: "IN", val: ["EMEA"] }] } },
      "NATIVE_FILTER-2": { extraFormData: { time_range: "Last quarter" } },
      "NATIVE_FILTER-3": { extraFormData: {} },
      odd: null,
    };

    expect(shortenFilters(mask)).to.deep.equal({
      region: { op: "IN", value: ["EMEA"] },
      time_range: "Last quarter",
    });
  });

  it("is never longer than a question may carry", () => {
    const page = read(`/superset/dashboard/1/?native_filters=${"x".repeat(9000)}`, "t".repeat(900));

    expect(JSON.stringify(page).length).to.be.below(5000);
  });
});
