//! Laws of userinfo: rows decide, whatever the token says.

use crate::world::{NOW, epochs, family, scope, session, user};
use sekisho_rules::family::Family;
use sekisho_rules::id::Epochs;
use sekisho_rules::session::Session;
use sekisho_rules::user::User;
use sekisho_rules::userinfo::{Facts, Verdict, decide};
use sekisho_verify::Scope;

struct Rows {
    scope: Scope,
    family: Option<Family>,
    session: Option<Session>,
    user: Option<User>,
    epochs: Epochs,
}

fn verdict(change: impl FnOnce(&mut Rows)) -> Verdict {
    let mut rows = Rows {
        scope: scope("openid profile"),
        family: Some(family().1),
        session: Some(session()),
        user: Some(user()),
        epochs: epochs(),
    };
    change(&mut rows);
    let facts = Facts {
        scope: &rows.scope,
        family: rows.family.as_ref(),
        session: rows.session.as_ref(),
        user: rows.user.as_ref(),
        epochs: rows.epochs,
    };
    decide(&facts, NOW)
}

#[test]
fn oidc_core_section_5_3_a_standing_grant_with_openid_opens_the_profile() {
    assert_eq!(verdict(|_| {}), Verdict::Show);
    assert_eq!(
        verdict(|rows| rows.scope = scope("profile")),
        Verdict::InsufficientScope
    );
    // A session that has merely expired, and is perhaps swept away, ends no token.
    assert_eq!(verdict(|rows| rows.session = None), Verdict::Show);
    assert_eq!(
        verdict(|rows| rows.session.as_mut().unwrap().idle_expires_at = NOW),
        Verdict::Show
    );
}

#[test]
fn threat_18_any_row_that_says_no_closes_the_profile_at_once() {
    type Change = fn(&mut Rows);
    let changes: [(&str, Change); 10] = [
        ("no family", |rows| rows.family = None),
        ("family ended", |rows| {
            rows.family.as_mut().unwrap().ended_at = Some(NOW);
        }),
        ("family expired", |rows| {
            rows.family.as_mut().unwrap().expires_at = NOW;
        }),
        ("logged out", |rows| {
            rows.session.as_mut().unwrap().ended_at = Some(NOW);
        }),
        ("user gone", |rows| rows.user = None),
        ("user blocked", |rows| rows.user.as_mut().unwrap().blocked = true),
        ("user epoch", |rows| rows.epochs.user += 1),
        ("client epoch", |rows| rows.epochs.client += 1),
        ("issuer epoch", |rows| rows.epochs.issuer += 1),
        ("born under a later epoch", |rows| {
            rows.family.as_mut().unwrap().epochs.user += 1;
        }),
    ];
    for (name, change) in changes {
        assert_eq!(verdict(change), Verdict::InvalidToken, "{name}");
        // The scope is not looked at first: a dead token learns nothing about itself.
        let without_openid = verdict(|rows| {
            rows.scope = Scope::empty();
            change(rows);
        });
        assert_eq!(without_openid, Verdict::InvalidToken, "{name}");
    }
}
