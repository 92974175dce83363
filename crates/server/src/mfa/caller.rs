//! Who calls the MFA API, by the bearer token of the request.

use crate::factors;
use crate::http::bearer;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::mfa_token;
use axum::body::Bytes;
use axum::response::Response;
use sekisho_rules::factor::Factors;
use sekisho_rules::mfa_api::{Action, Bearer, may};
use sekisho_rules::mfa_token::MfaToken;
use sekisho_rules::user::User;

/// A caller who may do what they asked for.
pub(super) struct Caller {
    /// Whose factors it is about.
    pub(super) user: User,
    /// What they have set up.
    pub(super) held: Factors,
    /// The `mfa_token`, unless it was an access token.
    pub(super) owing: Option<MfaToken>,
    /// What their login proved.
    pub(super) amr: Vec<String>,
    /// The id of the token or its grant.
    pub(super) of: String,
}

/// Lets the bearer of a request do something.
pub(super) async fn admit(visit: &Visit, action: Action) -> Result<Caller, Response> {
    let token = bearer::token(&visit.headers, &Bytes::new()).map_err(|error| error.response())?;
    let caller = read(visit, &token, action).await;
    caller.map_err(|refused| refused.oauth(visit.app.config.wire))
}

async fn read(visit: &Visit, token: &str, action: Action) -> Result<Caller, Refused> {
    let (bearer, (user, amr), owing, of) = match mfa_token::is_one(visit, token) {
        true => {
            let (token, user) = mfa_token::read(visit, token, None).await?;
            let (id, amr) = (token.id.clone(), token.amr.clone());
            (
                Bearer::FirstFactor(token.owed.clone()),
                (user, amr),
                Some(token),
                id,
            )
        }
        false => {
            let held = mfa_token::by_access_token(visit, token).await?;
            let of = held.family.gid.as_str().to_owned();
            (held.bearer(), (held.user, held.family.amr), None, of)
        }
    };
    let held = factors::held(visit, &user).await?;
    may(&bearer, action, &held, visit.moment.now)?;
    Ok(Caller {
        user,
        held,
        owing,
        amr,
        of,
    })
}
