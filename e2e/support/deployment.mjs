// A deployment as an operator makes it: settings in the environment, users and clients by the command line, `sekisho serve`.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "./sekisho.mjs";

const BINARY = process.env.SEKISHO_BIN ?? path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target"), "debug/sekisho");
const PATIENCE = 30_000; // milliseconds until it answers

/** A port of this machine that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a deployment with `settings` (SEKISHO_ variables) once `prepare(command)` has run; it stops and goes when the test file ends. */
export async function deployment(settings = {}, prepare = async () => {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "sekisho-e2e-"));
  const port = await freePort();
  const issuer = `http://localhost:${port}/`;
  const env = {
    PATH: process.env.PATH,
    SEKISHO_ISSUER: issuer,
    SEKISHO_LISTEN: `127.0.0.1:${port},[::1]:${port}`,
    SEKISHO_DATA_DIR: path.join(folder, "data"),
    SEKISHO_PASSWORDS_MEMORY_KIB: "1024",
    SEKISHO_PASSWORDS_PASSES: "1",
    ...settings,
  };
  /** Runs a command of the operator and answers the JSON it prints. `input` is what is piped in. */
  const command = async (args, input = "") => {
    const running = promisify(execFile)(BINARY, [...args, "--json"], { env, cwd: folder });
    running.child.stdin.end(input);
    return JSON.parse((await running).stdout);
  };
  await prepare(command, issuer);
  const child = spawn(BINARY, ["serve"], { env, cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    await rm(folder, { recursive: true });
  });
  const start = Date.now();
  while (!(await fetch(`${issuer}readyz`).catch(() => ({}))).ok) {
    assert.ok(child.exitCode === null && Date.now() - start < PATIENCE, `it does not answer:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { issuer, command, log: () => log };
}
