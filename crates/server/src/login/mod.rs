//! The steps of a sign-in that a person sees. None calls another: each writes what it achieved and returns to `/authorize/resume`.

pub mod advice;
pub mod code;
pub mod consent;
pub mod enrol;
pub mod factor;
pub mod join;
pub mod passkey;
pub mod password;
pub mod signup;
mod social;
pub mod upstream;

use crate::factors;
use crate::http::reply::{Trouble, see_other};
use crate::http::visit::Visit;
use crate::journey::{Journey, Purpose};
use crate::respond::refuse;
use crate::signed_in::browser;
use crate::upstream::Joining;
use axum::response::Response;
use sekisho_rules::authorize::{Trusted, Valid, factor_due};
use sekisho_rules::factor::Requirement;
use sekisho_rules::session::Session;
use sekisho_rules::upstream::Connection;
use sekisho_rules::user::User;

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

/// A journey that waits for a second factor of who is signed in at this browser.
pub(crate) struct Due {
    pub(crate) open: Open,
    pub(crate) session: Session,
    pub(crate) user: User,
    pub(crate) needs: Requirement,
}

/// Opens a journey that waits for a second factor. What it waits for is decided here again, by the rule that sent the browser: a page
/// takes nothing else, for nobody else. A journey that waits for something other goes back to be told.
pub(crate) async fn due(visit: &Visit, handle: Option<&str>) -> Result<Result<Due, Response>, Trouble> {
    let mut open = match open(visit, handle).await? {
        Ok(open) => open,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let signed_in = browser(visit).await?.signed_in;
    open.valid.multi_factor |= Joining::lacks_a_factor(visit, signed_in.as_ref()).await?;
    let Some((session, user)) = signed_in else {
        return Ok(Err(resume(visit, &open)));
    };
    let provable = factors::provable(visit, &user).await?;
    let policy = visit.app.config.mfa.policy;
    let needs = factor_due(&open.trusted, &open.valid, &session, policy, &provable);
    if needs == Requirement::Satisfied {
        return Ok(Err(resume(visit, &open)));
    }
    Ok(Ok(Due {
        open,
        session,
        user,
        needs,
    }))
}

/// Back to where it is decided what comes next.
pub(crate) fn resume(visit: &Visit, open: &Open) -> Response {
    see_other(&visit.link("/authorize/resume", &open.handle))
}
