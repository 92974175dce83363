//! The laws of the rules: what no request, no row and no order of events may ever bring about.

#![expect(clippy::unwrap_used, reason = "tests")]

mod assertion;
mod authorize;
mod claims;
mod code;
mod egress;
mod ending;
mod factor;
mod family;
mod introspect;
mod job;
mod logout;
mod machine;
mod notices;
mod permission;
mod refresh;
mod requests;
mod session;
mod session_state;
mod standing;
mod upstream;
mod userinfo;
mod world;
