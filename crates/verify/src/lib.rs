//! What an API does with an access token.

mod scope;

pub use scope::{Scope, ScopeError};
