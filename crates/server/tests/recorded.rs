//! What writes a revocation record: every door at which trust ends, and no other.

use crate::browser::claims;
use crate::site::{API, EMAIL, SECRET, Site, authorize, engines};
use sekisho::admin::Actor::Operator;
use sekisho::admin::clients::{self, OldSecret};
use sekisho::admin::restore;
use sekisho::admin::users::{self, Access};
use sekisho_store::revocations::{self, Listed};
use sekisho_verify::record::{Kind, Record};
use serde_json::Value;

engines!(
    threat_31_every_door_at_which_trust_ends_tells_verifiers,
    threat_31_deleting_tells_verifiers_before_the_rows_are_gone,
    threat_32_a_restore_gives_the_feed_another_name_and_ends_everything,
    nothing_is_told_twice,
    an_ending_that_is_undone_tells_nothing,
);

const SCOPE: [(&str, &str); 2] = [("scope", "openid offline_access"), ("audience", API)];

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What was told since the last call.
struct Ear(u64);

impl Ear {
    async fn heard(&mut self, site: &Site) -> Vec<Record> {
        let heard = revocations::listed(&site.app.db, self.0, 100).await.unwrap();
        self.0 = heard.last().map_or(self.0, |last| last.seq);
        heard.into_iter().map(|Listed { record, .. }| record).collect()
    }

    async fn kinds(&mut self, site: &Site) -> String {
        self.heard(site)
            .await
            .iter()
            .map(|record| record.kind.letter())
            .collect()
    }
}

async fn threat_31_every_door_at_which_trust_ends_tells_verifiers(site: Site) {
    let (app, mut ear) = (&site.app, Ear(0));
    let hash = *app.feed.hash_key();

    // Logout: the session; its record lives as long as the longest token that names it, the ID token.
    let mut browser = site.browser();
    let code = browser
        .sign_in(&authorize("spa", &SCOPE))
        .await
        .param("code")
        .unwrap();
    let tokens = site.redeem("spa", &code).await.json();
    let said = claims(&tokens["id_token"]);
    browser.get("/v2/logout").await;
    let sid = text(&said["sid"]);
    assert_eq!(
        ear.heard(&site).await,
        [Record::session(&hash, sid, said["exp"].as_u64().unwrap())]
    );

    // The same code again: its grant, though its session has ended.
    site.redeem("spa", &code).await;
    let gid = text(&claims(&tokens["access_token"])["gid"]).to_owned();
    let until = said["exp"].as_u64().unwrap();
    assert_eq!(ear.heard(&site).await, [Record::grant(&hash, &gid, until)]);

    // A used refresh token comes again: its family, not the session.
    let tokens = site.tokens("spa", &SCOPE).await;
    let first = text(&tokens["refresh_token"]);
    let second = site.refresh("spa", first).await.json();
    site.refresh("spa", text(&second["refresh_token"])).await;
    assert_eq!(site.refresh("spa", first).await.error(), "invalid_grant");
    assert_eq!(ear.kinds(&site).await, "G");

    // A token given back.
    let tokens = site.tokens("web", &SCOPE).await;
    let basic = Some(("web", SECRET));
    site.post(
        "/oauth/revoke",
        basic,
        &[("token", text(&tokens["access_token"]))],
    )
    .await;
    let said = claims(&tokens["access_token"]);
    assert_eq!(
        ear.heard(&site).await,
        [Record::token(
            &hash,
            text(&said["jti"]),
            said["exp"].as_u64().unwrap()
        )]
    );
    site.post(
        "/oauth/revoke",
        basic,
        &[("token", text(&tokens["refresh_token"]))],
    )
    .await;
    assert_eq!(ear.kinds(&site).await, "G");

    // The user: password, block, logout everywhere.
    let user = users::find(app, EMAIL).await.unwrap();
    site.tokens("spa", &SCOPE).await;
    users::set_password(app, Operator, &user, "a quite different one")
        .await
        .unwrap();
    let told = ear.heard(&site).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].nbf,
        site.now().seconds().unsigned_abs() + 1,
        "a second after, no more"
    );
    assert_eq!(
        told[0],
        Record::user(&hash, user.id.as_str(), told[0].nbf, told[0].exp)
    );
    let user = users::find(app, EMAIL).await.unwrap();
    users::set_password(app, Operator, &user, crate::site::PASSWORD)
        .await
        .unwrap();
    assert_eq!(ear.kinds(&site).await, "", "nothing was held by then");

    // The client: disabled, a leaked secret. A secret that was only replaced ends nothing.
    let web = clients::find(app, "web").await.unwrap();
    clients::new_secret(app, Operator, &web).await.unwrap();
    assert_eq!(ear.kinds(&site).await, "");
    clients::replace_secret(app, Operator, &web, OldSecret::Leaked)
        .await
        .unwrap();
    let told = ear.heard(&site).await;
    let nbf = site.now().seconds().unsigned_abs() + 3;
    // 86,400 seconds are the longest that any token was ever allowed to live here.
    assert_eq!(told, [Record::client(&hash, "web", nbf, nbf + 86_400)]);
}

async fn threat_31_deleting_tells_verifiers_before_the_rows_are_gone(site: Site) {
    let (app, mut ear) = (&site.app, Ear(0));
    let hash = *app.feed.hash_key();
    let tokens = site.tokens("web", &SCOPE).await;
    let user = users::find(app, EMAIL).await.unwrap();
    users::delete(app, Operator, &user).await.unwrap();
    let told = ear.heard(&site).await;
    let until = claims(&tokens["id_token"])["exp"].as_u64().unwrap();
    assert_eq!(
        told,
        [Record::user(
            &hash,
            user.id.as_str(),
            site.now().seconds().unsigned_abs() + 1,
            until
        )]
    );

    let web = clients::find(app, "web").await.unwrap();
    clients::delete(app, Operator, &web).await.unwrap();
    let told = ear.heard(&site).await;
    assert_eq!(
        told.iter().map(|record| record.kind).collect::<Vec<_>>(),
        [Kind::Client]
    );
}

async fn threat_32_a_restore_gives_the_feed_another_name_and_ends_everything(site: Site) {
    let mut ear = Ear(0);
    site.tokens("web", &SCOPE).await;
    let before = revocations::head(&site.app.db).await.unwrap();
    restore::restored(&site.app, Operator).await.unwrap();
    let after = revocations::head(&site.app.db).await.unwrap();
    assert_ne!(before.feed_id, after.feed_id);
    assert_eq!(ear.kinds(&site).await, "I");
    // The hash key stays, so that what verifiers know goes on hitting what it hit.
    let hash = *site.app.feed.hash_key();
    let site = site.restart().await;
    assert_eq!(*site.app.feed.hash_key(), hash);
}

async fn nothing_is_told_twice(site: Site) {
    let mut ear = Ear(0);
    let tokens = site.tokens("web", &SCOPE).await;
    for token in ["access_token", "refresh_token"] {
        for _ in 0..2 {
            let fields = [("token", text(&tokens[token]))];
            site.post("/oauth/revoke", Some(("web", SECRET)), &fields).await;
        }
    }
    assert_eq!(ear.kinds(&site).await, "JG");
    let user = users::find(&site.app, EMAIL).await.unwrap();
    // The session stands still, so its tokens' times are told once more, by the user.
    users::set_access(&site.app, Operator, &user, Access::Blocked)
        .await
        .unwrap();
    assert_eq!(ear.kinds(&site).await, "U");
    users::log_out(&site.app, Operator, &user).await.unwrap();
    assert_eq!(ear.kinds(&site).await, "");
}

async fn an_ending_that_is_undone_tells_nothing(site: Site) {
    use sekisho::end::{self, Ending};
    use sekisho_store::Fault;

    site.tokens("web", &SCOPE).await;
    let user = users::find(&site.app, EMAIL).await.unwrap();
    let (by, id) = (Ending::at(&site.app, site.now()), user.id.clone());
    let undone = site.app.db.tx(async move |tx| {
        end::user(tx, &by, &id).await?;
        Err::<(), _>(Fault::Conflict("undone".to_owned()))
    });
    assert!(undone.await.is_err());
    assert_eq!(Ear(0).kinds(&site).await, "");
}
