/** Which addresses the assistant follows, shows and names: the page's own origin is the only one. */

const CHART_PICTURE = /^\/api\/v1\/(?:chart|dashboard)\/\d+\/(?:screenshot|thumbnail)\/\w+\/$/;

/** Read an address as a browser would. Null for what is not of the web, such as `javascript:`. */
export function findURL(address: string): URL | null {
  const url = URL.parse?.(address, location.origin) ?? parse(address);
  return url && /^https?:$/.test(url.protocol) ? url : null;
}

/** Find the address of something in this Superset; null for any other origin. */
export function findOwnURL(address: string): URL | null {
  const url = findURL(address);
  return url && url.origin === location.origin && !url.username ? url : null;
}

/**
 * Find the address of a picture that may be loaded without being asked for. Any other address of
 * this origin could do something, such as sign the person out.
 */
export function findPictureURL(address: string): URL | null {
  const url = findOwnURL(address);
  return url && CHART_PICTURE.test(url.pathname) ? url : null;
}

function parse(address: string): URL | null {
  try {
    return new URL(address, location.origin);
  } catch {
    return null;
  }
}
