//! The official OpenID Connect OP plans as stories, each test named for its module: Basic, the same with `response_mode=form_post`,
//! Config, RP-Initiated Logout, Back-Channel, Front-Channel and Session Management. All run with `wire=standard`.

mod basic;
mod channels;
mod config;
mod logout;
mod tokens;

use crate::browser::{Answer, Browser, claims};
use crate::seed::client;
use crate::site::{CALLBACK, EMAIL, ISSUER, PASSWORD, SECRET, Site, form};
use axum::http::StatusCode;
use sekisho_jose::{Buffer, JwkSet, KeySet, jws};
use sekisho_rules::client::ClientKind;
use serde_json::Value;
use std::collections::BTreeMap;

/// How the answer of the authorization endpoint travels in a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As the module leaves it: in the query.
    Default,
    /// The Form Post plan adds `response_mode=form_post`.
    FormPost,
}

/// A suite at work on a site: it holds the registration of `web` and `client2`.
pub(crate) struct Suite {
    site: Site,
    mode: Mode,
}

impl Suite {
    async fn new(mode: Mode) -> Self {
        let site = Site::standard().await;
        site.add_client(client("client2", ClientKind::RegularWeb)).await;
        Self { site, mode }
    }

    /// An authorization request as the suite makes it: no PKCE, a nonce, `extra` in place of or beside the usual; `-` leaves out.
    fn request(&self, client: &str, extra: &[(&str, &str)]) -> String {
        form(&self.fields(client, extra))
    }

    fn fields<'a>(&self, client: &'a str, extra: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut fields = vec![
            ("client_id", client),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "KGVy7kK6~-._"),
            ("nonce", "n-0S6_WzA2Mj"),
        ];
        if self.mode == Mode::FormPost {
            fields.push(("response_mode", "form_post"));
        }
        fields.retain(|(name, _)| extra.iter().all(|(other, _)| other != name));
        fields.extend(extra.iter().copied().filter(|(_, value)| *value != "-"));
        fields
    }

    fn url(&self, extra: &[(&str, &str)]) -> String {
        format!("/authorize?{}", self.request("web", extra))
    }

    /// What the callback receives.
    fn callback(&self, answer: &Answer) -> BTreeMap<String, String> {
        let decoded = |text: &str| {
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect()
        };
        match self.mode {
            Mode::Default => {
                let (to, query) = answer.location().split_once('?').unwrap();
                assert_eq!(to, CALLBACK);
                decoded(query)
            }
            Mode::FormPost => {
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
                assert_eq!(answer.action(), CALLBACK);
                let names = ["code", "state", "error", "error_description"];
                let there = |name: &&str| answer.body.contains(&format!("name=\"{name}\""));
                names
                    .into_iter()
                    .filter(there)
                    .map(|name| (name.to_owned(), answer.hidden(name)))
                    .collect()
            }
        }
    }

    /// The code of a successful answer, whose state must be the one that was sent.
    fn code(&self, answer: &Answer) -> String {
        let callback = self.callback(answer);
        assert_eq!(callback.get("error"), None, "{callback:?}");
        assert_eq!(callback["state"], "KGVy7kK6~-._");
        callback["code"].clone()
    }

    async fn exchange(&self, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        self.site
            .post("/oauth/token", Some(("web", SECRET)), &fields)
            .await
    }

    /// A whole sign-in: tokens, with everything checked that the suite checks of every module.
    async fn sign_in(&self, browser: &mut Browser<'_>, extra: &[(&str, &str)]) -> Value {
        let page = browser.open(&self.url(extra)).await;
        let answer = match page.body.contains("name=\"password\"") {
            true => browser.log_in(&page, EMAIL, PASSWORD).await,
            false => page,
        };
        self.tokens(&answer).await
    }

    /// The tokens for a successful answer.
    async fn tokens(&self, answer: &Answer) -> Value {
        let answer = self.exchange(&self.code(answer)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let tokens = answer.json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert!(tokens["access_token"].is_string() && tokens["expires_in"].is_i64());
        self.check_id_token(&tokens["id_token"]).await;
        tokens
    }

    /// OpenID Connect Core section 3.1.3.7: signature by the published key of its `kid`, `iss`, `aud`, `exp`, `iat`, `sub`.
    async fn check_id_token(&self, token: &Value) {
        let published = self.site.get("/.well-known/jwks.json").await;
        let set = JwkSet::parse(published.body.as_bytes()).unwrap();
        let keys = KeySet::from_jwks(&set, &[sekisho_jose::Algorithm::Rs256]);
        let kid = jws::Unverified::parse(token.as_str().unwrap())
            .unwrap()
            .kid()
            .unwrap()
            .to_owned();
        let key = keys
            .keys()
            .iter()
            .find(|key| key.kid() == Some(kid.as_str()))
            .unwrap();
        jws::verify(token.as_str().unwrap(), key, &mut Buffer::new()).unwrap();
        let id = claims(token);
        assert_eq!(id["iss"], ISSUER);
        assert_eq!(id["aud"], "web");
        let now = self.site.now().seconds();
        assert!(id["exp"].as_i64().unwrap() > now && id["iat"].as_i64().unwrap() <= now);
        assert!(!id["sub"].as_str().unwrap().is_empty() && id["sub"].as_str().unwrap().len() <= 255);
    }
}

/// One module in both plans that have it: `modules!(name)` runs `async fn name(suite: Suite)` as it is and with form_post.
macro_rules! modules {
    ($($module:ident),* $(,)?) => {$(
        mod $module {
            use crate::oidcc::{Mode, Suite};

            #[tokio::test]
            async fn basic() {
                super::$module(Suite::new(Mode::Default).await).await;
            }

            #[tokio::test]
            async fn form_post() {
                super::$module(Suite::new(Mode::FormPost).await).await;
            }
        }
    )*};
}
pub(crate) use modules;
