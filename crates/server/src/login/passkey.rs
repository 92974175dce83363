//! `/u/passkey`: signing in with a passkey, by the button or by a suggestion in the e-mail field of the sign-in page. The passkey says
//! who it is, so nothing else is asked.

use super::{Open, open, password};
use crate::establish::{Proof, establish};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, see_other, with_cookies};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::pages::{LoginProblem, PasskeyPrompt};
use crate::passkeys::{self, Proven, Use};
use axum::body::Bytes;
use axum::response::Response;
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
