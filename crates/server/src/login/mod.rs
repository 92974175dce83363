//! The steps of a sign-in that a person sees. None calls another: each writes what it achieved and returns to `/authorize/resume`.

pub mod consent;
pub mod join;
pub mod passkey;
pub mod password;
pub mod signup;
mod social;
pub mod upstream;

use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::journey::{Journey, Purpose};
use crate::respond::refuse;
use axum::response::Response;
use sekisho_rules::authorize::{Trusted, Valid};
use sekisho_rules::upstream::Connection;

/// A journey that is open in this browser and whose request still holds.
pub(crate) struct Open {
    pub(crate) journey: Journey,
    pub(crate) trusted: Trusted,
    pub(crate) valid: Valid,
    pub(crate) handle: String,
    /// The other services people may sign in at.
    pub(crate) offered: Vec<Connection>,
}

/// Opens the journey a page or form belongs to. What was a good request an hour ago may not be one now, so it is read again; a refusal
/// goes to the application.
pub(crate) async fn open(visit: &Visit, handle: Option<&str>) -> Result<Result<Open, Response>, Trouble> {
    let journey = Journey::open(visit, Purpose::SignIn, handle)?;
    let (trusted, checked) = journey.read(visit).await?;
    match checked {
        Ok(valid) => Ok(Ok(Open {
            journey,
            trusted,
            valid,
            handle: handle.unwrap_or_default().to_owned(),
            offered: crate::upstream::offered(visit).await?,
        })),
        Err(refusal) => refuse(visit, &trusted, &refusal).map(Err),
    }
}
