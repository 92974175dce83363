//! Where a browser is sent to sign in elsewhere, and how the code it comes back with is redeemed.

use super::fresh::{self, Wanted};
use super::{Connection, Endpoints, Strategy};
use crate::pkce::Challenge;
use url::Url;

/// What binds an answer to its request. All three are fresh for each request.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a> {
    /// Comes back in the answer, and is known to this browser only.
    pub state: &'a str,
    /// Comes back in the ID token.
    pub nonce: &'a str,
    /// Redeems the code (RFC 7636).
    pub verifier: &'a str,
}

/// What else a request says.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Where the answer goes.
    pub redirect_uri: &'a str,
    /// The languages of the person.
    pub locales: Option<&'a str>,
    /// How fresh their proof has to be.
    pub proof: Wanted,
}

/// Decides the authorization request to a provider; `None` when its address is none.
///
/// RFC 9700 section 2.1.1: PKCE with S256 always, though not every provider looks at it; OpenID Connect Core section 3.1.2.1: `nonce`
/// wherever an ID token comes back. Apple answers by a form when a name or an address is asked for.
pub fn authorization(
    connection: &Connection,
    endpoints: &Endpoints,
    fresh: Fresh<'_>,
    wish: Wish<'_>,
) -> Option<String> {
    let mut url = Url::parse(&endpoints.authorization).ok()?;
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &connection.client_id)
            .append_pair("redirect_uri", wish.redirect_uri)
            .append_pair("scope", &scope(connection))
            .append_pair("state", fresh.state)
            .append_pair("code_challenge", Challenge::of(fresh.verifier).as_str())
            .append_pair("code_challenge_method", "S256");
        if connection.strategy.has_id_token() {
            query.append_pair("nonce", fresh.nonce);
        }
        match connection.strategy {
            Strategy::Apple => {
                query.append_pair("response_mode", "form_post");
            }
            Strategy::Line => {
                if let Some(prompt) = &connection.settings.bot_prompt {
                    query.append_pair("bot_prompt", prompt);
                }
            }
            _ => {}
        }
        for (name, value) in fresh::parameters(connection.strategy, wish.proof) {
            query.append_pair(name, &value);
        }
        if let Some(locales) = wish.locales.filter(|_| connection.strategy.has_id_token()) {
            query.append_pair("ui_locales", locales);
        }
    }
    Some(url.into())
}

/// What is asked for: the operator's list, or the least that tells who somebody is. Refresh tokens are asked for only to be kept.
pub fn scope(connection: &Connection) -> String {
    if let Some(scope) = &connection.settings.scope {
        return scope.clone();
    }
    let scope = match connection.strategy {
        Strategy::Google | Strategy::Line | Strategy::Microsoft | Strategy::Oidc => "openid profile email",
        Strategy::X => "users.read tweet.read",
        Strategy::GitHub => "read:user user:email",
        Strategy::Apple => "openid name email",
        Strategy::OAuth2 => "",
    };
    scope.to_owned()
}
