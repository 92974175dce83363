//! Signing in elsewhere, in every state.

use super::{Names, State, account_frame, chrome, login};
use askama::Template;
use sekisho::pages::{
    ConnectionsNotice, ConnectionsPage, JoinAsk, JoinPage, LinkableService, LinkedIdentity, LoginPage,
    Section, Setback, SocialBlock, SocialButton, SocialTrouble,
};
use sekisho::text::Text;
use sekisho_rules::time::Timestamp;

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
    states.extend(connections(text));
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

/// The section of linked accounts.
fn connections(text: &'static Text) -> Vec<State> {
    let page = |names: &Names, notice: Option<ConnectionsNotice>, linked: Vec<LinkedIdentity>| {
        let service = |name: &str| LinkableService {
            name: name.to_owned(),
            connection: "line".into(),
        };
        let said = notice.map(|notice| notice.said(&text.upstream));
        let frame = account_frame(names, Section::Connections, said);
        ConnectionsPage {
            chrome: chrome(text),
            frame: match notice.is_some_and(ConnectionsNotice::is_refusal) {
                true => frame.refused(),
                false => frame,
            },
            linked,
            linkable: ["LINE", "Microsoft", "関所株式会社"].map(service).into(),
            change_action: "/account/connections/change".into(),
        }
        .render()
    };
    let linked = |names: &Names, in_use, may_go| LinkedIdentity {
        service: "Google".into(),
        person: Some(names.email.clone()),
        row: "google-oauth2 1".into(),
        linked: Timestamp::from_seconds(1_799_000_000).into(),
        last_used: Some(Timestamp::from_seconds(1_800_000_000).into()),
        in_use,
        may_go,
    };
    let (plain, long) = (Names::plain(), Names::long());
    let mut states = vec![
        (
            "account_connections-none".to_owned(),
            page(&plain, None, Vec::new()),
        ),
        (
            "account_connections".to_owned(),
            page(
                &plain,
                None,
                vec![linked(&plain, true, true), linked(&plain, false, true)],
            ),
        ),
        (
            "account_connections-last".to_owned(),
            page(&plain, None, vec![linked(&plain, true, false)]),
        ),
        (
            "account_connections-long".to_owned(),
            page(&long, None, vec![linked(&long, true, true)]),
        ),
    ];
    for notice in ConnectionsNotice::ALL {
        let name = format!("account_connections-{}", notice.word());
        states.push((name, page(&plain, Some(notice), vec![linked(&plain, true, true)])));
    }
    states
}
