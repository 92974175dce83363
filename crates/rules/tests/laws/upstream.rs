//! Signing in elsewhere: which account somebody opens, and what a connection may be.

use proptest::prelude::*;
use sekisho_rules::id::UserId;
use sekisho_rules::identity::Email;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::account::{Facts, Outcome, SignUp, WaysIn, may_unlink, open};
use sekisho_rules::upstream::profile::{Told, read};
use sekisho_rules::upstream::settings::{Unfit, check, check_name};
use sekisho_rules::upstream::{AddressTrust, Connection, Settings, Standing, Strategy};
use sekisho_rules::user::User;
use serde_json::{Value, json};

fn connection(strategy: Strategy) -> Connection {
    Connection {
        id: "con".to_owned(),
        name: "acme".to_owned(),
        strategy,
        standing: Standing::Enabled,
        client_id: "us".to_owned(),
        sealed_secret: Vec::new(),
        settings: Settings::default(),
    }
}

fn user(id: &str, email: &str) -> User {
    User {
        id: UserId::new(id),
        email: email.to_owned(),
        email_verified: true,
        name: id.to_owned(),
        nickname: None,
        given_name: None,
        family_name: None,
        picture: None,
        locale: None,
        password_hash: None,
        blocked: false,
        epoch: 0,
        nbf: 0,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    }
}

fn told(connection: &Connection, claims: &Value) -> Option<sekisho_rules::upstream::profile::Profile> {
    let told = Told {
        claims: claims.as_object(),
        userinfo: Some(claims).filter(|_| !connection.strategy.has_id_token()),
        ..Told::default()
    };
    read(connection, &told)
}

proptest! {
    /// Whatever a provider says, an address it does not vouch for never leads to somebody's account, and never becomes one's address.
    #[test]
    fn threat_11_an_address_nobody_vouches_for_decides_nothing(verified in prop_oneof![
        Just(json!(false)), Just(json!("false")), Just(json!(null)), Just(json!(0)), Just(json!("yes")), Just(json!({})), Just(json!([]))
    ], open_sign_up in any::<bool>()) {
        let google = connection(Strategy::Google);
        let profile = told(&google, &json!({"sub": "1", "email": "a@example.com", "email_verified": verified})).unwrap();
        prop_assert!(sekisho_rules::upstream::account::proven(&profile).is_none());
        let sign_up = if open_sign_up { SignUp::Open } else { SignUp::Closed };
        match open(&google, &profile, Facts::default(), sign_up) {
            Outcome::Create { id, email } => {
                prop_assert!(open_sign_up && email.is_none());
                prop_assert_eq!(id.as_str(), "google-oauth2|1");
            }
            Outcome::NoAccount => prop_assert!(!open_sign_up),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// Two people at two providers, or two at one, never share an id.
    #[test]
    fn ids_are_one_to_one(a in "[ -~]{1,40}", b in "[ -~]{1,40}", x in 0usize..8, y in 0usize..8) {
        let (one, other) = (connection(Strategy::ALL[x]), connection(Strategy::ALL[y]));
        let same = (x, &a) == (y, &b);
        prop_assert_eq!(one.user_id(&a) == other.user_id(&b), same);
    }

    /// No account without an address stands in the way of somebody's address.
    #[test]
    fn no_address_is_like_the_mark_of_none(text in "\\PC{0,40}", id in "[ -~]{1,60}") {
        if let Ok(email) = Email::parse(&text) {
            prop_assert_ne!(email.folded, User::no_address(&UserId::new(id)));
        }
    }
}

#[test]
fn an_identity_opens_its_own_account_first() {
    let google = connection(Strategy::Google);
    let profile = told(
        &google,
        &json!({"sub": "1", "email": "a@example.com", "email_verified": true}),
    )
    .unwrap();
    let facts = |linked: Option<User>, namesake: Option<User>, same: Option<User>| Facts {
        linked,
        namesake,
        same_address: same,
    };
    let (mine, theirs) = (user("auth0|1", "m@example.com"), user("auth0|2", "a@example.com"));
    let named = user("google-oauth2|1", "n@example.com");
    let all = facts(Some(mine.clone()), Some(named.clone()), Some(theirs.clone()));
    assert!(
        matches!(open(&google, &profile, all, SignUp::Closed), Outcome::SignIn(user) if user.id == mine.id)
    );
    let two = facts(None, Some(named.clone()), Some(theirs.clone()));
    assert!(
        matches!(open(&google, &profile, two, SignUp::Closed), Outcome::Adopt(user) if user.id == named.id)
    );
    let one = facts(None, None, Some(theirs.clone()));
    assert!(
        matches!(open(&google, &profile, one, SignUp::Closed), Outcome::Prove(user) if user.id == theirs.id)
    );
    // A namesake is only who has exactly this id.
    let other = facts(None, Some(theirs), None);
    assert!(matches!(
        open(&google, &profile, other, SignUp::Closed),
        Outcome::NoAccount
    ));
    let blocked = User {
        blocked: true,
        ..mine
    };
    assert!(matches!(
        open(&google, &profile, facts(Some(blocked), None, None), SignUp::Open),
        Outcome::Blocked
    ));
}

#[test]
fn nobody_is_read_from_half_an_answer() {
    for strategy in Strategy::ALL {
        let connection = connection(strategy);
        for claims in [
            json!({}),
            json!({"sub": ""}),
            json!({"sub": 7}),
            json!({"sub": "a\u{0}b"}),
            json!({"sub": "x".repeat(300)}),
            json!({"id": null}),
            json!({"data": {"id": 1}}),
            json!([]),
        ] {
            assert!(
                told(&connection, &claims).is_none() || claims == json!({"sub": 7}),
                "{strategy:?} {claims}"
            );
        }
    }
}

#[test]
fn trust_in_addresses_is_the_operators() {
    for (trust, verified, proven) in [
        (AddressTrust::Claimed, true, true),
        (AddressTrust::Claimed, false, false),
        (AddressTrust::Always, false, true),
        (AddressTrust::Never, true, false),
    ] {
        let mut line = connection(Strategy::Oidc);
        line.settings.address_trust = trust;
        let profile = told(
            &line,
            &json!({"sub": "1", "email": "a@example.com", "email_verified": verified}),
        )
        .unwrap();
        assert_eq!(
            sekisho_rules::upstream::account::proven(&profile).is_some(),
            proven
        );
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let with = |edit: fn(&mut Settings)| {
        let mut settings = Settings::default();
        edit(&mut settings);
        settings
    };
    assert_eq!(check(Strategy::Google, &Settings::default()), Ok(()));
    for (strategy, edit, why) in [
        (
            Strategy::Oidc,
            (|_| ()) as fn(&mut Settings),
            Unfit::Missing("the issuer"),
        ),
        (Strategy::Apple, |_| (), Unfit::Missing("the team id")),
        (Strategy::Google, |s| s.scope = Some("email".into()), Unfit::Scope),
        (
            Strategy::Google,
            |s| s.id_token_alg = Some("none".into()),
            Unfit::Algorithm,
        ),
        (
            Strategy::X,
            |s| s.id_token_alg = Some("RS256".into()),
            Unfit::Foreign("id_token_alg"),
        ),
        (
            Strategy::Google,
            |s| s.tenant = Some("common".into()),
            Unfit::Foreign("tenant"),
        ),
        (
            Strategy::Microsoft,
            |s| s.tenant = Some("evil.example/".into()),
            Unfit::Tenant,
        ),
        (
            Strategy::Line,
            |s| s.bot_prompt = Some("please".into()),
            Unfit::BotPrompt,
        ),
        (
            Strategy::Oidc,
            |s| s.issuer = Some("https://u:p@x.example/".into()),
            Unfit::Address("the issuer"),
        ),
        (
            Strategy::Oidc,
            |s| s.issuer = Some("file:///etc/passwd".into()),
            Unfit::Address("the issuer"),
        ),
    ] {
        assert_eq!(check(strategy, &with(edit)), Err(why), "{strategy:?}");
    }
    for bad in ["", "-a", "A", "a b", "a|b", "é", &"a".repeat(65)] {
        assert_eq!(check_name(bad), Err(Unfit::Name), "{bad}");
    }
}

#[test]
fn the_last_way_in_is_never_taken() {
    let ways = WaysIn::default();
    assert!(!may_unlink(WaysIn {
        identities: 1,
        ..ways
    }));
    assert!(may_unlink(WaysIn {
        identities: 2,
        ..ways
    }));
    assert!(may_unlink(WaysIn {
        password: true,
        identities: 1,
        ..ways
    }));
    assert!(may_unlink(WaysIn {
        passkeys: 1,
        identities: 1,
        ..ways
    }));
    assert!(may_unlink(WaysIn {
        mail: true,
        identities: 1,
        ..ways
    }));
}
