// `node sdk/blackbox/run.mjs [--lang rust|node|python|go]...`: the black-box test for these languages, or for all.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import { SAMPLES } from "./samples.mjs";

const { values } = parseArgs({ options: { lang: { type: "string", multiple: true } } });
const languages = values.lang ?? Object.keys(SAMPLES);
const unknown = languages.filter((language) => !(language in SAMPLES));
if (unknown.length > 0) {
  console.error(`no sample is written in ${unknown.join(", ")}; there are ${Object.keys(SAMPLES).join(", ")}`);
  process.exit(2);
}
const test = path.join(import.meta.dirname, "blackbox.test.mjs");
const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", test], {
  stdio: "inherit",
  env: { ...process.env, SEKISHO_BLACKBOX: languages.join(",") },
});
process.exit(status ?? 1);
