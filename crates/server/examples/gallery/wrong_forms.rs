//! The forms of signing in, signing up and allowing, with every complaint they can make.

use super::{Names, State, chrome, login, signup, upstream};
use askama::Template;
use sekisho::pages::{
    ConsentPage, LoginPage, LoginProblem, Notice, RequestedScope, SignedOutPage, SignupPage, SignupProblem,
};
use sekisho::text::Text;

/// The forms with every complaint they can make.
pub(super) fn every(text: &'static Text) -> Vec<State> {
    use LoginProblem as L;
    use SignupProblem as S;
    let typed = || Names::plain().email;
    let login_with = |name: &str, email: String, problems: Vec<L>| {
        (
            format!("login-{name}"),
            LoginPage {
                email,
                problems,
                ..login(text)
            }
            .render(),
        )
    };
    let signup_with = |name: &str, email: String, problems: Vec<S>| {
        (
            format!("signup-{name}"),
            SignupPage {
                email,
                problems,
                ..signup(text)
            }
            .render(),
        )
    };
    let consent = ConsentPage {
        chrome: chrome(text),
        app: "Hakone Trails".into(),
        return_host: "localhost:3000".into(),
        account: typed(),
        action: "/u/consent".into(),
        state: "sealed".into(),
        csrf: "token".into(),
        identity_scopes: vec![RequestedScope {
            scope: "openid".into(),
            description: None,
        }],
        api: None,
        api_scopes: Vec::new(),
    };
    let notice = Some(Notice::AccountCreated);
    vec![
        login_with(
            "missing",
            String::new(),
            vec![L::EmailMissing, L::PasswordMissing],
        ),
        login_with("malformed", "hanako@".into(), vec![L::EmailMalformed]),
        login_with("wrong", typed(), vec![L::WrongCredentials]),
        login_with("too-many", typed(), vec![L::TooManyAttempts]),
        login_with("expired", typed(), vec![L::FormExpired]),
        login_with("busy", typed(), vec![L::Busy]),
        login_with("passkey-refused", typed(), vec![L::PasskeyRefused]),
        (
            "login-everything".into(),
            LoginPage {
                email: typed(),
                problems: vec![L::WrongCredentials],
                code_url: Some("/u/code?state=sealed".into()),
                social: upstream::buttons(true),
                ..login(text)
            }
            .render(),
        ),
        (
            "login-created".into(),
            LoginPage {
                email: typed(),
                notice,
                ..login(text)
            }
            .render(),
        ),
        (
            "login-mailed-code".into(),
            LoginPage {
                code_url: Some("/u/code?state=sealed".into()),
                ..login(text)
            }
            .render(),
        ),
        (
            "login-closed".into(),
            LoginPage {
                signup_url: None,
                ..login(text)
            }
            .render(),
        ),
        signup_with(
            "missing",
            String::new(),
            vec![S::EmailMissing, S::PasswordMissing],
        ),
        signup_with(
            "malformed",
            "hanako@".into(),
            vec![S::EmailMalformed, S::PasswordTooShort],
        ),
        signup_with("too-long", typed(), vec![S::PasswordTooLong(1024)]),
        signup_with("too-common", typed(), vec![S::PasswordTooCommon]),
        signup_with("breached", typed(), vec![S::PasswordBreached]),
        signup_with("guessable", typed(), vec![S::PasswordGuessable]),
        signup_with(
            "personal",
            typed(),
            vec![S::PasswordPersonal, S::PasswordUsedBefore],
        ),
        signup_with("unusable", typed(), vec![S::PasswordUnusable]),
        signup_with("refused", typed(), vec![S::InvalidSignup]),
        signup_with("too-many", typed(), vec![S::TooManyAttempts]),
        signup_with("expired", typed(), vec![S::FormExpired]),
        signup_with("busy", typed(), vec![S::Busy]),
        ("consent-small".into(), consent.render()),
        (
            "signed_out-bare".into(),
            SignedOutPage {
                chrome: chrome(text),
                back: None,
                frames: Vec::new(),
                onward: None,
            }
            .render(),
        ),
    ]
}
