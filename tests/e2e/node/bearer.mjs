// Sends `Authorization: Bearer $OVERSET_TEST_TOKEN` to one server, for clients that have no option
// for it (the conformance suite). Load it with `node --import`.
import { setGlobalDispatcher, getGlobalDispatcher } from "undici";

const origin = process.env.OVERSET_TEST_ORIGIN;
const authorization = `Bearer ${process.env.OVERSET_TEST_TOKEN}`;

const addToken = (dispatch) => (options, handler) => {
  if (String(options.origin) !== origin) return dispatch(options, handler);
  const headers = new Headers(Array.isArray(options.headers) ? pairs(options.headers) : (options.headers ?? {}));
  if (!headers.has("authorization")) headers.set("authorization", authorization);
  return dispatch({ ...options, headers: Object.fromEntries(headers) }, handler);
};

const pairs = (flat) => flat.flatMap((name, at) => (at % 2 ? [] : [[String(name), String(flat[at + 1])]]));

setGlobalDispatcher(getGlobalDispatcher().compose(addToken));
