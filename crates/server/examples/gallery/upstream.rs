//! Signing in elsewhere, in every state.

use super::{Names, State, chrome, login};
use askama::Template;
use sekisho::pages::{JoinAsk, JoinPage, LoginPage, Setback, SocialBlock, SocialButton, SocialTrouble};
use sekisho::text::Text;

pub(super) fn every(text: &'static Text) -> Vec<State> {
    let mut states = Vec::new();
    let page = |social| {
        LoginPage {
            social,
            ..login(text)
        }
        .render()
    };
    states.push(("login-services".into(), page(buttons(true))));
    for what in Setback::ALL {
        let trouble = SocialTrouble {
            what,
            service: (what != Setback::Failed).then(|| "LINE".to_owned()),
        };
        let social = SocialBlock {
            trouble: Some(trouble),
            ..buttons(true)
        };
        states.push((format!("login-services-{}", what.word()), page(social)));
    }
    for (suffix, names) in [("", Names::plain()), ("-long", Names::long())] {
        let join = |ask| JoinPage {
            chrome: chrome(text),
            service: if suffix.is_empty() {
                "Google".into()
            } else {
                names.app.clone()
            },
            person: names.email.clone(),
            email: names.email.clone(),
            ask,
        };
        let prove = JoinAsk::Prove {
            sign_in: "/u/login?state=sealed".into(),
            back: "/u/join?state=sealed&leave=1".into(),
        };
        let confirm = JoinAsk::Confirm {
            action: "/u/join".into(),
            state: "sealed".into(),
            csrf: "token".into(),
        };
        states.push((format!("join-prove{suffix}"), join(prove).render()));
        states.push((format!("join-confirm{suffix}"), join(confirm).render()));
    }
    states
}

/// Every service there is, or none.
pub(super) fn buttons(shown: bool) -> SocialBlock {
    let names = [
        "Apple",
        "GitHub",
        "Google",
        "LINE",
        "Microsoft",
        "X",
        "関所株式会社",
    ];
    let button = |name: &str| SocialButton {
        name: name.to_owned(),
        href: "/u/upstream?state=sealed&connection=google-oauth2".into(),
    };
    SocialBlock {
        buttons: names.into_iter().filter(|_| shown).map(button).collect(),
        trouble: None,
    }
}
