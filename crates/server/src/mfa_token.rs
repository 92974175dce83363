//! The `mfa_token` and the `oob_code` on their way to a client and back: sealed, and good together only.

mod by_access_token;

pub use by_access_token::{LoggedIn, by_access_token};

use crate::http::reply::Refused;
use crate::http::visit::Visit;
use sekisho_rules::client::{Client, Standing};
use sekisho_rules::factor::FactorKind;
use sekisho_rules::mfa_token::{LIFETIME_SECONDS, MfaToken, Unfit};
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::{mfa_tokens, users};
use serde::{Deserialize, Serialize};

/// What they are sealed for.
const TOKEN: &str = "mfa token";
const OOB_CODE: &str = "code sent for an mfa token";

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 8192;

/// Its text.
///
/// # Errors
/// [`Refused::Internal`] when sealing fails.
pub fn seal(visit: &Visit, token: &MfaToken) -> Result<String, Refused> {
    let sealed = serde_json::to_vec(token)
        .ok()
        .and_then(|plain| visit.app.sealer.seal_transient(TOKEN, &plain).ok());
    sealed.ok_or(Refused::Internal("an mfa_token cannot be sealed"))
}

/// Reads one that is good in the hands of this client, with the person it speaks for. Without a client, where the token is the only
/// credential, it is the client it was made for that must still be there.
///
/// # Errors
/// [`Reason::MfaTokenMalformed`] and [`Reason::MfaTokenExpired`]; [`Refused`] when the database does not answer.
pub async fn read(visit: &Visit, text: &str, client: Option<&Client>) -> Result<(MfaToken, User), Refused> {
    let app = &visit.app;
    let token = open(visit, text).ok_or(Reason::MfaTokenMalformed)?;
    let known = match client {
        Some(client) => Some(client.clone()),
        None => {
            let found = app.rows.client(app, token.client.as_str()).await?;
            found.map(|known| known.client.clone())
        }
    };
    let Some(client) = known.filter(|client| client.standing == Standing::Enabled) else {
        return Err(malformed("its client is gone"));
    };
    let user = users::by_id(&app.db, &token.user).await?;
    let issuer_epoch = app.rows.issuer(app).await?.epoch;
    match (
        token.fits(&client, user.as_ref(), issuer_epoch, visit.moment.now),
        user,
    ) {
        (Err(Unfit::Expired), _) => Err(Reason::MfaTokenExpired.into()),
        (Ok(()), Some(user)) => match mfa_tokens::is_spent(&app.db, &token.id).await? {
            true => Err(malformed("it was used")),
            false => Ok((token, user)),
        },
        _ => Err(malformed(
            "it is another client's, or the person is not who they were",
        )),
    }
}

/// Whether a text is a token of ours at all, good or not.
pub fn is_one(visit: &Visit, text: &str) -> bool {
    open(visit, text).is_some()
}

fn malformed(private: &'static str) -> Refused {
    Refusal::new(Reason::MfaTokenMalformed, private).into()
}

fn open(visit: &Visit, text: &str) -> Option<MfaToken> {
    if text.len() > LONGEST {
        return None;
    }
    let plain = visit.app.sealer.open_transient(TOKEN, text).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// Says which code was sent, and for whom: the code itself is in the mail.
#[derive(Serialize, Deserialize)]
struct OobCode {
    of: String,
    kind: FactorKind,
    issued_at: Timestamp,
}

/// The `oob_code` for a code that was sent on the way of this factor to the holder of a token, named by its id.
///
/// # Errors
/// [`Refused::Internal`] when sealing fails.
pub fn seal_oob(visit: &Visit, of: &str, kind: FactorKind) -> Result<String, Refused> {
    let code = OobCode {
        of: of.to_owned(),
        kind,
        issued_at: visit.moment.now,
    };
    let sealed = serde_json::to_vec(&code)
        .ok()
        .and_then(|plain| visit.app.sealer.seal_transient(OOB_CODE, &plain).ok());
    sealed.ok_or(Refused::Internal("an oob_code cannot be sealed"))
}

/// By which factor the code was sent that an `oob_code` names. `None` when it is none of ours, too old, or of another token.
pub fn open_oob(visit: &Visit, text: &str, of: &str) -> Option<FactorKind> {
    if text.len() > LONGEST {
        return None;
    }
    let plain = visit.app.sealer.open_transient(OOB_CODE, text).ok()?;
    let code: OobCode = serde_json::from_slice(&plain).ok()?;
    let age = visit.moment.now.millis_since(code.issued_at);
    (code.of == of && (0..LIFETIME_SECONDS * 1000).contains(&age)).then_some(code.kind)
}
