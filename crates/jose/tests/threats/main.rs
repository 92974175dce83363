//! The vulnerability classes of JWT libraries, one test or more each, named for their number in the threat list.
//! J4 and J5 are also answered by the Wycheproof vectors beside the primitives, J6 by the tests of `base64url`.

#![expect(clippy::unwrap_used, reason = "tests")]

mod claims;
mod forge;
mod headers;
mod keys;
mod signatures;
