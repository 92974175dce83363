//! Signing in: what a factor must be like and what follows from one.

pub mod attempts;
pub mod bot_check;
pub mod one_time_code;
pub mod passkey;
pub mod password;
pub mod policy;
pub mod risk;
mod tried_first;
