// What stands between the world and the issuer: an HTTP proxy that can cut off the revocation feed and nothing else.

import { createServer, request } from "node:http";
import { once } from "node:events";

export class Wire {
  #server;
  #feeds = new Set();
  #cut = false;

  /** Listens on a port of its own and hands everything on to `port()`. */
  static async before(port) {
    const wire = new Wire();
    wire.#server = createServer((incoming, outgoing) => wire.#pass(incoming, outgoing, port()));
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  get port() {
    return this.#server.address().port;
  }

  /** From now on nobody gets at the feed; streams that are open end in the middle. */
  cutFeed() {
    this.#cut = true;
    for (const outgoing of this.#feeds) outgoing.destroy();
  }

  openFeed() {
    this.#cut = false;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #pass(incoming, outgoing, port) {
    const feed = incoming.url.startsWith("/revocations");
    if (feed && this.#cut) return outgoing.destroy();
    if (feed) this.#feeds.add(outgoing);
    const { method, url, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path: url, headers });
    onward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    // Nobody there is nobody there on this side too.
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => {
      this.#feeds.delete(outgoing);
      onward.destroy();
    });
    incoming.pipe(onward);
  }
}
