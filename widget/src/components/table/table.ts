/** `<overset-table>`: the rows of a result, which scroll by themselves. */

import { Component, define } from "../../component.js";
import { copyText, h } from "../../dom.js";
import type { Table } from "../../events.js";
import { icon } from "../../icons.js";
import { counted, spoken, t } from "../../messages.js";
import { STYLES } from "./table.styles.js";

const COPIED_MS = 2000;
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Values are shown as they came, but for digits that only a computer means; numbers stand at the
 * right.
 *
 * @property table - the columns, the rows that are shown, and how many there are in all.
 */
export class ResultTable extends Component {
  #table: Table | null = null;

  constructor() {
    super(STYLES);
  }

  set table(value: Table) {
    if (value === this.#table) return;
    this.#table = value;
    const numeric = value.columns.map((_, at) => isNumeric(value, at));
    const head = value.columns.map((name, at) =>
      h("th", { scope: "col", class: numeric[at] ? "number" : null, title: name }, name),
    );
    const rows = value.rows.map((row) =>
      h("tr", {}, ...value.columns.map((_, at) => cell(row[at], numeric[at] === true))),
    );
    const label = t("table.label", {
      rows: value.total_rows,
      columns: value.columns.length,
    });
    const table = h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...head)),
      h("tbody", {}, ...rows),
    );
    const scroll = { class: "scroll", tabindex: 0, role: "group", "aria-label": label };
    this.root.replaceChildren(h("div", scroll, table), this.#foot(value));
  }

  #foot(table: Table): HTMLElement {
    const shown = table.rows.length;
    const count =
      shown < table.total_rows
        ? t("table.shown", { shown, all: table.total_rows })
        : shown
          ? counted("table.rows", shown)
          : t("table.none");
    const words = h("span", {}, t("table.copy"));
    const copy = h("button", { type: "button" }, icon("copy", 14), words);
    copy.addEventListener("click", () => {
      void copyText(toCSV(table)).then((isDone) => {
        if (!isDone) return;
        words.textContent = t("table.copied");
        setTimeout(() => (words.textContent = t("table.copy")), COPIED_MS);
      });
    });
    return h("div", { class: "foot" }, h("span", { dir: "auto" }, count), shown > 0 && copy);
  }
}

/** Write a table as CSV (RFC 4180). A text that a spreadsheet would run gets an apostrophe. */
export function toCSV(table: Table): string {
  const lines = [table.columns, ...table.rows].map((row) => row.map(csvField).join(","));
  return lines.join("\r\n");
}

function csvField(value: unknown): string {
  const text = wordOf(value);
  const harmless = typeof value === "string" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function cell(value: unknown, isNumber: boolean): HTMLElement {
  if (value === null || value === undefined) return h("td", { class: "null" }, "–");
  const text = wordOf(value);
  const shown = typeof value === "number" && !Number.isInteger(value) ? shorten(value) : text;
  return h("td", { class: isNumber ? "number" : null, title: text, dir: "auto" }, shown);
}

// A whole number may be a year, and stays as it is.
function shorten(value: number): string {
  const isSmall = Math.abs(value) < 1;
  const cents = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  return value.toLocaleString(spoken(), isSmall ? { maximumSignificantDigits: 3 } : cents);
}

function wordOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function isNumeric(table: Table, column: number): boolean {
  const values = table.rows.map((row) => row[column]).filter((one) => one !== null);
  return values.length > 0 && values.every((one) => typeof one === "number");
}

define("overset-table", ResultTable);
