//! The demo that `sekisho dev` serves beside the issuer: a browser app, the same behind the gateway, and an API, each on its own port.
//!
//! Both are ordinary outsiders. The app is an OAuth client in JavaScript; the API trusts tokens through
//! `sekisho-verify` alone and shares no state with the issuer.

pub mod api;
pub mod app;
pub mod behind;
