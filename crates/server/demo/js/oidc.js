// How a single-page app logs somebody in: OAuth 2.0 authorization code with PKCE, start to end, without a library.
// The app never sees a password. It sends the browser to the issuer, gets a one-time code back, and trades it for tokens.
//
// The tokens live in one variable of this page and nowhere else: not in localStorage, not in a cookie. A script that is
// injected tomorrow finds nothing to steal, and after a reload we simply ask the issuer again (see `silent`).

import { exchange } from "./wire.js";

const LOGIN = "sekisho-demo.login"; // what must survive the trip to the issuer and back, for this tab only
const SCOPE = "openid profile email offline_access read:notes write:notes";

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const sha256 = (text) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));

/** Reads the issuer's own description of itself: where to log in, where to get tokens, which keys it signs with. */
export async function discover(config) {
  const metadata = await (await fetch(`${config.issuer}.well-known/openid-configuration`)).json();
  if (metadata.issuer !== config.issuer) throw new Error(`the issuer calls itself ${metadata.issuer}`);
  const jwks = await (await fetch(metadata.jwks_uri)).json();
  return { ...config, metadata, jwks };
}

/** Step 1. Three fresh secrets, then off to the issuer. `extra` holds screen_hint, ui_locales and the like. */
export async function login(issuer, extra = {}) {
  const attempt = { verifier: random(), state: random(), nonce: random() };
  sessionStorage.setItem(LOGIN, JSON.stringify(attempt));
  location.assign(await authorizeUrl(issuer, attempt, extra));
}

/** Step 2. Back at /callback?code=..&state=..: is this the answer to *our* question? Then trade the code for tokens. */
export async function finish(issuer, query) {
  const attempt = JSON.parse(sessionStorage.getItem(LOGIN) ?? "null");
  sessionStorage.removeItem(LOGIN); // one use, whatever happens next
  // `state` proves that this browser started the login. Without it, somebody could log you in as *them*.
  if (!attempt || query.get("state") !== attempt.state) throw new OAuthError("state_mismatch", "");
  if (query.has("error")) throw new OAuthError(query.get("error"), query.get("error_description") ?? "");
  return redeem(issuer, attempt, query.get("code"));
}

/**
 * The same login without anybody seeing it: a hidden iframe asks the issuer "is this browser still signed in?"
 * (prompt=none). The issuer's cookie answers; the reply arrives as a message instead of a redirect.
 */
export async function silent(issuer) {
  const attempt = { verifier: random(), state: random(), nonce: random() };
  const url = await authorizeUrl(issuer, attempt, { prompt: "none", response_mode: "web_message" });
  const iframe = document.createElement("iframe");
  iframe.hidden = true;
  const answer = await new Promise((resolve, reject) => {
    const late = setTimeout(() => done(reject, new OAuthError("timeout", "")), 10_000);
    const done = (settle, value) => {
      clearTimeout(late);
      removeEventListener("message", listen);
      iframe.remove();
      settle(value);
    };
    const listen = (event) => {
      // Any window may send us messages. Only our iframe, showing the issuer's own page, is believed.
      if (event.source !== iframe.contentWindow || event.origin !== new URL(issuer.issuer).origin) return;
      if (event.data?.type === "authorization_response") done(resolve, event.data.response);
    };
    addEventListener("message", listen);
    iframe.src = url;
    document.body.append(iframe);
  });
  if (answer.state !== attempt.state) throw new OAuthError("state_mismatch", "");
  if (answer.error) throw new OAuthError(answer.error, answer.error_description ?? "");
  return redeem(issuer, attempt, answer.code);
}

/** Step 3, again and again: a refresh token buys a fresh access token. It changes every time; the old one is spent. */
export async function refresh(issuer, tokens) {
  const fresh = await tokenRequest(issuer, { grant_type: "refresh_token", refresh_token: tokens.refresh_token });
  return { ...tokens, ...fresh };
}

/** Ends the issuer's session too. Forgetting the tokens alone would leave the next click on "log in" signing you in. */
export function logoutUrl(issuer, tokens) {
  return `${issuer.metadata.end_session_endpoint}?${new URLSearchParams({
    client_id: issuer.client_id,
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: `${location.origin}/`,
  })}`;
}

/** Did this issuer sign this token? The browser can check by itself: the public keys are published. */
export async function signedByIssuer(issuer, token) {
  const [header, payload, signature] = token.split(".");
  const { kid, alg } = JSON.parse(bytesOf(header, "text"));
  const jwk = issuer.jwks.keys.find((key) => key.kid === kid);
  if (!jwk || alg !== "RS256") return false;
  const rs256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", { kty: jwk.kty, n: jwk.n, e: jwk.e }, rs256, false, ["verify"]);
  return crypto.subtle.verify(rs256, key, bytesOf(signature), new TextEncoder().encode(`${header}.${payload}`));
}

/** What the issuer (or our own checks) refused, by its OAuth name. */
export class OAuthError extends Error {
  constructor(code, description) {
    super(description || code);
    this.code = code;
  }
}

async function authorizeUrl(issuer, attempt, extra) {
  return `${issuer.metadata.authorization_endpoint}?${new URLSearchParams({
    response_type: "code",
    client_id: issuer.client_id,
    redirect_uri: redirectUri(),
    scope: SCOPE,
    audience: issuer.audience, // the API we want to call: the access token will be made for it
    state: attempt.state,
    nonce: attempt.nonce, // comes back inside the ID token, which ties that token to this login
    // PKCE: we show the hash now and the original later, so a stolen code is worth nothing to the thief.
    code_challenge: base64url(await sha256(attempt.verifier)),
    code_challenge_method: "S256",
    ...extra,
  })}`;
}

async function redeem(issuer, attempt, code) {
  const tokens = await tokenRequest(issuer, {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri(),
    code_verifier: attempt.verifier,
  });
  // An ID token is addressed to one app, for one login. Check every one of these before believing a word of it.
  const claims = JSON.parse(bytesOf(tokens.id_token.split(".")[1], "text"));
  const forUs = claims.iss === issuer.issuer && [claims.aud].flat().includes(issuer.client_id);
  const forNow = claims.nonce === attempt.nonce && claims.exp * 1000 > Date.now();
  if (!forUs || !forNow || !(await signedByIssuer(issuer, tokens.id_token))) throw new OAuthError("bad_id_token", "");
  return tokens;
}

async function tokenRequest(issuer, form) {
  const reply = await exchange(issuer.metadata.token_endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ client_id: issuer.client_id, ...form }).toString(),
  });
  if (!reply.ok) throw new OAuthError(reply.json?.error ?? `http_${reply.status}`, reply.json?.error_description ?? "");
  return { ...reply.json, wire: reply }; // `wire` is for this demo's eyes only
}

function bytesOf(part, as) {
  const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  return as === "text" ? new TextDecoder().decode(bytes) : bytes;
}

const redirectUri = () => `${location.origin}/callback`;
