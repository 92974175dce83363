//! A code that was mailed for tokens: the grant `http://auth0.com/oauth/grant-type/passwordless/otp`.

use super::login::{self, Wanted};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::Tokens;
use crate::mailed_login::{self, Entered};
use sekisho_rules::client::GrantType;
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::grant::Wish;
use sekisho_rules::grant::login::{Login, may_log_in};
use sekisho_rules::identity::Email;
use sekisho_rules::refusal::{Reason, Refusal};

/// `typed` is the address, the code and the connection.
pub(super) async fn log_in(
    visit: &Visit,
    client: &AuthenticatedClient,
    wish: Wish,
    typed: (&str, &str, &str),
) -> Result<Tokens, Refused> {
    let (username, code, realm) = typed;
    let grant = GrantType::PasswordlessOtp;
    may_log_in(client.client(), grant)?;
    if realm != mailed_login::CONNECTION || !mailed_login::is_open(visit) {
        return Err(Reason::UnknownRealm.into());
    }
    // Text that is no address is nobody's, and is answered as a wrong code is (threat 24).
    let Ok(email) = Email::parse(username) else {
        return Err(Refusal::new(Reason::WrongMailCode, "the user name is no address").into());
    };
    let user = match mailed_login::enter(visit, &client.client().id, &email, code).await? {
        Entered::As(user) => *user,
        Entered::Wrong => return Err(Reason::WrongMailCode.into()),
        Entered::TooMany => return Err(Reason::TooManyAttempts.into()),
    };
    let login = Login {
        user,
        amr: vec!["otp".to_owned()],
        auth_time: visit.moment.now,
    };
    login::settle(visit, client, login, Wanted::by(grant, wish, "sepft")).await
}
