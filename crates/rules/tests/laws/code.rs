//! Laws of the authorization code grant: change any one thing of a valid exchange and it is refused.

use crate::world::{
    AUDIENCE, CALLBACK, CHALLENGE, NOW, VERIFIER, api, authenticated, client, epochs, scope, session, user,
};
use proptest::prelude::*;
use sekisho_rules::api::Offline;
use sekisho_rules::client::{Client, GrantType};
use sekisho_rules::code::{Code, StoredCode};
use sekisho_rules::grant::authorization_code::{Facts, Proof, Redeem, redeem};
use sekisho_rules::grant::{Origin, Refreshable};
use sekisho_rules::id::{ClientId, GrantId, SessionId, UserId};
use sekisho_rules::pkce::Challenge;
use sekisho_rules::refusal::Reason;
use sekisho_rules::time::Timestamp;

/// Everything that meets when a code is redeemed.
struct Exchange {
    client: Client,
    found: Option<StoredCode>,
    redirect_uri: Option<String>,
    verifier: Option<String>,
    facts: Facts,
    now: Timestamp,
}

impl Exchange {
    fn valid() -> Self {
        let code = Code {
            gid: GrantId::new("gid1"),
            client_id: client().id,
            user_id: user().id,
            session_id: session().id,
            epochs: epochs(),
            redirect_uri: CALLBACK.to_owned(),
            scope: scope("openid offline_access read:notes"),
            audience: Some(AUDIENCE.to_owned()),
            nonce: Some("n".to_owned()),
            acr: None,
            challenge: Challenge::from_stored(CHALLENGE),
            auth_time: session().auth_time,
            auth_time_asked: false,
            amr: vec!["pwd".to_owned()],
            created_at: NOW,
            expires_at: NOW.plus_seconds(60),
        };
        Self {
            client: client(),
            found: Some(StoredCode { code, used_at: None }),
            redirect_uri: Some(CALLBACK.to_owned()),
            verifier: Some(VERIFIER.to_owned()),
            facts: Facts {
                user: Some(user()),
                session: Some(session()),
                api: Some(api()),
                issuer_epoch: 7,
            },
            now: NOW.plus_seconds(1),
        }
    }

    fn changed(change: impl FnOnce(&mut Self)) -> Redeem {
        let mut exchange = Self::valid();
        change(&mut exchange);
        exchange.redeem()
    }

    fn redeem(self) -> Redeem {
        let proof = Proof {
            redirect_uri: self.redirect_uri.as_deref(),
            verifier: self.verifier.as_deref(),
        };
        redeem(
            &authenticated(self.client),
            self.found,
            proof,
            self.facts,
            self.now,
        )
    }

    fn code(&mut self) -> &mut StoredCode {
        self.found.as_mut().unwrap()
    }
}

#[test]
fn a_valid_exchange_is_granted_what_the_code_says() {
    let Redeem::Grant(grant) = Exchange::valid().redeem() else {
        panic!("not granted")
    };
    assert_eq!(grant.gid().as_str(), "gid1");
    assert_eq!(grant.scope(), &scope("openid offline_access read:notes"));
    assert_eq!(grant.api().unwrap().identifier, AUDIENCE);
    assert_eq!(grant.origin(), Origin::Code);
    assert_eq!(grant.refreshable(), Refreshable::Yes);
    assert_eq!(grant.user().unwrap().nonce.as_deref(), Some("n"));
    assert_eq!(grant.issued_at(), NOW.plus_seconds(1));
}

type Change = (&'static str, fn(&mut Exchange), Reason);

const CHANGES: &[Change] = &[
    ("no such code", |e| e.found = None, Reason::InvalidCode),
    (
        "another client",
        |e| e.client.id = ClientId::new("other"),
        Reason::InvalidCode,
    ),
    (
        "made for another client",
        |e| e.code().code.client_id = ClientId::new("other"),
        Reason::InvalidCode,
    ),
    ("expired", |e| e.now = NOW.plus_seconds(60), Reason::InvalidCode),
    ("no redirect_uri", |e| e.redirect_uri = None, Reason::InvalidCode),
    (
        "another redirect_uri",
        |e| e.redirect_uri = Some(format!("{CALLBACK}/")),
        Reason::InvalidCode,
    ),
    ("no verifier", |e| e.verifier = None, Reason::WrongVerifier),
    (
        "empty verifier",
        |e| e.verifier = Some(String::new()),
        Reason::WrongVerifier,
    ),
    (
        "the challenge as verifier",
        |e| e.verifier = Some(CHALLENGE.to_owned()),
        Reason::WrongVerifier,
    ),
    (
        "a public client without a challenge",
        |e| {
            e.code().code.challenge = None;
            e.verifier = None;
        },
        Reason::WrongVerifier,
    ),
    (
        "a verifier nobody announced",
        |e| e.code().code.challenge = None,
        Reason::WrongVerifier,
    ),
    ("user gone", |e| e.facts.user = None, Reason::InvalidCode),
    (
        "another user",
        |e| e.facts.user.as_mut().unwrap().id = UserId::new("auth0|2"),
        Reason::InvalidCode,
    ),
    (
        "made for another user",
        |e| e.code().code.user_id = UserId::new("auth0|2"),
        Reason::InvalidCode,
    ),
    (
        "user blocked",
        |e| e.facts.user.as_mut().unwrap().blocked = true,
        Reason::UserBlocked,
    ),
    (
        "user epoch",
        |e| e.facts.user.as_mut().unwrap().epoch += 1,
        Reason::InvalidCode,
    ),
    ("client epoch", |e| e.client.epoch += 1, Reason::InvalidCode),
    ("issuer epoch", |e| e.facts.issuer_epoch += 1, Reason::InvalidCode),
    (
        "born under another user epoch",
        |e| e.code().code.epochs.user -= 1,
        Reason::InvalidCode,
    ),
    ("session gone", |e| e.facts.session = None, Reason::InvalidCode),
    (
        "another session",
        |e| e.code().code.session_id = SessionId::new("sid2"),
        Reason::InvalidCode,
    ),
    (
        "session ended",
        |e| e.facts.session.as_mut().unwrap().ended_at = Some(NOW),
        Reason::InvalidCode,
    ),
    (
        "session expired",
        |e| e.facts.session.as_mut().unwrap().expires_at = NOW,
        Reason::InvalidCode,
    ),
    (
        "session idle",
        |e| e.facts.session.as_mut().unwrap().idle_expires_at = NOW,
        Reason::InvalidCode,
    ),
    ("API gone", |e| e.facts.api = None, Reason::InvalidCode),
    (
        "another API",
        |e| e.facts.api.as_mut().unwrap().identifier = "x".to_owned(),
        Reason::InvalidCode,
    ),
    (
        "grant type",
        |e| e.client.grant_types = vec![GrantType::RefreshToken],
        Reason::GrantNotAllowed("authorization_code"),
    ),
];

#[test]
fn rfc6749_section_4_1_3_any_one_change_refuses() {
    for (name, change, reason) in CHANGES {
        match Exchange::changed(change) {
            Redeem::Refuse(refusal) => assert_eq!(&refusal.reason, reason, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn threat_04_a_used_code_ends_its_grant_whatever_else_is_sent() {
    for with in [
        None,
        Some("expired"),
        Some("no verifier"),
        Some("another redirect_uri"),
        Some("user blocked"),
    ] {
        let outcome = Exchange::changed(|exchange| {
            exchange.code().used_at = Some(NOW);
            if let Some((_, change, _)) = CHANGES.iter().find(|(name, ..)| Some(*name) == with) {
                change(exchange);
            }
        });
        assert!(
            matches!(outcome, Redeem::Replay(gid) if gid.as_str() == "gid1"),
            "{with:?}"
        );
    }
}

#[test]
fn threat_04_a_used_code_of_another_client_ends_nothing() {
    let outcome = Exchange::changed(|exchange| {
        exchange.code().used_at = Some(NOW);
        exchange.client.id = ClientId::new("other");
    });
    assert!(matches!(outcome, Redeem::Refuse(refusal) if refusal.reason == Reason::InvalidCode));
}

#[test]
fn a_refresh_token_needs_everybody_to_agree() {
    let refreshable = |change: fn(&mut Exchange)| match Exchange::changed(change) {
        Redeem::Grant(grant) => grant.refreshable(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refreshable(|_| {}), Refreshable::Yes);
    assert_eq!(
        refreshable(|e| e.code().code.scope = scope("openid")),
        Refreshable::No
    );
    assert_eq!(
        refreshable(|e| e.client.grant_types = vec![GrantType::AuthorizationCode]),
        Refreshable::No
    );
    assert_eq!(
        refreshable(|e| e.facts.api.as_mut().unwrap().offline = Offline::Denied),
        Refreshable::No
    );
}

#[test]
fn a_code_grants_nothing_that_was_taken_away_since() {
    let granted = |change: fn(&mut Exchange)| match Exchange::changed(change) {
        Redeem::Grant(grant) => grant.scope().to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(granted(|_| {}), "openid offline_access read:notes");
    assert_eq!(
        granted(|e| e.facts.api.as_mut().unwrap().scopes.clear()),
        "openid offline_access"
    );
    assert_eq!(
        granted(|e| e.facts.api.as_mut().unwrap().offline = Offline::Denied),
        "openid read:notes"
    );
}

proptest! {
    #[test]
    fn any_set_of_changes_refuses(picks in prop::collection::btree_set(0..CHANGES.len(), 1..5)) {
        let outcome = Exchange::changed(|exchange| {
            // Changes of the code need one to be there: taking it away comes last.
            for pick in picks.iter().rev() {
                CHANGES[*pick].1(exchange);
            }
        });
        // Two changes may undo each other only by agreeing on another client or user.
        let names: Vec<&str> = picks.iter().map(|pick| CHANGES[*pick].0).collect();
        let agree = |a, b| names.contains(&a) && names.contains(&b);
        let undone = agree("another client", "made for another client")
            || agree("another user", "made for another user")
            || agree("user epoch", "born under another user epoch");
        prop_assert!(undone || !matches!(outcome, Redeem::Grant(_)), "{:?}", names);
    }

    #[test]
    fn a_code_lives_for_sixty_seconds(millis in -1_000_i64..200_000) {
        let now = Timestamp::from_millis(NOW.millis() + millis);
        let granted = matches!(Exchange::changed(|exchange| exchange.now = now), Redeem::Grant(_));
        prop_assert_eq!(granted, millis < 60_000);
    }

    #[test]
    fn nothing_but_the_sent_address_redeems(sent in prop_oneof![any::<String>(), "https://app\\.example/cb[a-z/?#]{0,2}"]) {
        let granted = matches!(Exchange::changed(|exchange| exchange.redirect_uri = Some(sent.clone())), Redeem::Grant(_));
        prop_assert_eq!(granted, sent == CALLBACK);
    }
}
