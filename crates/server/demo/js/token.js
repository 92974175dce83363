// Takes a token apart for the eye. Nothing here decides anything: looking at a token is not verifying it.

/** Splits a JWT into its three parts; an opaque token (no three parts) answers undefined. */
export function takeApart(token) {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    return { parts, header: decode(parts[0]), payload: decode(parts[1]) };
  } catch {
    return undefined;
  }
}

/** The same token with another name in its payload and the old signature: what a forger without the key can do. */
export function tampered(token) {
  const [header, payload, signature] = token.split(".");
  const claims = decode(payload);
  const bytes = new TextEncoder().encode(JSON.stringify({ ...claims, sub: "auth0|somebody-else" }));
  const forged = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return [header, forged, signature].join(".");
}

/** Writes a number of seconds as 4:07, or 23:59:59 when hours are needed. */
export function clock(seconds) {
  const two = (n) => String(n).padStart(2, "0");
  const left = Math.max(0, Math.ceil(seconds));
  const [h, m, s] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const decode = (part) =>
  JSON.parse(
    new TextDecoder().decode(
      Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0)),
    ),
  );
