//! `/u/passkey`: signing in with a passkey, by the button or by a suggestion in the e-mail field of the sign-in page. The passkey says
//! who it is, so nothing else is asked.

use super::{Due, Open, due, factor, open, password, resume};
use crate::establish::{Proof, establish, step_up};
use crate::factors;
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::pages::{FactorProblem, LoginProblem, PasskeyPrompt};
use crate::passkeys::{self, Proven, Use};
use axum::body::Bytes;
use axum::response::Response;
use sekisho_rules::factor::{FactorKind, Requirement};
use sekisho_rules::parameters::Parameters;

/// Takes the answer of an authenticator.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    let taken = async {
        let form = body::parameters(&visit.headers, &form, Accepts::Form)?;
        let open = match open(&visit, form.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        open.journey.check_form(&visit, Asked::Anybody, &form)?;
        attempt(&visit, &open, &form).await
    };
    taken
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

async fn attempt(visit: &Visit, open: &Open, form: &Parameters) -> Result<Response, Trouble> {
    let (challenge, response) = (form.hint("challenge"), form.hint("response"));
    let (challenge, response) = (challenge.unwrap_or_default(), response.unwrap_or_default());
    let purpose = Use::Login {
        journey: &open.journey.id,
        client: &open.trusted.client.id,
    };
    let user = match passkeys::check(visit, purpose, challenge, response).await? {
        Proven::By(user) => user,
        Proven::Wrong => return password::again(visit, open, LoginProblem::PasskeyRefused).await,
        Proven::Expired => return password::again(visit, open, LoginProblem::FormExpired).await,
        Proven::TooMany => return password::again(visit, open, LoginProblem::TooManyAttempts).await,
    };
    match establish(visit, &user, Proof::Passkey).await? {
        Some(cookies) => {
            let to = visit.link("/authorize/resume", &open.handle);
            Ok(with_cookies(see_other(&to), cookies))
        }
        None => password::again(visit, open, LoginProblem::PasskeyRefused).await,
    }
}

/// What the sign-in page asks the browser, where there can be passkeys.
pub(super) async fn prompt(visit: &Visit, open: &Open) -> Result<Option<PasskeyPrompt>, Trouble> {
    let purpose = Use::Login {
        journey: &open.journey.id,
        client: &open.trusted.client.id,
    };
    let offer = passkeys::offer(visit, purpose).await?;
    Ok(offer.map(|offer| PasskeyPrompt {
        action: visit.link("/u/passkey", &open.handle),
        state: open.handle.clone(),
        csrf: open.journey.form_token(Asked::Anybody),
        options: offer.options.to_string(),
        challenge: offer.challenge,
    }))
}

/// `/u/factor/passkey`: a passkey as the second factor. User verification is required here too: one rule for every door.
pub async fn prove(visit: Visit, form: Bytes) -> Response {
    proven(&visit, &form)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn proven(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    let due = match due(visit, form.hint("state")).await? {
        Ok(due) => due,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let journey = &due.open.journey;
    journey.check_form(visit, Asked::User(&due.user.id), &form)?;
    let asked = matches!(&due.needs, Requirement::Prove(kinds) if kinds.contains(&FactorKind::Passkey));
    if !asked {
        return Ok(resume(visit, &due.open));
    }
    let (challenge, response) = (form.hint("challenge"), form.hint("response"));
    let (challenge, response) = (challenge.unwrap_or_default(), response.unwrap_or_default());
    let problem = match passkeys::check(visit, of(&due), challenge, response).await? {
        Proven::By(_) => {
            // A session that ended meanwhile, or was proven anew, is asked again.
            let Some(cookies) = step_up(visit, &due.session, FactorKind::Passkey).await? else {
                return Ok(resume(visit, &due.open));
            };
            factors::remember_if_asked(visit, &due.user, &form).await?;
            return Ok(with_cookies(resume(visit, &due.open), cookies));
        }
        Proven::Wrong => FactorProblem::Wrong,
        Proven::Expired => FactorProblem::Expired,
        Proven::TooMany => FactorProblem::TooManyAttempts,
    };
    factor::again_by_passkey(visit, &due, problem).await
}

fn of(due: &Due) -> Use<'_> {
    Use::Factor {
        session: &due.session.id,
        user: &due.user.id,
        client: &due.open.trusted.client.id,
    }
}

/// What the page of the second factor asks the browser.
pub(super) async fn prompt_to_prove(visit: &Visit, due: &Due) -> Result<Option<PasskeyPrompt>, Trouble> {
    let offer = passkeys::offer(visit, of(due)).await?;
    Ok(offer.map(|offer| PasskeyPrompt {
        action: visit.link("/u/factor/passkey", &due.open.handle),
        state: due.open.handle.clone(),
        csrf: due.open.journey.form_token(Asked::User(&due.user.id)),
        options: offer.options.to_string(),
        challenge: offer.challenge,
    }))
}
