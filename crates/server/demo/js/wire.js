// One HTTP exchange, kept as text so that the page can show exactly what went over the wire, both ways.

/** Sends a request and answers {ok, status, json, request, response, took}; the texts are what a terminal would show. */
export async function exchange(url, { method = "GET", headers = {}, body } = {}) {
  const { host, pathname, search } = new URL(url);
  const lines = [`${method} ${pathname}${search}`, `Host: ${host}`, `Origin: ${location.origin}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  const request = lines.join("\n") + (body ? `\n\n${body}` : "");
  const start = performance.now();
  // `no-store`: what is shown must come from the server, not from the browser's cache.
  const reply = await fetch(url, { method, headers, body, cache: "no-store" });
  const text = await reply.text();
  const took = Math.max(1, Math.round(performance.now() - start));
  const json = parsed(text);
  const shown = [`${reply.status} ${reply.statusText}`.trim()];
  // A browser shows scripts of another origin only those headers that the server exposes by CORS.
  for (const [name, value] of reply.headers) shown.push(`${name}: ${value}`);
  const response = `${shown.join("\n")}\n\n${json === undefined ? text : JSON.stringify(json, null, 2)}`;
  return { ok: reply.ok, status: reply.status, json, request, response, took };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
