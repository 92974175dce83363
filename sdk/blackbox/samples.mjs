// The sample APIs, one per language: how each is made ready and started. Every one reads the same environment and prints
// `listening on http://127.0.0.1:PORT` when it answers.

import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");
export const TARGET = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");
const PATIENCE = 60_000; // milliseconds until a sample listens

const example = (name) => path.join(ROOT, "examples", name);

/** By language: the folder, the commands that make it ready, and the command that runs it. */
export const SAMPLES = {
  rust: {
    folder: example("rust-api"),
    // Cargo has built it with everything else: see `cargo xtask test`.
    setup: () => [],
    run: () => [path.join(TARGET, "debug/rust-api")],
  },
  node: {
    folder: example("node-api"),
    setup: () => [["npm", "ci", "--no-audit", "--no-fund"]],
    run: () => [process.execPath, "api.js"],
  },
  python: {
    folder: example("python-api"),
    setup: () => {
      const venv = path.join(TARGET, "blackbox/python");
      const create = existsSync(path.join(venv, "bin/python")) ? [] : [["python3", "-m", "venv", venv]];
      const pip = path.join(venv, "bin/pip");
      return [...create, [pip, "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]];
    },
    run: () => [path.join(TARGET, "blackbox/python/bin/python"), "api.py"],
  },
  go: {
    folder: example("go-api"),
    setup: () => [["go", "build", "-o", path.join(TARGET, "blackbox/go-api"), "."]],
    run: () => [path.join(TARGET, "blackbox/go-api")],
  },
};

/** Makes a language's sample ready to run; throws with what the command said. */
export function setUp(language) {
  const { folder, setup } = SAMPLES[language];
  for (const [program, ...words] of setup()) execFileSync(program, words, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
}

/** Starts a sample; answers its address and `stop()`. */
export async function startSample(language, environment) {
  const { folder, run } = SAMPLES[language];
  const [program, ...words] = run();
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, PORT: "0", ...environment };
  const child = spawn(program, words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log = (log + text).slice(-20_000)));
  const ended = new Promise((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`the ${language} sample ended (${code ?? signal}):\n${log}`)));
  });
  ended.catch(() => {});
  const listening = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
      if (found) return found[1];
    }
    return new Promise(() => {}); // its output ended: the exit has the story
  })();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the ${language} sample does not listen:\n${log}`)), PATIENCE);
  });
  const url = await Promise.race([listening, ended, late]).finally(() => clearTimeout(timer));
  child.stdout.resume();
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const hard = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await gone;
    clearTimeout(hard);
  };
  return { language, url, stop, log: () => log };
}
