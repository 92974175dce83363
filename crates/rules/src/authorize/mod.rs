//! Authorization requests (RFC 6749 section 4.1, OpenID Connect Core section 3.1.2), in three beats:
//! [`trust`] proves client and redirect URI, [`check`] reads the rest of the request, [`next`] decides what the browser does.
//!
//! Before [`trust`] an error may only be a page; after it an error travels to the proven redirect URI.

mod check;
mod next;
mod respond;
mod trust;

pub use check::{Prompt, Screen, Valid, audience, check};
pub use next::{Facts, Known, Next, Provable, SignedIn, Step, factor_due, next};
pub use respond::Response;
pub use trust::{ResponseMode, Trusted, client_id, trust};
