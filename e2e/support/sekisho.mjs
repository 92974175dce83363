// Starts the real binary, one fresh instance per test file: `sekisho dev --json --ephemeral --port 0`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import path from "node:path";
import { after } from "node:test";

export const ROOT = path.resolve(import.meta.dirname, "../..");
const BINARY = process.env.SEKISHO_BIN ?? path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target"), "debug/sekisho");
const PATIENCE = 30_000; // milliseconds until the ready line; a start takes well under one second

/** Starts an instance with `args` besides the usual ones; answers its ready line and `stop()`, which runs by itself at the end. */
export async function sekisho(...args) {
  const child = spawn(BINARY, ["dev", "--json", "--ephemeral", "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
  };
  after(stop);
  const line = await Promise.race([
    firstLine(child.stdout),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`${BINARY} ended with ${code}:\n${log}`))),
    once(child, "error").then(([error]) => Promise.reject(error)),
    late(() => `${BINARY} said nothing on stdout for ${PATIENCE} ms:\n${log}`),
  ]);
  return { ...JSON.parse(line), binary: BINARY, stop, log: () => log };
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line;
  return new Promise(() => {}); // closed without a line: the exit has the story
}

const late = (message) =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(message())), PATIENCE).unref());
