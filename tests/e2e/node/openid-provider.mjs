// An OpenID provider for the tests: npm's `oidc-provider`, with habits and faults that a test sets.
//
// Its one argument is JSON: `port`, `issuer`, `client` (RFC 7591 metadata), and the habits
// `audience` (a request must name one), `thin` (most claims are at the userinfo endpoint only) and
// `methods` (how clients authenticate).
// `POST /test` takes JSON: `accounts` (claims by login) and `fault` (see `forge`), which stay.
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import * as jose from "jose";
import Provider, { errors } from "oidc-provider";

const { port, issuer, client, audience, thin, methods } = JSON.parse(process.argv[2]);
const NAMESPACE = "https://example.com/";

const state = { accounts: {}, fault: null };
const keys = {
  provider: await makeKey("RS256", "first"),
  curve: await makeKey("ES256", "curve"),
  rotated: await makeKey("RS256", "second"),
  stranger: await makeKey("RS256", "first"),
};

async function makeKey(alg, kid) {
  const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  return { ...(await jose.exportJWK(privateKey)), alg, kid, use: "sig" };
}

const provider = new Provider(issuer, {
  clients: [client],
  jwks: { keys: [keys.provider, keys.curve] },
  claims: {
    openid: ["sub", "groups", "edov", `${NAMESPACE}groups`],
    email: ["email", "email_verified"],
    profile: ["name"],
  },
  conformIdTokenClaims: thin,
  ...(methods && { clientAuthMethods: methods }),
  cookies: { keys: ["only for tests"] },
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
  extraParams: {
    audience(_ctx, value) {
      if (audience && !value) throw new errors.InvalidRequest("audience is missing");
    },
  },
  findAccount(_ctx, id) {
    const claims = state.accounts[id];
    return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
  },
  pkce: { required: () => true },
});

// The answer of the token endpoint, once it is there, is what an attacker would have it be.
provider.use(async (ctx, next) => {
  await next();
  if (!state.fault) return;
  if (ctx.path === "/token" && ctx.body?.id_token) ctx.body.id_token = await forge(ctx.body.id_token);
  if (ctx.path === "/jwks" && state.fault.published) ctx.body = { keys: [publish(state.fault.published)] };
  if (ctx.path === "/me" && state.fault.userinfo) ctx.body = { ...ctx.body, ...state.fault.userinfo };
});

// A fault has `claims` (null removes one), `key` (one of `keys`, `none`, or `secret` for HS256 with
// the client's secret, `public` for HS256 with the public key), `published` (the only key at the
// JWKS), and `userinfo` (claims there).
async function forge(token) {
  const { claims = {}, key = "provider" } = state.fault;
  const payload = { ...jose.decodeJwt(token), ...claims };
  for (const name of Object.keys(payload)) if (payload[name] === null) delete payload[name];
  delete payload.at_hash;
  if (key === "none") return new jose.UnsecuredJWT(payload).encode();
  if (key === "secret") return sign(payload, { alg: "HS256" }, client.client_secret);
  if (key === "public") return sign(payload, { alg: "HS256", kid: "first" }, await publicPem());
  const { alg, kid } = keys[key];
  const signer = new jose.SignJWT(payload).setProtectedHeader({ alg, kid });
  return signer.sign(await jose.importJWK(keys[key], alg));
}

function sign(payload, header, secret) {
  return new jose.SignJWT(payload).setProtectedHeader(header).sign(new TextEncoder().encode(secret));
}

async function publicPem() {
  return jose.exportSPKI(await jose.importJWK(publish("provider"), "RS256"));
}

function publish(name) {
  const { kty, n, e, alg, kid, use } = keys[name];
  return { kty, n, e, alg, kid, use };
}

const answer = provider.callback();
createServer(async (request, response) => {
  if (request.method !== "POST" || request.url !== "/test") return answer(request, response);
  const { accounts = {}, fault = state.fault } = await json(request);
  Object.assign(state.accounts, accounts);
  state.fault = fault;
  response.end();
}).listen(port, "127.0.0.1");
