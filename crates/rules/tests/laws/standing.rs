//! Laws of standing: any row that says no ends a token, and mere expiry does not.

use crate::world::{NOW, client, family, machine, scope, session, user};
use proptest::prelude::*;
use sekisho_rules::client::{Client, Standing as ClientStanding};
use sekisho_rules::family::Family;
use sekisho_rules::session::Session;
use sekisho_rules::standing::{
    AccessToken, Alone, Cause, Facts, Given, IssuerMarks, SigningKey, Standing, standing,
};
use sekisho_rules::user::User;

struct Rows {
    token: AccessToken,
    client: Option<Client>,
    family: Option<Family>,
    user: Option<User>,
    session: Option<Session>,
    issuer: IssuerMarks,
    alone: Alone,
    key: SigningKey,
}

fn rows() -> Rows {
    let family = family().1;
    Rows {
        token: AccessToken {
            gid: family.gid.clone(),
            session_id: family.session_id.clone(),
            client_id: family.client_id.clone(),
            scope: scope("openid"),
            issued_at: NOW.seconds(),
            expires_at: NOW.seconds() + 300,
        },
        issuer: IssuerMarks {
            epoch: family.epochs.issuer,
            nbf: 0,
        },
        family: Some(family),
        client: Some(client()),
        user: Some(user()),
        session: Some(session()),
        alone: Alone::NotEnded,
        key: SigningKey::Trusted,
    }
}

fn judged(rows: &Rows) -> Standing {
    let given = match &rows.family {
        Some(family) => Given::Family {
            family,
            user: rows.user.as_ref(),
            session: rows.session.as_ref(),
        },
        None => Given::Nothing,
    };
    let facts = Facts {
        client: rows.client.as_ref(),
        given,
        issuer: rows.issuer,
        alone: rows.alone,
        key: rows.key,
    };
    standing(&rows.token, &facts)
}

type Change = fn(&mut Rows);

/// Every way a row can say no.
const ENDINGS: [(&str, Cause, Change); 17] = [
    ("signing key revoked", Cause::Key, |rows| {
        rows.key = SigningKey::Revoked;
    }),
    ("issuer nbf", Cause::Issuer, |rows| {
        rows.issuer.nbf = NOW.seconds() + 1;
    }),
    ("issuer epoch", Cause::Issuer, |rows| rows.issuer.epoch += 1),
    ("no client", Cause::Client, |rows| rows.client = None),
    ("client disabled", Cause::Client, |rows| {
        rows.client.as_mut().unwrap().standing = ClientStanding::Disabled;
    }),
    ("client nbf", Cause::Client, |rows| {
        rows.client.as_mut().unwrap().nbf = NOW.seconds() + 1;
    }),
    ("client epoch", Cause::Client, |rows| {
        rows.client.as_mut().unwrap().epoch += 1;
    }),
    ("born under another client epoch", Cause::Client, |rows| {
        rows.family.as_mut().unwrap().epochs.client += 1;
    }),
    ("no user", Cause::User, |rows| rows.user = None),
    ("user blocked", Cause::User, |rows| {
        rows.user.as_mut().unwrap().blocked = true;
    }),
    ("user nbf", Cause::User, |rows| {
        rows.user.as_mut().unwrap().nbf = NOW.seconds() + 1;
    }),
    ("user epoch", Cause::User, |rows| {
        rows.user.as_mut().unwrap().epoch += 1;
    }),
    ("born under another user epoch", Cause::User, |rows| {
        rows.family.as_mut().unwrap().epochs.user += 1;
    }),
    ("no family", Cause::Grant, |rows| rows.family = None),
    ("family ended", Cause::Grant, |rows| {
        rows.family.as_mut().unwrap().ended_at = Some(NOW);
    }),
    ("logged out", Cause::Session, |rows| {
        rows.session.as_mut().unwrap().ended_at = Some(NOW);
    }),
    ("ended alone", Cause::Token, |rows| rows.alone = Alone::Ended),
];

#[test]
fn threat_18_any_row_that_says_no_ends_the_token_at_once() {
    assert_eq!(judged(&rows()), Standing::Stands);
    for (name, cause, change) in ENDINGS {
        let mut rows = rows();
        change(&mut rows);
        assert_eq!(judged(&rows), Standing::Ended(cause), "{name}");
    }
}

#[test]
fn what_has_merely_expired_ends_no_token() {
    let spared: [Change; 5] = [
        |rows| rows.session = None,
        |rows| rows.session.as_mut().unwrap().idle_expires_at = NOW,
        |rows| rows.session.as_mut().unwrap().expires_at = NOW,
        |rows| rows.family.as_mut().unwrap().expires_at = NOW,
        |rows| rows.family.as_mut().unwrap().idle_expires_at = NOW,
    ];
    for change in spared {
        let mut rows = rows();
        change(&mut rows);
        assert_eq!(judged(&rows), Standing::Stands);
    }
}

#[test]
fn a_machines_token_stands_by_its_client_and_its_grant() {
    let (rows, machine) = (rows(), machine());
    let mut facts = Facts {
        client: Some(&machine),
        given: Given::ClientGrant,
        issuer: rows.issuer,
        alone: Alone::NotEnded,
        key: SigningKey::Trusted,
    };
    assert_eq!(standing(&rows.token, &facts), Standing::Stands);
    facts.given = Given::Nothing;
    assert_eq!(standing(&rows.token, &facts), Standing::Ended(Cause::Grant));
    facts.given = Given::ClientGrant;
    facts.issuer.nbf = NOW.seconds() + 1;
    assert_eq!(standing(&rows.token, &facts), Standing::Ended(Cause::Issuer));
}

proptest! {
    /// Several marks at once: the token falls if any of them applies, whichever wins, and each mark spares what was issued at it.
    #[test]
    fn threat_03_of_several_not_before_marks_the_latest_wins(issuer in -2..3i64, client in -2..3i64, user in -2..3i64) {
        let mut rows = rows();
        let iat = rows.token.issued_at;
        rows.issuer.nbf = iat + issuer;
        rows.client.as_mut().unwrap().nbf = iat + client;
        rows.user.as_mut().unwrap().nbf = iat + user;
        let stands = judged(&rows) == Standing::Stands;
        prop_assert_eq!(stands, issuer.max(client).max(user) <= 0);
    }

    /// Once anything has ended a token, no other row brings it back.
    #[test]
    fn nothing_brings_an_ended_token_back(first in 0..17usize, then in 0..17usize) {
        let mut rows = rows();
        for at in [first, then] {
            // Some changes need the row that another took away.
            let gone = rows.family.is_none() || rows.user.is_none() || rows.client.is_none();
            if !gone {
                ENDINGS[at].2(&mut rows);
            }
        }
        // Two epochs may move to the same number only if a row was written wrongly.
        let undone = ENDINGS[first].0.contains("epoch") && ENDINGS[then].0.contains("epoch");
        prop_assert!(undone || judged(&rows) != Standing::Stands);
    }
}
