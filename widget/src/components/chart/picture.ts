/** Asks Superset for its own picture of a chart, with the page's cookie, and waits until it is drawn. */

const WINDOW = "(window_size:!(640,400),thumb_size:!(640,400))";
/** Rison: Superset's way to write JSON in addresses. */

export interface Patience {
  waitsMs: readonly number[];
}

/** Some 50 s in all: a worker starts a browser, which loads the page. */
export const PATIENCE: Patience = { waitsMs: [500, 1500, 3000, 4000, 5000, 6000, 8000, 10_000, 12_000] };

/**
 * Find the picture of a chart. Null where this Superset takes none, the chart is gone, or the picture
 * does not come.
 */
export async function findPicture(
  chart: number,
  signal: AbortSignal,
  patience: Patience = PATIENCE,
): Promise<Blob | null> {
  try {
    const asked = await fetch(`/api/v1/chart/${chart}/cache_screenshot/?q=${WINDOW}`, { signal });
    if (!asked.ok) return null;
    const { cache_key: key } = (await asked.json()) as { cache_key?: unknown };
    if (typeof key !== "string" || !/^\w+$/.test(key)) return null;
    return await waitFor(`/api/v1/chart/${chart}/screenshot/${key}/`, signal, patience);
  } catch {
    return null;
  }
}

async function waitFor(path: string, signal: AbortSignal, { waitsMs }: Patience): Promise<Blob | null> {
  for (const wait of waitsMs) {
    const response = await fetch(path, { signal });
    const type = response.headers.get("Content-Type") ?? "";
    if (response.ok) return /^image\/(png|jpeg|webp)/.test(type) ? await response.blob() : null;
    if (response.status !== 404) return null;
    await new Promise((resolve) => setTimeout(resolve, wait));
    signal.throwIfAborted();
  }
  return null;
}
