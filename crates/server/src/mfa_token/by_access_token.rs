//! Access tokens for the MFA API: what somebody who is logged in sets up and removes factors with.

use crate::access_token::Seen;
use crate::builtin;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use sekisho_rules::client::Party;
use sekisho_rules::factor::AMR_MULTI_FACTOR;
use sekisho_rules::family::Family;
use sekisho_rules::mfa_api::{Bearer, Proven};
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_rules::standing::Standing;
use sekisho_rules::user::User;
use sekisho_store::families;
use sekisho_verify::Scope;

/// A token that stands.
pub struct LoggedIn {
    /// Whose it is.
    pub user: User,
    /// The grant it came from.
    pub family: Family,
    /// What it is good for.
    pub scope: Scope,
}

impl LoggedIn {
    /// As the rules ask for it.
    pub fn bearer(&self) -> Bearer {
        let several = self.family.amr.iter().any(|method| method == AMR_MULTI_FACTOR);
        Bearer::Login {
            scope: self.scope.clone(),
            proven: if several { Proven::Several } else { Proven::One },
            auth_time: self.family.auth_time,
        }
    }
}

/// Reads an access token for this API that stands, of a user, held by an application of our own. Rows are read, so what was ended is
/// closed at once.
///
/// # Errors
/// [`Reason::MfaTokenMalformed`]; [`Refused`] when the database does not answer.
pub async fn by_access_token(visit: &Visit, text: &str) -> Result<LoggedIn, Refused> {
    let (app, now) = (&visit.app, visit.moment.now);
    let ours = builtin::mfa(&app.config.issuer);
    let seen = Seen::read(app, text, now).await?;
    let Some(seen) = seen.filter(|seen| seen.audiences.contains(&ours) && !seen.has_expired(now)) else {
        return Err(refused("no token for this API"));
    };
    let stood = seen.stand(app).await?;
    let client = app.rows.client(app, seen.token.client_id.as_str()).await?;
    let own = client.is_some_and(|known| known.client.party == Party::First);
    let family = families::by_gid(&app.db, &seen.token.gid).await?;
    match (stood.standing, stood.user, family) {
        (Standing::Stands, Some(user), Some(family)) if own => Ok(LoggedIn {
            user,
            family,
            scope: seen.token.scope,
        }),
        _ => Err(refused("it was ended, or is held by somebody else's application")),
    }
}

fn refused(private: &'static str) -> Refused {
    Refusal::new(Reason::MfaTokenMalformed, private).into()
}
