//! Forms with a bot check. Nothing is loaded from elsewhere here, so its place is empty.

use super::{Names, State, login, signup};
use askama::Template;
use sekisho::pages::{Asset, BotWidget, LoginPage, LoginProblem, SignupPage, SignupProblem};
use sekisho::text::Text;

pub(super) fn every(text: &'static Text) -> Vec<State> {
    let email = || Names::plain().email;
    let login_with = |problems| LoginPage {
        email: email(),
        problems,
        bot_check: widget(),
        ..login(text)
    };
    let signup_with = |problems| SignupPage {
        email: email(),
        problems,
        bot_check: widget(),
        ..signup(text)
    };
    vec![
        ("login-bot-check".into(), login_with(Vec::new()).render()),
        (
            "login-bot-check-missing".into(),
            login_with(vec![LoginProblem::BotCheckMissing]).render(),
        ),
        (
            "signup-bot-check-refused".into(),
            signup_with(vec![SignupProblem::BotCheckRefused]).render(),
        ),
    ]
}

/// The script is one of ours that finds nothing to do.
fn widget() -> Option<BotWidget> {
    Some(BotWidget {
        script: Asset::TimeScript.url().into(),
        class: "cf-turnstile",
        site_key: "1x00000000000000000000AA".into(),
        host: "challenges.cloudflare.com".into(),
    })
}
