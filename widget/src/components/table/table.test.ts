import type { Table } from "../../events.js";
import { expect, inside, mount } from "../../testing.js";
import { ResultTable, toCSV } from "./table.js";

const SALES: Table = {
  columns: ["region", "sales"],
  rows: [["EMEA", 12.5], [null, 2004]],
  total_rows: 40,
}; // prettier-ignore

function shown(table: Table): ResultTable {
  const element = mount(new ResultTable());
  element.table = table;
  return element;
}

describe("<overset-table>", () => {
  it("shows values as they came, numbers at the right", () => {
    const table = shown(SALES);

    const cells = [...(table.shadowRoot?.querySelectorAll("td") ?? [])];
    expect(cells.map((one) => one.textContent)).to.deep.equal(["EMEA", "12.50", "–", "2004"]);
    expect(cells.map((one) => one.className)).to.deep.equal(["", "number", "null", "number"]);
  });

  it("leaves out digits that only a computer means, and keeps them where one looks closer", () => {
    const rows = [[272257.6008911133], [0.000123456], [-3.14159], [1e21]];
    const table = shown({ columns: ["x"], rows, total_rows: 4 });

    const cells = [...(table.shadowRoot?.querySelectorAll("td") ?? [])];
    expect(cells.map((one) => one.textContent)).to.deep.equal(["272,257.60", "0.000123", "-3.14", "1e+21"]);
    expect(cells[0]?.title).to.equal("272257.6008911133");
  });

  it("says how many rows there are", () => {
    expect(inside(shown(SALES), ".foot").textContent).to.include("2 of 40 rows");
    expect(inside(shown({ ...SALES, rows: [], total_rows: 0 }), ".foot").textContent).to.equal("No rows");
  });

  it("scrolls by itself and can be reached by keyboard", () => {
    const columns = Array.from({ length: 40 }, (_, at) => `column number ${at}`);
    const table = shown({ columns, rows: [columns], total_rows: 1 });
    table.style.width = "300px";

    const scroll = inside(table, ".scroll");
    expect(scroll.scrollWidth).to.be.greaterThan(scroll.clientWidth);
    expect(scroll.tabIndex).to.equal(0);
    expect(table.offsetWidth).to.equal(300);
  });

  it("takes what is planted in data for data", () => {
    const planted = "<img src=x onerror=window.pwned=1>";
    const table = shown({ columns: [planted], rows: [[planted], [{ a: planted }]], total_rows: 2 });

    expect(table.shadowRoot?.querySelector("img")).to.equal(null);
    expect(inside(table, "th").textContent).to.equal(planted);
  });

  it("writes CSV that a spreadsheet reads and does not run", () => {
    const rows = [["a,b", 'say "x"'], ["=HYPERLINK(1)", -5], ["two\nlines", null]];

    expect(toCSV({ columns: ["a", "b"], rows, total_rows: 3 })).to.equal(
      'a,b\r\n"a,b","say ""x"""\r\n\'=HYPERLINK(1),-5\r\n"two\nlines",',
    );
  });
});
