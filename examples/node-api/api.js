// An API whose tokens are issued by Sekisho: no call per request, and a revoked token is refused within a second.

import express from 'express';
import { createVerifier } from '@sekisho/verify';
import { requireToken } from '@sekisho/verify/express';

const env = process.env;
const verifier = createVerifier({
  issuer: env.SEKISHO_ISSUER,
  audience: env.SEKISHO_AUDIENCE,
  clientId: env.SEKISHO_CLIENT_ID,
  clientSecret: env.SEKISHO_CLIENT_SECRET,
  stateFile: env.SEKISHO_STATE_FILE || undefined,
  onStale: env.SEKISHO_ON_STALE || undefined,
  maxStale: env.SEKISHO_MAX_STALE ? Number(env.SEKISHO_MAX_STALE) : undefined,
});

const app = express();
app.disable('x-powered-by');

app.get('/', (request, response) => response.json({ hello: 'world' }));

app.get('/notes', requireToken(verifier, { scope: 'read:notes' }), (request, response) => {
  response.json({ sub: request.auth.payload.sub });
});

app.get('/ready', (request, response) => {
  const status = verifier.status();
  response.status(status.ready ? 200 : 503).json(status);
});

const server = app.listen(Number(env.PORT ?? 3001), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
    verifier.close();
  });
}
