//! A replaced password is remembered, and only one that was replaced: whoever loses against another change leaves no trace.

use sekisho_rules::id::UserId;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::users::{self, NewHash};
use sekisho_store::{Db, password_history};

use crate::Site;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn alice() -> User {
    User {
        id: UserId::new("auth0|1"),
        email: "alice@example.com".to_owned(),
        email_verified: true,
        name: "Alice".to_owned(),
        nickname: None,
        given_name: None,
        family_name: None,
        picture: None,
        locale: None,
        password_hash: Some("first".to_owned()),
        blocked: false,
        epoch: 0,
        nbf: 0,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn hash(text: &str) -> NewHash {
    NewHash {
        hash: text.to_owned(),
        keep: 4,
    }
}

async fn kept(db: &Db) -> Vec<String> {
    password_history::of_user(db, &alice().id).await.unwrap()
}

/// Changes the password as who read this row would.
async fn change(db: &Db, read: User, to: &'static str, seconds: i64) -> bool {
    let now = NOW.plus_seconds(seconds);
    let changed = db.tx(async move |tx| users::change_password(tx, &read, &hash(to), now).await);
    changed.await.unwrap()
}

on_both!(
    async fn a_change_that_lost_leaves_no_history(site) {
        let db = &site.db;
        db.migrate().await.unwrap();
        let inserted = db.tx(async |tx| users::insert(tx, &alice(), "alice@example.com").await);
        assert!(inserted.await.unwrap());
        assert!(change(db, alice(), "second", 1).await);
        assert_eq!(kept(db).await, ["first"]);
        // The one who read the row before that, and whoever holds an old link.
        assert!(!change(db, alice(), "third", 2).await);
        let id = alice().id;
        let reset = db.tx(async move |tx| users::reset_password(tx, &id, 0, &hash("third"), NOW.plus_seconds(3)).await);
        assert!(!reset.await.unwrap());
        let nobody = UserId::new("auth0|2");
        let set = db.tx(async move |tx| users::set_password(tx, &nobody, &hash("third"), NOW).await);
        assert!(!set.await.unwrap());
        assert_eq!(kept(db).await, ["first"]);
        let id = alice().id;
        let set = db.tx(async move |tx| users::set_password(tx, &id, &hash("third"), NOW.plus_seconds(4)).await);
        assert!(set.await.unwrap());
        assert_eq!(kept(db).await, ["second", "first"]);
    }

    async fn changes_at_the_same_moment_remember_what_each_replaced(site) {
        let db = &site.db;
        db.migrate().await.unwrap();
        let inserted = db.tx(async |tx| users::insert(tx, &alice(), "alice@example.com").await);
        assert!(inserted.await.unwrap());
        let (here, there) = (site.node(), site.node());
        let (one, two) = tokio::join!(
            change(&here, alice(), "second", 1),
            change(&there, alice(), "third", 2)
        );
        assert!(one != two, "exactly one wins");
        assert_eq!(kept(db).await, ["first"]);
        let set = |db: Db, to: &'static str, seconds| async move {
            let id = alice().id;
            let set = db.tx(async move |tx| {
                users::set_password(tx, &id, &hash(to), NOW.plus_seconds(seconds)).await
            });
            assert!(set.await.unwrap());
        };
        tokio::join!(set(here, "fourth", 10), set(there, "fifth", 20));
        let now = users::by_id(db, &alice().id).await.unwrap().unwrap();
        let last = now.password_hash.unwrap();
        let mut all = kept(db).await;
        assert!(!all.contains(&last), "the present one is not the past: {all:?}");
        all.push(last);
        all.sort();
        assert!(all.contains(&"fourth".to_owned()) && all.contains(&"fifth".to_owned()), "{all:?}");
    }
);
