//! Signing in: what a factor must be like and what follows from one.

mod common;
pub mod one_time_code;
pub mod passkey;
pub mod attempts;
pub mod password;
pub mod policy;
