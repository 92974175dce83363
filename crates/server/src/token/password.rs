//! A password for tokens: the grants `password` (RFC 6749 section 4.3) and `password-realm`.

use super::login::{self, Wanted};
use crate::bot_check::{self, Passage};
use crate::credential::{self, CONNECTION, Checked};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::Tokens;
use sekisho_rules::client::GrantType;
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::grant::Wish;
use sekisho_rules::grant::login::{Login, may_log_in};
use sekisho_rules::identity::Email;
use sekisho_rules::refusal::{Reason, Refusal};

/// What the client sent.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) realm: Option<&'a str>,
    /// The answer of a bot check.
    pub(super) captcha: Option<&'a str>,
}

pub(super) async fn log_in(
    visit: &Visit,
    client: &AuthenticatedClient,
    asked: (GrantType, Wish),
    typed: Typed<'_>,
) -> Result<Tokens, Refused> {
    let (grant, wish) = asked;
    may_log_in(client.client(), grant)?;
    if typed.realm.is_some_and(|realm| realm != CONNECTION) {
        return Err(Reason::UnknownRealm.into());
    }
    // Text that is no address is nobody's, and is answered as a wrong password is (threat 24).
    let Ok(email) = Email::parse(typed.username) else {
        return Err(Refusal::new(Reason::WrongPassword, "the user name is no address").into());
    };
    match bot_check::passes(visit, &email.folded, typed.captcha).await? {
        Passage::Open => {}
        Passage::Missing | Passage::Refused => return Err(Reason::BotCheckDue.into()),
        Passage::TooMany => return Err(Reason::TooManyAttempts.into()),
        Passage::Busy => return Err(Reason::Unavailable.into()),
    }
    let user = match credential::password(visit, Some(&client.client().id), &email, typed.password).await? {
        Checked::Right(user) => *user,
        Checked::Wrong => return Err(Reason::WrongPassword.into()),
        Checked::TooMany => return Err(Reason::TooManyAttempts.into()),
        Checked::Busy => return Err(Reason::Unavailable.into()),
    };
    let login = Login {
        user,
        amr: vec!["pwd".to_owned()],
        auth_time: visit.moment.now,
    };
    login::settle(visit, client, login, Wanted::by(grant, wish, "sepft")).await
}
