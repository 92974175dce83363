// The promise, seen from outside: a token that an API accepted is refused by it soon after somebody revoked it, whatever the
// API is written in. One real issuer; the sample API of each language listens to its feed; every kind of record is written
// from the operator's command line.

import assert from "node:assert/strict";
import { generateKeyPairSync, createHmac, createSign } from "node:crypto";
import { after, before, test } from "node:test";
import { AUDIENCE, claims, eventually, header, makeIssuer } from "./issuer.mjs";
import { SAMPLES, setUp, startSample } from "./samples.mjs";

const languages = (process.env.SEKISHO_BLACKBOX ?? Object.keys(SAMPLES).join(",")).split(",");
const MAX_STALE = 5; // seconds; short, so that an outage is over soon

let issuer, samples, settings, site, alice, bob, machines, innocents;
const measured = [];
const closing = [];

before(async () => {
  for (const language of languages) setUp(language);
  issuer = await makeIssuer();
  closing.push(() => issuer.remove());
  await issuer.addApi(AUDIENCE, 3600);
  [alice, bob] = [await issuer.addPerson("alice@example.com"), await issuer.addPerson("bob@example.com")];
  site = await issuer.addSite();
  machines = { one: await issuer.addMachine("One"), two: await issuer.addMachine("Two") };
  await issuer.start();
  settings = await verifierSettings("samples");
  samples = await Promise.all(languages.map((language) => started(language, settings)));
  for (const sample of samples) await eventually(async () => (await ask(sample, "/ready")).status === 200, `${sample.language} is ready`);
  innocents = { bob: (await issuer.signIn(bob, site)).access_token, two: await issuer.machineToken(machines.two) };
});

after(async () => {
  for (const close of closing.reverse()) await close();
  if (measured.length > 0) console.log(table(measured));
});

/** What `sekisho verifier add` prints, as a sample's environment. */
async function verifierSettings(name, audience = AUDIENCE) {
  const text = await issuer.cli("verifier", "add", name, "--api", audience);
  const lines = [...text.matchAll(/^(?:export )?(SEKISHO_[A-Z_]+)=(.*)$/gm)].map(([, key, value]) => [key, value.replace(/^(["'])(.*)\1$/, "$2")]);
  return { ...Object.fromEntries(lines), SEKISHO_MAX_STALE: String(MAX_STALE) };
}

async function started(language, environment) {
  const sample = await startSample(language, environment);
  closing.push(sample.stop);
  return sample;
}

async function ask(sample, place, token) {
  const answer = await fetch(sample.url + place, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const notes = (sample, token) => ask(sample, "/notes", token);

async function accepted(token) {
  for (const sample of samples) {
    const answer = await notes(sample, token);
    assert.equal(answer.status, 200, `${sample.language}: ${answer.text}`);
    assert.equal(JSON.parse(answer.text).sub, claims(token).sub, sample.language);
  }
}

/** Waits until a sample refuses the token, and checks how it says so; until then it must accept it. */
async function refused(sample, token, since) {
  const answer = await eventually(async () => {
    const answer = await notes(sample, token);
    if (answer.status === 401) return answer;
    assert.equal(answer.status, 200, `${sample.language}: ${answer.text}`);
  }, `${sample.language} refuses the token`, 5);
  const took = performance.now() - since;
  assert.match(answer.headers.get("www-authenticate"), /Bearer.*error="invalid_token"/, sample.language);
  return took;
}

/** One kind of revocation: the guilty token is refused everywhere, the innocent ones are not. */
function revocation(kind, name, { token, revoke, spared }) {
  test(`${kind}: ${name}`, async () => {
    const guilty = await token();
    await accepted(guilty);
    const began = performance.now();
    await revoke(guilty);
    const revoked = performance.now();
    const took = await Promise.all(samples.map((sample) => refused(sample, guilty, revoked)));
    samples.forEach((sample, at) => measured.push({ kind, language: sample.language, command: revoked - began, refused: took[at] }));
    for (const innocent of spared ? await spared() : Object.values(innocents)) await accepted(innocent);
    for (const sample of samples) assert.equal((await notes(sample, guilty)).status, 401, `${sample.language} refuses it for good`);
  });
}

test("forged tokens and none are refused", async () => {
  const good = await issuer.machineToken(machines.one);
  await accepted(good);
  const [head, body, signature] = good.split(".");
  const other = { ...claims(good), sub: "somebody-else" };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const sign = (input) => `${input}.${createSign("sha256").update(input).sign(privateKey, "base64url")}`;
  const hmac = (input, key) => `${input}.${createHmac("sha256", key).update(input).digest("base64url")}`;
  const jwks = await (await fetch(new URL(".well-known/jwks.json", issuer.url))).text();
  const symmetric = encode({ ...header(good), alg: "HS256" });
  const forged = {
    "another payload": `${head}.${encode(other)}.${signature}`,
    "a signature cut short": `${head}.${body}.${signature.slice(0, -4)}`,
    "somebody's key under the real kid": sign(`${head}.${encode(other)}`),
    "no signature": `${encode({ ...header(good), alg: "none" })}.${body}.`,
    "the public key as a secret": hmac(`${symmetric}.${body}`, jwks),
    "not a token": "a.b.c",
    opaque: "at_0123456789abcdefghijklmnopqrstuvwxyz",
  };
  for (const sample of samples) {
    for (const [name, token] of Object.entries(forged)) {
      const answer = await notes(sample, token);
      assert.equal(answer.status, 401, `${sample.language}, ${name}: ${answer.text}`);
      assert.match(answer.headers.get("www-authenticate"), /^Bearer.*error="invalid_token"/, `${sample.language}, ${name}`);
    }
    const bare = await notes(sample);
    assert.equal(bare.status, 401, sample.language);
    assert.match(bare.headers.get("www-authenticate"), /^Bearer/, sample.language);
    assert.equal((await ask(sample, "/")).status, 200, `${sample.language}: / is public`);
  }
});

test("a token without the scope is forbidden", async () => {
  const { access_token } = await issuer.signIn(bob, site, "openid");
  for (const sample of samples) {
    const answer = await notes(sample, access_token);
    assert.equal(answer.status, 403, `${sample.language}: ${answer.text}`);
    assert.match(answer.headers.get("www-authenticate"), /error="insufficient_scope"/, sample.language);
  }
});

test("an expired token is refused", async () => {
  // An API whose tokens live for seconds, with samples of its own.
  const audience = "https://short.example.com/";
  await issuer.addApi(audience, 4);
  await issuer.grant(machines.one, audience);
  const environment = await verifierSettings("short", audience);
  const short = await Promise.all(languages.map((language) => started(language, environment)));
  await Promise.all(short.map(async (sample) => {
    await eventually(async () => (await ask(sample, "/ready")).status === 200, `${sample.language} is ready`);
    const token = await issuer.machineToken(machines.one, audience);
    await refused(sample, token, 0);
    await sample.stop();
  }));
});

revocation("J", "one token of a machine", {
  token: () => issuer.machineToken(machines.one),
  revoke: (token) => issuer.cliWith(token, "token", "revoke"),
  spared: async () => [await issuer.machineToken(machines.one), ...Object.values(innocents)],
});

revocation("S", "a session ended by the operator", {
  token: async () => (await issuer.signIn(alice, site)).access_token,
  revoke: (token) => issuer.cli("session", "revoke", claims(token).sid),
});

{
  let refresh_token;
  revocation("G", "a grant whose refresh token was revoked", {
    token: async () => {
      const tokens = await issuer.signIn(alice, site, "openid offline_access read:notes");
      refresh_token = tokens.refresh_token;
      return tokens.access_token;
    },
    revoke: async () => {
      const { client_id, client_secret } = site;
      const { status } = await issuer.post("oauth/revoke", { token: refresh_token, client_id, client_secret });
      assert.equal(status, 200);
    },
  });
}

revocation("U", "everything of a person", {
  token: async () => (await issuer.signIn(alice, site)).access_token,
  revoke: () => issuer.cli("user", "logout", alice.id),
  spared: async () => [(await issuer.signIn(alice, site)).access_token, ...Object.values(innocents)],
});

revocation("C", "everything of a client", {
  token: () => issuer.machineToken(machines.one),
  revoke: () => issuer.cli("client", "revoke", machines.one.client_id),
});

revocation("K", "everything that a key signed", {
  token: () => issuer.machineToken(machines.two),
  revoke: (token) => issuer.cli("key", "revoke", header(token).kid),
  spared: async () => {
    // The issuer signs with the next key, which the samples must know by now.
    innocents = { bob: (await issuer.signIn(bob, site)).access_token, two: await issuer.machineToken(machines.two) };
    return Object.values(innocents);
  },
});

revocation("I", "everything", {
  token: () => issuer.machineToken(machines.two),
  revoke: () => issuer.cli("revoke", "everything", "--yes", "--yes"),
  spared: async () => {
    innocents = { bob: (await issuer.signIn(bob, site)).access_token, two: await issuer.machineToken(machines.two) };
    return Object.values(innocents);
  },
});

test("a feed that is cut off: under `introspect` the issuer is asked about each token", async () => {
  const asking = await Promise.all(languages.map((language) => started(language, { ...settings, SEKISHO_ON_STALE: "introspect" })));
  for (const sample of asking) await eventually(async () => (await ask(sample, "/ready")).status === 200, `${sample.language} is ready`);
  const guilty = (await issuer.signIn(alice, site)).access_token;
  await Promise.all(asking.map(async (sample) => assert.equal((await notes(sample, guilty)).status, 200, sample.language)));
  issuer.wire.cutFeed();
  try {
    await issuer.cli("session", "revoke", claims(guilty).sid);
    await Promise.all(asking.map(async (sample) => {
      await refused(sample, guilty, 0);
      for (const innocent of Object.values(innocents)) assert.equal((await notes(sample, innocent)).status, 200, sample.language);
    }));
    for (const sample of samples) {
      await eventually(async () => (await notes(sample, innocents.bob)).status === 503, `${sample.language} says nothing under closed`);
    }
  } finally {
    issuer.wire.openFeed();
  }
  await Promise.all(samples.map(async (sample) => {
    await eventually(async () => (await notes(sample, innocents.bob)).status === 200, `${sample.language} is back`);
    assert.equal((await notes(sample, guilty)).status, 401, sample.language);
  }));
  await Promise.all(asking.map((sample) => sample.stop()));
});

test("an issuer that is away: accepted, then 503, and what was revoked meanwhile is never accepted again", async () => {
  const guilty = (await issuer.signIn(alice, site)).access_token;
  await accepted(guilty);
  await issuer.stop();
  await Promise.all(samples.map(async (sample) => {
    const answer = await eventually(async () => {
      const answer = await notes(sample, innocents.bob);
      if (answer.status === 503) return answer;
      assert.equal(answer.status, 200, `${sample.language}: ${answer.text}`);
    }, `${sample.language} is too stale to say`);
    assert.ok(Number(answer.headers.get("retry-after")) >= 1, sample.language);
    assert.equal(JSON.parse(answer.text).error, "temporarily_unavailable", sample.language);
    assert.equal((await ask(sample, "/")).status, 200, `${sample.language}: what needs no token goes on`);
  }));
  await issuer.cli("session", "revoke", claims(guilty).sid);
  await issuer.start();
  await Promise.all(samples.map(async (sample) => {
    await eventually(async () => {
      const answer = await notes(sample, guilty);
      assert.ok([503, 401].includes(answer.status), `${sample.language} let a revoked token in: ${answer.status}`);
      return answer.status === 401;
    }, `${sample.language} refuses what was revoked meanwhile`);
    await eventually(async () => (await notes(sample, innocents.bob)).status === 200, `${sample.language} is back`);
  }));
});

test("a backup that was restored: another feed, everything before it is over, and what was revoked stays so", async () => {
  const guilty = (await issuer.signIn(alice, site)).access_token;
  await accepted(guilty);
  await issuer.cli("session", "revoke", claims(guilty).sid);
  for (const sample of samples) await refused(sample, guilty, 0);
  const before = innocents.bob;
  await issuer.stop();
  await issuer.cli("restored");
  await issuer.start();
  await Promise.all(samples.map(async (sample) => {
    await eventually(async () => {
      const answer = await notes(sample, before);
      assert.ok([200, 503, 401].includes(answer.status), `${sample.language}: ${answer.status}`);
      return answer.status === 401;
    }, `${sample.language} refuses what was issued before the restore`);
    assert.equal((await notes(sample, guilty)).status, 401, sample.language);
  }));
  innocents = { bob: (await issuer.signIn(bob, site)).access_token, two: await issuer.machineToken(machines.two) };
  await Promise.all(samples.map(async (sample) => {
    await eventually(async () => (await notes(sample, innocents.bob)).status === 200, `${sample.language} accepts new tokens`);
  }));
});

test("a sample that is started while the issuer is away becomes ready later", async () => {
  await issuer.stop();
  const late = await Promise.all(languages.map((language) => started(language, settings)));
  await Promise.all(late.map(async (sample) => {
    assert.equal((await ask(sample, "/")).status, 200, sample.language);
    assert.equal((await ask(sample, "/ready")).status, 503, sample.language);
    // An empty verifier must not look like one with nothing revoked.
    assert.equal((await notes(sample, innocents.bob)).status, 503, sample.language);
  }));
  await issuer.start();
  await Promise.all(late.map(async (sample) => {
    await eventually(async () => (await ask(sample, "/ready")).status === 200, `${sample.language} is ready`);
    assert.equal((await notes(sample, innocents.bob)).status, 200, sample.language);
  }));
});

/** The milliseconds from the end of the revoking command to the first refusal. */
function table(rows) {
  const kinds = [...new Set(rows.map((row) => row.kind))];
  const lines = languages.map((language) => {
    const cells = kinds.map((kind) => rows.find((row) => row.language === language && row.kind === kind));
    return `${language.padEnd(8)}${cells.map((row) => (row ? row.refused.toFixed(0) : "-").padStart(7)).join("")}`;
  });
  return ["milliseconds from revoked to refused", `${"".padEnd(8)}${kinds.map((kind) => kind.padStart(7)).join("")}`, ...lines].join("\n");
}
