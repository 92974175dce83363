// A person without a browser: plain HTTP with a cookie jar that walks through the hosted pages and stops at the app's door.

import assert from "node:assert/strict";

const MAX_STEPS = 12;

/**
 * Follows `url` from page to page, signing in when asked, until it would leave for `redirectUri`; answers that URL.
 * `jar` (a Map) holds the cookies: hand the same one over again to be the same browser.
 */
export async function signInAs({ email, password }, url, redirectUri, jar = new Map()) {
  let request = { url: new URL(url), init: {} };
  for (let step = 0; step < MAX_STEPS; step++) {
    if (request.url.href.startsWith(redirectUri)) return request.url;
    const reply = await fetch(request.url, {
      ...request.init,
      redirect: "manual",
      headers: { ...request.init.headers, cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
    });
    for (const line of reply.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      if (value === "" || /max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    if (reply.status >= 300 && reply.status < 400) {
      request = { url: new URL(reply.headers.get("location"), request.url), init: {} };
      continue;
    }
    const html = await reply.text();
    assert.equal(reply.status, 200, `${request.url} answered ${reply.status}:\n${html}`);
    request = submit(html, request.url, { email, password });
  }
  throw new Error(`not at ${redirectUri} after ${MAX_STEPS} steps, but at ${request.url}`);
}

/** The POST that the page's form would send, with its hidden fields and the person's answers. */
function submit(html, base, answers) {
  const form = /<form[^>]*method="post"[^>]*>([\s\S]*?)<\/form>/i.exec(html);
  assert.ok(form, `a page without a form:\n${html}`);
  const fields = new URLSearchParams();
  for (const [input] of form[1].matchAll(/<input[^>]*>/gi)) {
    const name = attribute(input, "name");
    if (name) fields.set(name, answers[name] ?? attribute(input, "value") ?? "");
  }
  const action = attribute(/<form[^>]*>/i.exec(form[0])[0], "action") ?? base.href;
  return {
    url: new URL(action, base),
    init: { method: "POST", body: fields, headers: { origin: base.origin } },
  };
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'", "#38": "&", "#34": '"' };

function attribute(tag, name) {
  const found = new RegExp(`\\s${name}="([^"]*)"`, "i").exec(tag);
  return found?.[1].replaceAll(/&(#?\w+);/g, (whole, entity) => ENTITIES[entity.toLowerCase()] ?? whole);
}
