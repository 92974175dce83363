//! Laws of sessions.

use crate::world::{NOW, session, user};
use proptest::prelude::*;
use sekisho_rules::id::UserId;
use sekisho_rules::session::Session;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;

#[test]
fn threat_31_a_session_stands_until_any_one_thing_says_no() {
    type Change = fn(&mut Session, &mut User, &mut i64);
    let changes: [(&str, Change); 8] = [
        ("ended", |session, _, _| session.ended_at = Some(NOW)),
        ("expired", |session, _, _| session.expires_at = NOW),
        ("idle", |session, _, _| session.idle_expires_at = NOW),
        ("another user", |_, user, _| user.id = UserId::new("auth0|2")),
        ("user epoch raised", |_, user, _| user.epoch += 1),
        ("born under a later user epoch", |session, _, _| {
            session.user_epoch += 1;
        }),
        ("issuer epoch raised", |_, _, issuer| *issuer += 1),
        ("blocked", |_, user, _| user.blocked = true),
    ];
    assert!(session().stands(&user(), 7, NOW));
    for (name, change) in changes {
        let (mut session, mut user, mut issuer_epoch) = (session(), user(), 7);
        change(&mut session, &mut user, &mut issuer_epoch);
        assert!(!session.stands(&user, issuer_epoch, NOW), "{name}");
    }
}

proptest! {
    #[test]
    fn a_session_ends_at_the_earlier_of_its_two_ends(idle in 1_i64..10_000, absolute in 1_i64..10_000, after in 0_i64..20_000) {
        let at = |millis| Timestamp::from_millis(NOW.millis() + millis);
        let session = Session { idle_expires_at: at(idle), expires_at: at(absolute), ..session() };
        prop_assert_eq!(session.stands(&user(), 7, at(after)), after < idle.min(absolute));
    }
}
