//! HTTP as every feature meets it: who visits, what they sent, how they are answered.

pub mod bearer;
pub mod body;
pub mod cookie;
pub mod cors;
pub mod guard;
pub mod moment;
pub mod origins;
pub mod reply;
pub mod visit;
