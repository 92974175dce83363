// @sekisho/verify: verifies Sekisho access tokens without a call per request, and refuses a revoked one within a second.

export { Refusal, bearer } from './refusal.js';
export { Verifier, createVerifier } from './verifier.js';
