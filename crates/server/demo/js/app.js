// The page: shows who is signed in, takes the tokens apart, calls the API. The protocol itself is in oidc.js.

import * as oidc from "./oidc.js";
import { lang, setUp, text } from "./prefs.js";
import { tokenCard, tick } from "./cards.js";
import { takeApart, tampered } from "./token.js";
import { exchange } from "./wire.js";

const WAS_HERE = "sekisho-demo.signed-in"; // worth asking the issuer after a reload? (no secret, just yes)
const $ = (selector) => document.querySelector(selector);

let issuer; // configuration, the issuer's metadata and its public keys
let tokens; // access_token, id_token, refresh_token: here and nowhere else
let seals = {}; // which tokens this browser found properly signed
let notice; // {kind, key | code, detail}
let last; // the last API call: {kind, reply, verdict}
let ready = false;

/** The calls of the page: which token goes along, and what an honest API must answer. */
const CALLS = {
  access: { path: "/me", token: () => tokens.access_token, expected: 200 },
  read: { path: "/notes", token: () => tokens.access_token, expected: 200 },
  write: { path: "/notes", method: "POST", token: () => tokens.access_token, expected: 201 },
  none: { path: "/me", token: () => undefined, expected: 401 },
  broken: { path: "/me", token: () => tampered(tokens.access_token), expected: 401 },
  expired: { path: "/me", token: expiredToken, expected: 401 },
  id: { path: "/me", token: () => tokens.id_token, expected: 401 },
};

setUp(draw);
$("#login").addEventListener("click", () => attempt(() => oidc.login(issuer, { ui_locales: lang() })));
$("#signup").addEventListener("click", () =>
  attempt(() => oidc.login(issuer, { ui_locales: lang(), screen_hint: "signup" })),
);
$("#refresh").addEventListener("click", (event) =>
  attempt(async () => {
    event.currentTarget.disabled = true;
    await keep(await oidc.refresh(issuer, tokens), "refreshed");
  }).finally(() => ($("#refresh").disabled = false)),
);
$("#logout").addEventListener("click", () => {
  const url = oidc.logoutUrl(issuer, tokens);
  forget();
  location.assign(url);
});
$("#notice-close").addEventListener("click", () => {
  notice = undefined;
  draw();
});
setInterval(tick, 500);
await start();

/** What a fresh page does: read the configuration, then finish a login, or ask whether there still is a session. */
async function start() {
  const query = new URLSearchParams(location.search);
  const cameBack = location.pathname === "/callback";
  history.replaceState(null, "", "/"); // the code is spent; keep it out of the history and of screenshots
  await attempt(async () => {
    const config = await (await fetch("/config.json")).json();
    if (config.behind_url) Object.assign($("#behind"), { href: config.behind_url, hidden: false });
    issuer = await oidc.discover(config);
    if (cameBack) await keep(await oidc.finish(issuer, query), "welcome");
    else if (sessionStorage.getItem(WAS_HERE)) {
      try {
        await keep(await oidc.silent(issuer), "restored");
      } catch (error) {
        if (error.code !== "login_required") throw error;
        forget(); // signed out elsewhere in the meantime
      }
    }
  });
  ready = true;
  draw();
}

async function keep(fresh, key) {
  tokens = fresh;
  sessionStorage.setItem(WAS_HERE, "yes");
  seals = {};
  for (const name of ["id_token", "access_token"])
    seals[name] = takeApart(tokens[name]) ? await oidc.signedByIssuer(issuer, tokens[name]) : false;
  notice = { kind: "good", key };
  draw();
}

function forget() {
  tokens = last = undefined;
  sessionStorage.removeItem(WAS_HERE);
}

/** Runs `work`; whatever it throws becomes a sentence on the page, never a silent console line. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (error.code === "invalid_grant") forget();
    notice = { kind: "bad", code: error.code ?? (error instanceof TypeError ? "unreachable" : "unexpected"), detail: error.message };
    draw();
  }
}

/** Our own token if its time is up; else one that the issuer signed, with its real key, when it was already over. */
async function expiredToken() {
  const own = takeApart(tokens.access_token);
  if (own && own.payload.exp * 1000 < Date.now()) return tokens.access_token;
  return (await fetch("/expired-token")).text();
}

async function call(kind) {
  const { path, method = "GET", token, expected } = CALLS[kind];
  try {
    const bearer = await token();
    const headers = bearer ? { Authorization: `Bearer ${bearer}` } : {};
    const body = method === "POST" ? JSON.stringify({ text: text().noteText }) : undefined;
    if (body) headers["Content-Type"] = "application/json";
    const reply = await exchange(new URL(path, issuer.api_url).href, { method, headers, body });
    last = { kind, reply, verdict: reply.status === expected ? kind : lateOrWrong(bearer, reply) };
  } catch {
    last = { kind, verdict: "down" };
  }
  drawOutcome();
  $("#outcome").scrollIntoView({ block: "nearest" });
}

function lateOrWrong(bearer, reply) {
  const exp = bearer && takeApart(bearer)?.payload.exp;
  return reply.status === 401 && exp * 1000 < Date.now() ? "late" : "wrong";
}

function draw() {
  const t = text();
  document.title = t.title;
  $("#loading").hidden = ready;
  $("#signed-out").hidden = !ready || Boolean(tokens);
  $("#signed-in").hidden = !ready || !tokens;
  $("#notice").hidden = !notice;
  if (notice) {
    $("#notice").className = `notice ${notice.kind}`;
    const known = t.errors[notice.code];
    const detail = notice.detail && notice.detail !== notice.code ? ` (${notice.code}: ${notice.detail})` : ` (${notice.code})`;
    $("#notice-text").textContent = notice.key ? t[notice.key] : `${t.errorTitle}. ${known ?? ""}${detail}`;
  }
  const user = issuer?.user;
  $("#hint").hidden = !user;
  if (user) {
    $("#hint-email").textContent = user.email;
    $("#hint-password").textContent = user.password;
  }
  if (tokens) drawSignedIn(t);
}

function drawSignedIn(t) {
  const { payload: me } = takeApart(tokens.id_token);
  const name = me.name ?? me.email ?? me.sub;
  $("#avatar").textContent = [...name][0].toUpperCase();
  $("#who-name").textContent = name === me.email || !me.email ? name : `${name} · ${me.email}`;
  $("#who-sub").textContent = me.sub;
  $("#tokens").replaceChildren(
    tokenCard("id", tokens.id_token, { title: t.idToken, text: t.idTokenText, sealed: seals.id_token }),
    tokenCard("access", tokens.access_token, { title: t.accessToken, text: t.accessTokenText, sealed: seals.access_token }),
  );
  $("#refresh-token-text").textContent = tokens.refresh_token ? t.refreshTokenText : t.noRefreshToken;
  $("#refresh").hidden = !tokens.refresh_token;
  $("#wire-request").textContent = tokens.wire.request;
  $("#wire-response").textContent = tokens.wire.response;
  $("#calls").replaceChildren(...Object.keys(CALLS).map(callRow));
  drawOutcome();
  tick();
}

function callRow(kind) {
  const row = document.createElement("div");
  row.className = "call";
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.call = kind;
  button.textContent = text().calls[kind].button;
  button.addEventListener("click", () => call(kind));
  const about = document.createElement("p");
  about.textContent = text().calls[kind].text;
  row.append(button, about);
  return row;
}

function drawOutcome() {
  const box = $("#outcome");
  if (!last) {
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = text().noCall;
    return box.replaceChildren(empty);
  }
  const { kind, reply, verdict } = last;
  const head = document.createElement("p");
  head.className = "status";
  const code = document.createElement("strong");
  code.id = "call-status";
  code.dataset.call = kind;
  code.dataset.asExpected = String(verdict === kind);
  code.className = `badge ${reply?.ok ? "good" : verdict === kind ? "stop" : "bad"}`;
  code.textContent = reply ? String(reply.status) : "–";
  head.append(code, ` ${text().calls[kind].button}`);
  if (reply) head.append(Object.assign(document.createElement("small"), { textContent: text().took(reply.took) }));
  const why = Object.assign(document.createElement("p"), { textContent: text().outcomes[verdict] });
  const parts = [head, why];
  for (const side of reply ? ["request", "response"] : []) {
    parts.push(Object.assign(document.createElement("h4"), { textContent: text()[side] }));
    parts.push(Object.assign(document.createElement("pre"), { id: `call-${side}`, tabIndex: 0, textContent: reply[side] }));
  }
  return box.replaceChildren(...parts);
}
