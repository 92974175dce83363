//! The room where Sekisho decides: OAuth, OpenID Connect, login and session rules as plain functions.
//!
//! A rule takes a typed request, facts already read, and `now`; it answers with an outcome enum. Nothing here waits, reads a clock,
//! rolls dice, speaks HTTP or knows a table.
//!
//! | to decide | open |
//! |---|---|
//! | what an authorization request may become | [`authorize`] |
//! | whether a client is who it says | [`client_auth`] |
//! | what a token request may become | [`grant`], [`family`] |
//! | what goes into a token | [`claims`] |
//! | what a logout ends and where it returns | [`logout`] |
//! | what a revocation request names | [`revoke`] |
//! | from when on tokens are void, and how long that is told | [`ending`] |
//! | whether an access token still stands, by its rows | [`standing`] |
//! | whether a proxy passes a request on | [`forward_auth`], [`gateway`] |
//! | who may ask about a token | [`introspect`] |
//! | whom we may call on somebody's behalf | [`egress`] |
//! | when work is tried again | [`job`] |
//! | whether an `mfa_token` is good, and what it may do | [`mfa_token`], [`mfa_api`] |
//! | what a token for the Management API allows | [`permission`] |
//! | whether a token opens the profile | [`userinfo`] |
//! | whether a link from a mail still works | [`ticket`] |
//! | what a person may say about themselves | [`profile`] |
//! | whether somebody who signed in elsewhere is believed | [`upstream`] |
//! | which second factor a login needs | [`factor`] |

pub mod api;
pub mod authorize;
pub mod claims;
pub mod client;
pub mod client_auth;
pub mod code;
pub mod consent;
pub mod cors;
pub mod egress;
pub mod ending;
pub mod factor;
pub mod family;
pub mod forward_auth;
pub mod gateway;
pub mod grant;
pub mod id;
pub mod identity;
pub mod introspect;
pub mod job;
pub mod login;
pub mod logout;
pub mod mfa_api;
pub mod mfa_token;
pub mod parameters;
pub mod permission;
pub mod pkce;
pub mod profile;
pub mod recovery_code;
pub mod redirect;
pub mod refusal;
pub mod revoke;
pub mod secret;
pub mod session;
pub mod session_state;
pub mod standing;
pub mod ticket;
pub mod time;
pub mod upstream;
pub mod user;
pub mod userinfo;
pub mod wire;
