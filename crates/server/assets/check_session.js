// Answers an application's page that frames this one (Session Management 1.0 section 3.2): it sends "client_id session_state",
// and hears "unchanged", "changed", or "error" when the question makes no sense or this browser hides our cookie in a frame.
{
  const name = `${document.body.dataset.cookie}=`;

  const browserState = () => {
    const found = document.cookie.split("; ").find((pair) => pair.startsWith(name));
    return found ? found.slice(name.length) : "";
  };

  const sha256 = async (text) => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  // Where a browser keeps a framed page from its cookies, nobody is there to be seen; "changed" would send the application in circles.
  const sees = async () => {
    try {
      return document.hasStorageAccess ? await document.hasStorageAccess() : true;
    } catch {
      return false;
    }
  };

  const verdict = async ({ data, origin }) => {
    const asked = typeof data === "string" ? /^(.+) ([0-9a-f]{64})\.([0-9a-f]+)$/.exec(data) : null;
    if (!asked || !(await sees())) return "error";
    const [, client, hash, salt] = asked;
    return (await sha256(`${client} ${origin} ${browserState()} ${salt}`)) === hash ? "unchanged" : "changed";
  };

  addEventListener("message", async (event) => {
    if (!event.source || event.source === window || event.origin === "null") return;
    event.source.postMessage(await verdict(event), event.origin);
  });
}
