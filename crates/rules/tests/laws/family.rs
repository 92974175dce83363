//! Laws of refresh families, checked by playing: a store that obeys the rule, honest clients, thieves, and time.

use crate::world::{AUDIENCE, NOW, api, authenticated, client, family, scope, secret, session, user};
use proptest::prelude::*;
use sekisho_rules::client::{AuthMethod, Client, GrantType, RefreshPolicy, Rotation};
use sekisho_rules::family::{Family, REPEATS_MAX, RefreshToken, Rotate, rotate};
use sekisho_rules::grant::Origin;
use sekisho_rules::grant::refresh_token::{Facts, Refresh, Turn, Wish, refresh};
use sekisho_rules::id::{ClientId, UserId};
use sekisho_rules::refusal::Reason;
use sekisho_rules::time::Timestamp;

/// A family and every token that was ever given for it.
struct Chain {
    client: Client,
    family: Family,
    tokens: Vec<RefreshToken>,
    now: Timestamp,
}

impl Chain {
    fn new(client: Client) -> Self {
        let (first, family) = family();
        Self {
            client,
            family,
            tokens: vec![first],
            now: NOW,
        }
    }

    /// Presents a token and writes what the rule says.
    fn present(&mut self, token: &RefreshToken) -> Refresh {
        let facts = Facts {
            family: Some(self.family.clone()),
            user: Some(user()),
            session: Some(session()),
            api: Some(api()),
            issuer_epoch: 7,
        };
        let wish = Wish {
            scope: None,
            audience: None,
        };
        let outcome = refresh(&authenticated(self.client.clone()), token, wish, facts, self.now);
        match &outcome {
            Refresh::Grant(_, Turn::Advance) => {
                let child = token.child(secret(u8::try_from(self.tokens.len() % 256).unwrap()));
                self.family.previous = self.family.tip.map(|tip| (tip, self.now));
                self.family.tip = Some(child.hash());
                self.family.generation = child.generation;
                self.family.sealed_child = Some(vec![1]);
                self.family.repeats = 0;
                self.tokens.push(child);
            }
            Refresh::Grant(_, Turn::Repeat) => self.family.repeats += 1,
            Refresh::Replay(_) => self.family.ended_at = Some(self.now),
            Refresh::Grant(_, Turn::Keep) | Refresh::Refuse(_) => {}
        }
        outcome
    }

    fn present_nth(&mut self, index: usize) -> Refresh {
        self.present(&self.tokens[index].clone())
    }

    /// How many of all tokens ever given would move or keep the family now.
    fn live_tips(&self) -> usize {
        let is_tip = |token: &&RefreshToken| {
            matches!(
                rotate(&self.client, &self.family, token, self.now),
                Rotate::Advance | Rotate::Keep
            )
        };
        if self.family.ended_at.is_some() {
            0
        } else {
            self.tokens.iter().filter(is_tip).count()
        }
    }
}

fn reason_of(outcome: Refresh) -> Reason {
    match outcome {
        Refresh::Refuse(refusal) => refusal.reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn fixed() -> Client {
    Client {
        auth_method: AuthMethod::SecretPost,
        refresh: RefreshPolicy::FIXED,
        ..client()
    }
}

#[test]
fn rfc9700_section_4_14_2_a_used_token_ends_its_family() {
    let mut chain = Chain::new(client());
    assert!(matches!(chain.present_nth(0), Refresh::Grant(_, Turn::Advance)));
    assert!(matches!(chain.present_nth(1), Refresh::Grant(_, Turn::Advance)));
    assert!(matches!(chain.present_nth(0), Refresh::Replay(_)));
    for index in 0..3 {
        assert_eq!(reason_of(chain.present_nth(index)), Reason::InvalidRefreshToken);
    }
}

#[test]
fn a_lost_answer_or_a_second_tab_is_answered_again_for_ten_seconds() {
    let mut chain = Chain::new(client());
    assert!(matches!(chain.present_nth(0), Refresh::Grant(_, Turn::Advance)));
    chain.now = NOW.plus_seconds(10);
    assert!(
        matches!(chain.present_nth(0), Refresh::Grant(grant, Turn::Repeat) if grant.issued_at() == chain.now)
    );
    chain.now = Timestamp::from_millis(NOW.millis() + 10_001);
    assert!(matches!(chain.present_nth(0), Refresh::Replay(_)));
}

#[test]
fn a_repeat_window_is_never_shorter_than_ten_seconds_and_never_counts_from_a_repeat() {
    let mut chain = Chain::new(Client {
        refresh: RefreshPolicy {
            leeway: 0,
            ..RefreshPolicy::ROTATING
        },
        ..client()
    });
    assert!(matches!(chain.present_nth(0), Refresh::Grant(_, Turn::Advance)));
    for seconds in [4, 8] {
        chain.now = NOW.plus_seconds(seconds);
        assert!(matches!(chain.present_nth(0), Refresh::Grant(_, Turn::Repeat)));
    }
    chain.now = NOW.plus_seconds(12);
    assert!(matches!(chain.present_nth(0), Refresh::Replay(_)));
}

#[test]
fn repeats_are_bounded() {
    let mut chain = Chain::new(client());
    chain.present_nth(0);
    for _ in 0..REPEATS_MAX {
        assert!(matches!(chain.present_nth(0), Refresh::Grant(_, Turn::Repeat)));
    }
    assert!(matches!(chain.present_nth(0), Refresh::Replay(_)));
}

#[test]
fn a_fixed_token_of_a_confidential_client_stays_and_a_public_one_always_rotates() {
    let mut chain = Chain::new(fixed());
    for _ in 0..3 {
        assert!(matches!(chain.present_nth(0), Refresh::Grant(_, Turn::Keep)));
    }
    let public = Client {
        refresh: RefreshPolicy {
            rotation: Rotation::Fixed,
            ..RefreshPolicy::FIXED
        },
        ..client()
    };
    assert!(matches!(
        Chain::new(public).present_nth(0),
        Refresh::Grant(_, Turn::Advance)
    ));
}

#[test]
fn rfc6749_section_6_any_one_change_refuses() {
    type Change = fn(&mut Client, &mut Facts, &mut Timestamp);
    let changes: &[(&str, Change, Reason)] = &[
        (
            "no family",
            |_, f, _| f.family = None,
            Reason::InvalidRefreshToken,
        ),
        (
            "another client",
            |c, _, _| c.id = ClientId::new("other"),
            Reason::InvalidRefreshToken,
        ),
        (
            "ended",
            |_, f, _| f.family.as_mut().unwrap().ended_at = Some(NOW),
            Reason::InvalidRefreshToken,
        ),
        (
            "expired",
            |_, f, n| *n = f.family.as_ref().unwrap().expires_at,
            Reason::InvalidRefreshToken,
        ),
        (
            "idle",
            |_, f, _| f.family.as_mut().unwrap().idle_expires_at = NOW,
            Reason::InvalidRefreshToken,
        ),
        (
            "no refresh token",
            |_, f, _| f.family.as_mut().unwrap().tip = None,
            Reason::InvalidRefreshToken,
        ),
        (
            "another tip",
            |_, f, _| f.family.as_mut().unwrap().tip = Some(secret(9).hash()),
            Reason::InvalidRefreshToken,
        ),
        ("user gone", |_, f, _| f.user = None, Reason::UserGone),
        (
            "another user",
            |_, f, _| f.user.as_mut().unwrap().id = UserId::new("x"),
            Reason::UserGone,
        ),
        (
            "blocked",
            |_, f, _| f.user.as_mut().unwrap().blocked = true,
            Reason::UserBlocked,
        ),
        (
            "user epoch",
            |_, f, _| f.user.as_mut().unwrap().epoch += 1,
            Reason::InvalidRefreshToken,
        ),
        (
            "client epoch",
            |c, _, _| c.epoch += 1,
            Reason::InvalidRefreshToken,
        ),
        (
            "issuer epoch",
            |_, f, _| f.issuer_epoch += 1,
            Reason::InvalidRefreshToken,
        ),
        ("API gone", |_, f, _| f.api = None, Reason::InvalidRefreshToken),
        (
            "grant type",
            |c, _, _| c.grant_types = vec![GrantType::AuthorizationCode],
            Reason::GrantNotAllowed("refresh_token"),
        ),
    ];
    for (name, change, reason) in changes {
        let (token, family) = family();
        let mut facts = Facts {
            family: Some(family),
            user: Some(user()),
            session: Some(session()),
            api: Some(api()),
            issuer_epoch: 7,
        };
        let (mut client, mut now) = (client(), NOW);
        change(&mut client, &mut facts, &mut now);
        let outcome = refresh(
            &authenticated(client),
            &token,
            Wish {
                scope: None,
                audience: None,
            },
            facts,
            now,
        );
        assert_eq!(&reason_of(outcome), reason, "{name}");
    }
}

#[test]
fn threat_28_a_token_changed_in_any_character_is_never_good() {
    let (token, family) = family();
    let text = token.encode();
    assert_eq!(text.len(), 73);
    for at in 0..text.len() {
        for other in ["A", "B", "x", "-", "_", "=", "+", "/", " ", "."] {
            let mut changed = text.clone();
            changed.replace_range(at..=at, other);
            let good = RefreshToken::parse(&changed).is_some_and(|parsed| {
                let found = parsed.handle_hash().matches(&token.handle_hash());
                found
                    && matches!(
                        rotate(&client(), &family, &parsed, NOW),
                        Rotate::Advance | Rotate::Keep | Rotate::Repeat
                    )
            });
            assert_eq!(good, changed == text, "{at} {other}");
        }
        assert!(RefreshToken::parse(&text[..at]).is_none());
        assert!(RefreshToken::parse(&text[at + 1..]).is_none());
    }
    assert!(RefreshToken::parse(&format!("{text}A")).is_none());
    assert!(RefreshToken::parse(&format!("{text}=")).is_none());
}

/// One event of the play.
#[derive(Clone, Debug)]
enum Event {
    /// Somebody presents the n-th newest token.
    Present(usize),
    /// Somebody presents a token of this family with a made-up secret, so many generations away from the tip.
    Forge(i64),
    /// Time passes, in milliseconds.
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_usize..4).prop_map(Event::Present),
        1 => (-3_i64..4).prop_map(Event::Forge),
        2 => (0_i64..15_000).prop_map(Event::Wait),
    ]
}

proptest! {
    #[test]
    fn threat_01_a_family_never_has_two_live_tips(events in prop::collection::vec(event(), 1..60), fixed_tokens in any::<bool>()) {
        let mut chain = Chain::new(if fixed_tokens { fixed() } else { client() });
        for event in events {
            let ended = chain.family.ended_at.is_some();
            let newest = chain.tokens.len() - 1;
            match event {
                Event::Wait(millis) => chain.now = Timestamp::from_millis(chain.now.millis() + millis),
                Event::Forge(away) => {
                    let generation = u32::try_from((i64::from(chain.family.generation) + away).max(0)).unwrap();
                    let mut forged = chain.tokens[0].child(secret(255));
                    forged.generation = generation;
                    let outcome = chain.present(&forged);
                    prop_assert!(!matches!(outcome, Refresh::Grant(..)));
                }
                Event::Present(back) => {
                    let index = newest.saturating_sub(back);
                    let first_rotation = chain.family.previous.map(|(_, at)| at);
                    let outcome = chain.present_nth(index);
                    match outcome {
                        _ if ended => prop_assert!(matches!(outcome, Refresh::Refuse(_))),
                        Refresh::Grant(_, Turn::Advance | Turn::Keep) => prop_assert_eq!(index, newest),
                        Refresh::Grant(_, Turn::Repeat) => {
                            prop_assert_eq!(index + 1, newest);
                            prop_assert!(chain.now.millis_since(first_rotation.unwrap()) <= 10_000);
                        }
                        Refresh::Replay(_) => prop_assert!(index < newest),
                        Refresh::Refuse(_) => prop_assert!(false, "a token that was given is refused without ending the family"),
                    }
                }
            }
            prop_assert!(chain.live_tips() <= 1);
            prop_assert_eq!(chain.live_tips() == 0, chain.family.ended_at.is_some());
        }
    }

    #[test]
    fn rfc6749_section_6_a_refresh_never_widens(asked in prop::option::of(prop::sample::subsequence(
        vec!["openid", "profile", "offline_access", "read:notes", "write:notes", "admin"], 1..6))) {
        let (token, family) = family();
        let asked = asked.map(|words| scope(&words.join(" ")));
        let facts = Facts { family: Some(family.clone()), user: Some(user()), session: Some(session()), api: Some(api()), issuer_epoch: 7 };
        let wish = Wish { scope: asked.as_ref(), audience: Some(AUDIENCE) };
        match refresh(&authenticated(client()), &token, wish, facts, NOW) {
            Refresh::Grant(grant, _) => {
                prop_assert!(grant.scope().is_subset(&family.scope));
                prop_assert!(asked.as_ref().is_none_or(|asked| grant.scope().is_subset(asked)));
                prop_assert_eq!(grant.gid(), &family.gid);
                prop_assert_eq!(grant.origin(), Origin::Refresh);
                prop_assert_eq!(grant.user().unwrap().nonce.as_ref(), None);
            }
            Refresh::Refuse(refusal) => {
                prop_assert_eq!(refusal.reason, Reason::WiderScope);
                prop_assert!(asked.unwrap().intersect(&family.scope).is_empty());
            }
            Refresh::Replay(_) => prop_assert!(false),
        }
    }

    #[test]
    fn threat_21_a_refresh_never_changes_its_audience(asked in "[a-z:/.]{1,20}") {
        let (token, family) = family();
        let facts = Facts { family: Some(family), user: Some(user()), session: Some(session()), api: Some(api()), issuer_epoch: 7 };
        let wish = Wish { scope: None, audience: Some(&asked) };
        let reason = reason_of(refresh(&authenticated(client()), &token, wish, facts, NOW));
        prop_assert_eq!(reason, Reason::UnknownAudience(asked.clone()));
    }

    #[test]
    fn refresh_tokens_come_back_from_their_text(handle in any::<[u8; 16]>(), bytes in any::<[u8; 32]>(), text in any::<String>()) {
        let token = RefreshToken::first(handle, sekisho_rules::secret::Secret::from_random(bytes));
        let again = RefreshToken::parse(&token.encode()).unwrap();
        prop_assert_eq!(again.encode(), token.encode());
        prop_assert!(again.hash().matches(&token.hash()) && again.handle_hash().matches(&token.handle_hash()));
        prop_assert!(RefreshToken::parse(&text).is_none());
    }
}
