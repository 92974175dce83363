// The real issuer, `sekisho serve`, on a folder of its own: started, stopped and started again on the same port, and ruled
// from the command line as an operator would.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { signInAs } from "../../e2e/support/person.mjs";
import { TARGET } from "./samples.mjs";
import { Wire } from "./wire.mjs";

const BINARY = process.env.SEKISHO_BIN ?? path.join(TARGET, "debug/sekisho");
export const AUDIENCE = "https://notes.example.com/";
const CALLBACK = "http://127.0.0.1:1/callback";
const SCOPE = ["--scope", "read:notes=Read notes"];

/** Makes an issuer with an API, two people, a site and two machines; it is not started yet. */
export async function makeIssuer() {
  const folder = mkdtempSync(path.join(os.tmpdir(), "sekisho-blackbox-"));
  const port = await freePort();
  const wire = await Wire.before(() => port);
  const url = `http://127.0.0.1:${wire.port}/`;
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    SEKISHO_ISSUER: url,
    SEKISHO_DATA_DIR: path.join(folder, "data"),
    SEKISHO_LISTEN: `127.0.0.1:${port}`,
    SEKISHO_DRAIN: "1",
  };
  const issuer = new Issuer(url, env, folder, wire);
  await issuer.cli("migrate");
  return issuer;
}

class Issuer {
  #child;
  #log = "";

  constructor(url, env, folder, wire) {
    Object.assign(this, { url, env, folder, wire });
  }

  /** Runs a command of the operator and answers what it printed. */
  cli(...words) {
    return this.cliWith("", ...words);
  }

  /** The same, with text piped in: what must not stand on the command line. */
  async cliWith(text, ...words) {
    try {
      const running = promisify(execFile)(BINARY, words, { env: this.env, cwd: this.folder });
      running.child.stdin.end(text);
      return (await running).stdout;
    } catch (error) {
      throw new Error(`sekisho ${words.join(" ")} ended with ${error.code}:\n${error.stdout}${error.stderr}`);
    }
  }

  async json(...words) {
    return JSON.parse(await this.cli(...words, "--json"));
  }

  async start() {
    const child = spawn(BINARY, ["serve"], { env: this.env, cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.setEncoding("utf8").on("data", (text) => (this.#log = (this.#log + text).slice(-20_000)));
    this.#child = child;
    await eventually(async () => {
      assert.equal(child.exitCode, null, `the issuer ended:\n${this.#log}`);
      const answer = await fetch(new URL("readyz", this.url)).catch(() => undefined);
      return answer?.status === 200;
    }, "the issuer is ready");
  }

  async stop() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const hard = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await gone;
    clearTimeout(hard);
  }

  async remove() {
    await this.stop();
    this.wire.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  log() {
    return this.#log;
  }

  async addApi(audience, lifetime) {
    await this.cli("api", "add", audience, ...SCOPE, "--token-lifetime", String(lifetime));
  }

  async addPerson(email) {
    return { email, ...(await this.json("user", "add", email, "--verified", "--generate")) };
  }

  async addSite() {
    return this.json("client", "add", "Site", "--kind", "regular_web", "--callback", CALLBACK);
  }

  async addMachine(name) {
    const machine = await this.json("client", "add", name, "--kind", "non_interactive");
    await this.grant(machine);
    return machine;
  }

  async grant(machine, audience = AUDIENCE) {
    await this.cli("grant", "add", machine.client_id, audience, "--scope", "read:notes");
  }

  /** A new session of a person and the tokens of one sign-in. */
  async signIn(person, site, scope = "openid read:notes") {
    const url = new URL("authorize", this.url);
    url.search = new URLSearchParams({
      response_type: "code", client_id: site.client_id, redirect_uri: CALLBACK, scope, audience: AUDIENCE, state: "s",
    });
    const back = await signInAs(person, url, CALLBACK);
    const code = back.searchParams.get("code");
    assert.ok(code, `no code: ${back}`);
    return this.token(site, { grant_type: "authorization_code", code, redirect_uri: CALLBACK });
  }

  async machineToken(machine, audience = AUDIENCE) {
    return (await this.token(machine, { grant_type: "client_credentials", audience })).access_token;
  }

  async token(client, parameters) {
    const { client_id, client_secret } = client;
    const { status, body } = await this.post("oauth/token", { client_id, client_secret, ...parameters });
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  async post(place, parameters) {
    const answer = await fetch(new URL(place, this.url), { method: "POST", body: new URLSearchParams(parameters) });
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  }
}

/** What a token says. */
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
export const header = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url"));

/** Waits until `what` answers something true. There is no bound but the test's own. */
export async function eventually(what, name, pause = 20) {
  const started = performance.now();
  for (;;) {
    const found = await what();
    if (found) return found;
    if (performance.now() - started > 60_000) throw new Error(`for a minute not: ${name}`);
    await new Promise((done) => setTimeout(done, pause));
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
