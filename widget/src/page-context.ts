/** What is on the screen, as far as its address tells, so that "this chart" means something. */

import type { PageContext } from "./api.js";

const LONGEST = 2000;
const TITLES_OF_NOTHING = new Set(["", "Superset", "Apache Superset"]);

/** Tell what an address of Superset shows. It asks nobody. */
export function readPage(url: URL, title: string): PageContext {
  const { pathname, searchParams } = url;
  const named = TITLES_OF_NOTHING.has(title.trim()) ? null : title.trim().slice(0, 250);
  const make = (kind: PageContext["kind"], id: number | null = null): PageContext => ({
    path: (pathname + url.search).slice(0, LONGEST),
    kind,
    id,
    title: named,
    filters: kind === "dashboard" ? filtersOfURL(searchParams) : {},
  });

  const dashboard = /^\/superset\/dashboard\/([^/]+)\/?/.exec(pathname);
  if (dashboard) return make("dashboard", number(dashboard[1]));
  if (/^\/(?:superset\/)?explore\b/.test(pathname)) {
    const chart = number(searchParams.get("slice_id"));
    const dataset = datasetOf(searchParams);
    return chart === null && dataset !== null ? make("dataset", dataset) : make("chart", chart);
  }
  const chart = /^\/(?:superset\/slice|chart)\/(\d+)\/?$/.exec(pathname);
  if (chart) return make("chart", number(chart[1]));
  const dataset = /^\/dataset\/(\d+)/.exec(pathname);
  if (dataset) return make("dataset", number(dataset[1]));
  if (/^\/sqllab\b/.test(pathname)) return make("sql_lab");
  return make("other");
}

/**
 * Tell what is on the screen now, with the filters that a dashboard keeps on the server behind the
 * key in its address.
 */
export async function describePage(url: URL, title: string): Promise<PageContext> {
  const page = readPage(url, title);
  const key = url.searchParams.get("native_filters_key");
  if (page.kind !== "dashboard" || page.id === null || !key) return page;
  const kept = await findKeptFilters(page.id, key);
  return kept ? { ...page, filters: { ...page.filters, ...kept } } : page;
}

/** A dashboard's filters as Superset keeps them, in a few words: a column, how, and with what. */
export function shortenFilters(mask: unknown): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const one of Object.values(record(mask))) {
    const extra = record(record(one)["extraFormData"]);
    if (typeof extra["time_range"] === "string") found["time_range"] = extra["time_range"];
    for (const filter of Array.isArray(extra["filters"]) ? extra["filters"] : []) {
      const { col, op, val } = record(filter);
      if (typeof col === "string") found[col] = { op, value: val };
    }
  }
  return JSON.stringify(found).length <= LONGEST ? found : {};
}

async function findKeptFilters(id: number, key: string): Promise<Record<string, unknown> | null> {
  try {
    const path = `/api/v1/dashboard/${id}/filter_state/${encodeURIComponent(key)}`;
    const response = await fetch(path, { signal: AbortSignal.timeout(2000) });
    if (!response.ok) return null;
    const { value } = (await response.json()) as { value: string };
    return shortenFilters(JSON.parse(value));
  } catch {
    return null; // a question without filters is better than none
  }
}

function filtersOfURL(parameters: URLSearchParams): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of ["native_filters", "preselect_filters"]) {
    const value = parameters.get(name);
    if (value) found[name] = value.slice(0, LONGEST);
  }
  return found;
}

function datasetOf(parameters: URLSearchParams): number | null {
  const [id] = (parameters.get("datasource") ?? "").split("__");
  return number(parameters.get("datasource_id") ?? id);
}

function number(text: string | null | undefined): number | null {
  return text && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
