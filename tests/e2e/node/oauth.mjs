// An MCP client of the TypeScript SDK: it signs in through the user's browser, calls one tool and
// prints what the tool answered. Its registration is kept in a file, its tokens are not.
//
//   BROWSER=PROGRAM node oauth.mjs URL REGISTRATION TOOL ARGUMENTS
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url, registration, tool, given] = process.argv.slice(2);
const state = crypto.randomUUID();

const listener = createServer();
await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
const redirectUrl = `http://127.0.0.1:${listener.address().port}/callback`;

const answer = new Promise((answered) => {
  listener.on("request", (request, response) => {
    const query = new URL(request.url, redirectUrl).searchParams;
    response.setHeader("Connection", "close").end("Back to the client.");
    if (query.has("code") || query.has("error")) answered(query);
  });
});

let saved = {};
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: "TypeScript client",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  state: () => state,
  clientInformation: () => existsSync(registration) ? JSON.parse(readFileSync(registration, "utf8")) : undefined,
  saveClientInformation: (made) => writeFileSync(registration, JSON.stringify(made)),
  tokens: () => saved.tokens,
  saveTokens: (tokens) => { saved.tokens = tokens; },
  saveCodeVerifier: (verifier) => { saved.verifier = verifier; },
  codeVerifier: () => saved.verifier,
  redirectToAuthorization: (there) => { spawn(process.env.BROWSER, [there.href], { stdio: "ignore" }); },
};

async function connected() {
  const client = new Client({ name: "typescript-client", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const query = await answer;
    if (query.get("state") !== state) throw new Error("another state came back");
    if (query.has("error")) throw new Error(query.get("error"));
    await transport.finishAuth(query.get("code"));
    return connected();
  }
  return client;
}

try {
  const client = await connected();
  const result = await client.callTool({ name: tool, arguments: JSON.parse(given) });
  console.log(result.content[0].text);
  await client.close();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  listener.close();
}
