//! Laws of ending: a record hits every token it must, as long as anybody could take one, and no token that came after.

use proptest::prelude::*;
use sekisho_rules::ending::{
    AHEAD_SECONDS, KEY_NOTICED_SECONDS, LEEWAY_SECONDS, Minted, Voided, client_grant, signing_key, user,
    without_rows,
};
use sekisho_verify::record::{HashKey, HashedSubject, Record, Subject, hits};

const HASH: HashKey = HashKey::new([5; 16]);

/// A token of one user's rows.
#[derive(Clone, Copy, Debug)]
struct Token {
    iat: i64,
    exp: i64,
}

fn tokens() -> impl Strategy<Value = Vec<Token>> {
    let token = (1_000..2_000_i64, 1..500_i64).prop_map(|(iat, life)| Token { iat, exp: iat + life });
    proptest::collection::vec(token, 0..20)
}

fn minted(tokens: &[Token]) -> Minted {
    let of = |token: &Token| Minted {
        last_iat: token.iat,
        last_exp: token.exp,
    };
    tokens.iter().map(of).fold(Minted::default(), Minted::max)
}

fn hit(record: &Record, token: Token) -> bool {
    let subject = Subject {
        iat: token.iat.unsigned_abs(),
        sub: Some("auth0|1"),
        gid: Some("g1"),
        client: Some("c1"),
        ..Subject::default()
    };
    hits(record, &HashedSubject::new(&HASH, &subject))
}

/// Whether any verifier may still take it, by its own times.
fn is_takeable(token: Token, now: i64) -> bool {
    now < token.exp + LEEWAY_SECONDS
}

fn living(iat: i64, life: i64) -> Token {
    Token { iat, exp: iat + life }
}

fn unsigned(seconds: i64) -> u64 {
    seconds.unsigned_abs()
}

proptest! {
    #[test]
    fn no_token_of_an_ended_user_survives(tokens in tokens(), now in 900..2_500_i64, later in 0..2_000_i64) {
        let Voided { nbf, until } = user(minted(&tokens), now);
        for token in &tokens {
            prop_assert!(token.iat < nbf);
        }
        match until {
            // Nothing was written: nothing could be taken.
            None => prop_assert!(tokens.iter().all(|token| !is_takeable(*token, now))),
            Some(until) => {
                let record = Record::user(&HASH, "auth0|1", unsigned(nbf), unsigned(until));
                prop_assert!(record.is_well_formed());
                for token in tokens {
                    prop_assert!(hit(&record, token));
                    // A verifier forgets the record only when it would refuse the token anyway, whatever its leeway.
                    let forgotten = now + later >= until + LEEWAY_SECONDS;
                    prop_assert!(!forgotten || !is_takeable(token, now + later));
                }
            }
        }
    }

    #[test]
    fn no_token_that_came_after_is_refused(tokens in tokens(), now in 900..2_500_i64, wait in 0..100_i64) {
        let Voided { nbf, .. } = user(minted(&tokens), now);
        // A mint waits until `nbf`, a second at most when no row is dated ahead.
        let next = living(nbf + wait, 300);
        prop_assert!(!hit(&Record::user(&HASH, "auth0|1", unsigned(nbf), unsigned(nbf + 300)), next));
        prop_assert!(nbf - now <= 1 || minted(&tokens).last_iat >= now);
    }

    /// What has no rows: the reading of a client is not later than the commit that ended it, a commit takes at most a second, and the
    /// clocks of two nodes differ by at most one.
    #[test]
    fn no_token_without_a_row_survives(now in 1_000..2_000_i64, read in 0..1_i64, skew in -1..=1_i64, life in 1..400_i64) {
        let longest = 400;
        let Voided { nbf, until } = without_rows(longest, now);
        let iat = now + read + skew;
        prop_assert!(iat < nbf);
        let until = until.unwrap();
        prop_assert!(iat + life <= until);
        prop_assert!(iat + life <= client_grant(longest, now));
        prop_assert_eq!(nbf, now + AHEAD_SECONDS);
        prop_assert!(hit(&Record::client(&HASH, "c1", unsigned(nbf), unsigned(until)), living(iat, life)));
        prop_assert!(hit(&Record::issuer(unsigned(nbf), unsigned(until)), living(iat, life)));
        prop_assert!(!hit(&Record::issuer(unsigned(nbf), unsigned(until)), living(nbf, life)));
    }

    #[test]
    fn a_revoked_key_is_told_as_long_as_it_can_have_signed(now in 1_000..2_000_i64, late in 0..KEY_NOTICED_SECONDS, life in 1..400_i64) {
        prop_assert!(now + late + life <= signing_key(400, now));
    }

    #[test]
    fn a_row_is_told_exactly_while_a_token_of_it_may_be_taken(last_exp in 0..2_000_i64, now in 0..3_000_i64) {
        let row = Minted { last_iat: 0, last_exp };
        let told = row.told_until(now);
        prop_assert_eq!(told.is_some(), now < last_exp + LEEWAY_SECONDS);
        prop_assert!(told.is_none_or(|until| until == last_exp));
    }
}
