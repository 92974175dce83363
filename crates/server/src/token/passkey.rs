//! A passkey for tokens: the grant `urn:okta:params:oauth:grant-type:webauthn`. The challenge was given by
//! `/passkey/challenge`, or by `/passkey/register` to who has no account yet.

use super::login::{self, Wanted};
use crate::credential::CONNECTION;
use crate::establish::Proof;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::Tokens;
use crate::passkeys::signup::{self, Joined};
use crate::passkeys::{self, Proven, Use};
use sekisho_rules::client::GrantType;
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::grant::Wish;
use sekisho_rules::grant::login::{Login, may_log_in};
use sekisho_rules::refusal::Reason;
use sekisho_rules::user::User;

/// What the client sent.
#[derive(Clone, Copy)]
pub(super) struct Presented<'a> {
    /// The challenge, sealed.
    pub(super) session: &'a str,
    /// The authenticator's answer, in JSON.
    pub(super) response: &'a str,
    pub(super) realm: Option<&'a str>,
    /// The code that was mailed to who makes an account.
    pub(super) code: Option<&'a str>,
}

pub(super) async fn log_in(
    visit: &Visit,
    client: &AuthenticatedClient,
    wish: Wish,
    presented: Presented<'_>,
) -> Result<Tokens, Refused> {
    may_log_in(client.client(), GrantType::WebAuthn)?;
    if presented.realm.is_some_and(|realm| realm != CONNECTION) {
        return Err(Reason::UnknownRealm.into());
    }
    let answer = (presented.session, presented.response);
    if let Some(joined) = signup::finish(visit, &client.client().id, answer, presented.code).await? {
        return match joined {
            Joined::As(user, codes) => {
                let tokens = settle(visit, client, wish, *user).await?;
                Ok(tokens.with_recovery_codes(codes))
            }
            Joined::NoCode | Joined::WrongCode => Err(Refused::Unproven {
                auth_session: presented.session.to_owned(),
            }),
            Joined::CodeGone => Err(Reason::WrongMailCode.into()),
            Joined::Wrong => Err(Reason::WrongPasskey.into()),
            Joined::Expired => Err(Reason::AuthSession.into()),
            Joined::Taken => Err(Reason::SignUpTaken.into()),
            Joined::TooMany => Err(Reason::TooManyAttempts.into()),
        };
    }
    let purpose = Use::Token {
        client: &client.client().id,
    };
    let user = match passkeys::check(visit, purpose, presented.session, presented.response).await? {
        Proven::By(user) => *user,
        Proven::Wrong => return Err(Reason::WrongPasskey.into()),
        Proven::Expired => return Err(Reason::AuthSession.into()),
        Proven::TooMany => return Err(Reason::TooManyAttempts.into()),
    };
    settle(visit, client, wish, user).await
}

async fn settle(
    visit: &Visit,
    client: &AuthenticatedClient,
    wish: Wish,
    user: User,
) -> Result<Tokens, Refused> {
    let login = Login {
        user,
        amr: Proof::Passkey.amr(),
        auth_time: visit.moment.now,
    };
    login::settle(visit, client, login, Wanted::by(GrantType::WebAuthn, wish, "s")).await
}
