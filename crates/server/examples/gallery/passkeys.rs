//! The pages about passkeys, in every state.

use super::{Names, State, account_frame, chrome};
use askama::Template;
use sekisho::pages::{
    AddPasskeyPage, AddPasskeyProblem, OwnPasskey, PasskeyNotice, PasskeyPrompt, PasskeysPage, Section,
};
use sekisho::text::Text;
use sekisho_rules::time::Timestamp;

pub(super) fn every(text: &'static Text) -> Vec<State> {
    let mut states = vec![
        ("account-passkeys".to_owned(), list(text, own(), None).render()),
        (
            "account-passkeys-none".to_owned(),
            list(text, Vec::new(), None).render(),
        ),
        ("account-passkeys-add".to_owned(), add(text, None).render()),
    ];
    for notice in PasskeyNotice::ALL {
        let page = list(text, own(), Some(notice));
        states.push((format!("account-passkeys-{}", notice.word()), page.render()));
    }
    for (name, problem) in [
        ("not-accepted", AddPasskeyProblem::NotAccepted),
        ("expired", AddPasskeyProblem::Expired),
        ("known", AddPasskeyProblem::Known),
        ("too-many", AddPasskeyProblem::TooMany),
    ] {
        let page = add(text, Some(problem));
        states.push((format!("account-passkeys-add-{name}"), page.render()));
    }
    states
}

/// What a page asks the browser. The gallery's browser has no authenticator, so nothing comes of it.
pub(super) fn prompt() -> PasskeyPrompt {
    PasskeyPrompt {
        action: "/u/passkey".into(),
        state: "sealed".into(),
        csrf: "token".into(),
        options:
            r#"{"challenge":"AAAA","rpId":"gallery.test","user":{"id":"AAAA","name":"a","displayName":"a"}}"#
                .into(),
        challenge: "sealed".into(),
    }
}

fn list(text: &'static Text, passkeys: Vec<OwnPasskey>, notice: Option<PasskeyNotice>) -> PasskeysPage {
    let said = notice.map(|notice| notice.said(&text.passkeys));
    let frame = account_frame(&Names::plain(), Section::Passkeys, said);
    PasskeysPage {
        chrome: chrome(text),
        frame: match notice.is_some_and(PasskeyNotice::is_refusal) {
            true => frame.refused(),
            false => frame,
        },
        passkeys,
        change_action: "/account/passkeys/change".into(),
        add_url: Some("/account/passkeys/add".into()),
    }
}

fn add(text: &'static Text, problem: Option<AddPasskeyProblem>) -> AddPasskeyPage {
    AddPasskeyPage {
        chrome: chrome(text),
        frame: account_frame(&Names::plain(), Section::Passkeys, None)
            .below(text.passkeys.add, "/account/passkeys".into()),
        problem,
        prompt: prompt(),
    }
}

fn own() -> Vec<OwnPasskey> {
    let at = |days: i64| Timestamp::from_seconds(1_800_000_000 - 86_400 * days);
    let named = |id: &str, name: &str, used: Option<i64>| OwnPasskey {
        id: id.into(),
        name: name.into(),
        added: at(90).into(),
        last_used: used.map(|days| at(days).into()),
    };
    vec![
        named("a", "Phone 花子", Some(0)),
        named("b", "Passkey 2026-11-21", None),
        named(
            "c",
            "<b>a name of sixty characters that somebody typed in</b>",
            Some(40),
        ),
    ]
}
