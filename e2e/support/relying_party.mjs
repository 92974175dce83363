// An application of its own make: signs people in by code, keeps a cookie, and ends its session by the front and the back channel.

import { once } from "node:events";
import { createServer } from "node:http";
import { after } from "node:test";

/** Listens on `port` of localhost. `client` is what `sekisho client add` said; give it before anybody comes. */
export async function relyingParty(name, port) {
  const app = { origin: `http://localhost:${port}`, framed: [], told: [], frame: "answers", client: undefined, issuer: undefined };
  const sessions = new Map();
  const cookie = `${name}-session`;
  const answers = {
    "/login"(url, request, response) {
      const query = new URLSearchParams({
        client_id: app.client.client_id,
        redirect_uri: `${app.origin}/callback`,
        response_type: "code",
        scope: "openid",
        nonce: "n-1",
        state: "s-1",
      });
      response.writeHead(302, { location: `${app.issuer}authorize?${query}` }).end();
    },
    async "/callback"(url, request, response) {
      const reply = await fetch(`${app.issuer}oauth/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "authorization_code",
          code: url.searchParams.get("code"),
          redirect_uri: `${app.origin}/callback`,
          client_id: app.client.client_id,
          client_secret: app.client.client_secret,
        }),
      });
      const { id_token } = await reply.json();
      const { sid } = JSON.parse(Buffer.from(id_token.split(".")[1], "base64url"));
      app.id_token = id_token;
      app.session_state = url.searchParams.get("session_state");
      sessions.set(sid, true);
      response.writeHead(302, { location: "/", "set-cookie": `${cookie}=${sid}; Path=/; HttpOnly; SameSite=Lax` }).end();
    },
    "/"(url, request, response) {
      const sid = new RegExp(`${cookie}=(\\w+)`).exec(request.headers.cookie ?? "")?.[1];
      const state = sid ? (sessions.has(sid) ? "in" : "told") : "out";
      response.setHeader("content-type", "text/html").end(`<!doctype html><title>${name}</title><p id="state">${state}</p>`);
    },
    "/frame"(url, request, response) {
      app.framed.push(Object.fromEntries(url.searchParams));
      if (app.frame === "answers") {
        const headers = { "content-type": "text/html", "set-cookie": `${cookie}=; Path=/; Max-Age=0`, "cache-control": "no-store" };
        response.writeHead(200, headers).end("<!doctype html><title>out</title>");
      }
    },
    async "/told"(url, request, response) {
      let body = "";
      for await (const part of request) body += part;
      const token = new URLSearchParams(body).get("logout_token");
      const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
      app.told.push(claims);
      sessions.delete(claims.sid);
      response.writeHead(204).end();
    },
    "/bye"(url, request, response) {
      response.setHeader("content-type", "text/html").end(`<!doctype html><title>bye</title><p id="bye">${name}</p>`);
    },
    "/watch"(url, request, response) {
      response.setHeader("content-type", "text/html").end(`<!doctype html><title>watch</title>
        <iframe id="op" src="${app.issuer}oidc/session"></iframe>`);
    },
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, app.origin);
    const answer = answers[url.pathname];
    return answer ? answer(url, request, response) : response.writeHead(404).end();
  });
  server.listen(port, "localhost");
  await once(server, "listening");
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return app;
}
