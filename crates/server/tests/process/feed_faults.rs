//! A verifier that listens to real nodes, and what may go wrong between them: however it goes, a revoked token does not pass beyond the
//! bound that was promised, and afterwards good tokens pass again.
//!
//! The fixture is in `scene`.

mod scene;

use super::visitor::text;
use super::{eventually, program};
use crate::browser::claims;
use crate::site::{EMAIL, PASSWORD};
use crate::wire::Flow;
use scene::{Pair, Scene, answer, bound, until_answer};
use sekisho::admin::Actor::Operator;
use sekisho::admin::users;
use sekisho_test_postgres::Server;
use sekisho_verify::fetch::OnlineVerifier;
use sekisho_verify::revocations::State;

#[tokio::test]
async fn a_verifier_that_is_older_than_its_issuer_becomes_ready_by_itself() {
    let scene = Scene::sqlite().await;
    let node = scene.serve().await;
    let pair = scene.pair(&node).await;
    node.kill().await;
    let online = scene.listener();
    scene.revoke(&pair).await;
    eventually("it has tried", async || online.feed_counts().failures >= 1).await;
    assert!(!online.is_ready());
    assert_ne!(answer(&online, &pair.innocent).await, "trusted");
    let _node = scene.serve().await;
    until_answer(&online, &pair.innocent, "trusted", &["unavailable", "need_keys"]).await;
    assert_eq!(answer(&online, &pair.guilty).await, "revoked");
    assert!(online.is_ready());
}

#[tokio::test]
async fn what_was_revoked_stays_revoked_when_the_issuer_is_killed_and_started_again() {
    for scene in [Scene::sqlite().await, Scene::postgres().await] {
        let node = scene.serve().await;
        let pair = scene.pair(&node).await;
        let online = scene.ready().await;
        pair.pass(&online).await;
        scene.revoke(&pair).await;
        until_answer(&online, &pair.guilty, "revoked", &["trusted"]).await;
        let connections = online.feed_counts().connections;
        node.kill().await;
        let _node = scene.serve().await;
        eventually("it listens again", async || {
            online.feed_counts().connections > connections && online.feed_state() == Some(State::Fresh)
        })
        .await;
        let new = scene.ready().await;
        for online in [&online, &new] {
            assert_eq!(answer(online, &pair.guilty).await, "revoked");
            assert_eq!(answer(online, &pair.innocent).await, "trusted");
        }
        assert_eq!(online.feed_counts().surprises, 0, "the same feed goes on");
    }
}

/// The node that holds the stream is stopped in the middle of what it does, and then killed: it never tells.
#[tokio::test]
async fn a_node_that_dies_between_commit_and_word_is_replaced_by_another() {
    let scene = Scene::postgres().await;
    let holder = scene.serve().await;
    let other = scene.deployment.start().await;
    let pair = scene.pair(&other).await;
    let online = scene.ready().await;
    pair.pass(&online).await;
    holder.signal("STOP");
    let mut visitor = scene.visitor(&other);
    let client = scene.deployment.spa.as_str();
    let fields = [("client_id", client), ("token", pair.guilty_refresh.as_str())];
    let revoked = visitor.post("/oauth/revoke", &fields).await;
    assert!(revoked.status.is_success(), "{}", revoked.body);
    let revoked_at = super::feed::now();
    scene.wire.lead_to(other.address());
    holder.kill().await;
    pair.pass_at_most(&online, revoked_at, "revoked").await;
    until_answer(&online, &pair.innocent, "trusted", &["unavailable"]).await;
}

/// Something is between the verifier and the issuer for longer than stale knowledge is used.
async fn outage(scene: &Scene, pair: &Pair, online: &OnlineVerifier, begin: impl Fn(), end: impl Fn()) {
    pair.pass(online).await;
    begin();
    scene.revoke(pair).await;
    let revoked_at = super::feed::now();
    pair.pass_at_most(online, revoked_at, "unavailable").await;
    assert_eq!(answer(online, &pair.innocent).await, "unavailable");
    assert!(!online.is_ready());
    end();
    pair.pass_at_most(online, revoked_at, "revoked").await;
    until_answer(online, &pair.innocent, "trusted", &["unavailable"]).await;
    eventually("it is fresh", async || online.feed_state() == Some(State::Fresh)).await;
}

#[tokio::test]
async fn a_path_that_is_cut_or_stands_still() {
    let scene = Scene::sqlite().await;
    let node = scene.serve().await;
    let online = scene.ready().await;
    for flow in [Flow::Cut, Flow::Stalled] {
        let pair = scene.pair(&node).await;
        let (begin, end) = (|| scene.wire.set(flow), || scene.wire.set(Flow::Open));
        outage(&scene, &pair, &online, begin, end).await;
    }
}

#[tokio::test]
async fn a_node_that_stands_still_without_closing_anything() {
    let scene = Scene::postgres().await;
    let node = scene.serve().await;
    let online = scene.ready().await;
    let pair = scene.pair(&node).await;
    outage(
        &scene,
        &pair,
        &online,
        || node.signal("STOP"),
        || node.signal("CONT"),
    )
    .await;
}

#[tokio::test]
async fn threat_33_a_node_that_lives_without_its_database_makes_nobody_look_fresh() {
    let mut server = Server::start();
    let scene = Scene::with(&[("DATABASE_URL", &server.fresh_database())]).await;
    let node = scene.serve().await;
    let pair = scene.pair(&node).await;
    let online = scene.ready().await;
    pair.pass(&online).await;
    scene.revoke(&pair).await;
    until_answer(&online, &pair.guilty, "revoked", &["trusted"]).await;
    server.stop();
    let stopped_at = super::feed::now();
    loop {
        let asked_at = super::feed::now();
        match answer(&online, &pair.innocent).await.as_str() {
            "trusted" => assert!(asked_at < stopped_at + bound(), "looked fresh for too long"),
            "unavailable" => break,
            other => panic!("{other}"),
        }
        tokio::time::sleep(super::LOOK).await;
    }
    let health = scene.visitor(&node).get("/healthz").await;
    assert!(health.status.is_success(), "the node lives");
    assert_eq!(answer(&online, &pair.guilty).await, "revoked");
    server.start_again();
    until_answer(&online, &pair.innocent, "trusted", &["unavailable"]).await;
    assert_eq!(answer(&online, &pair.guilty).await, "revoked");
}

#[tokio::test]
async fn a_verifier_that_hears_slowly_is_never_wrong() {
    let scene = Scene::sqlite().await;
    let node = scene.serve().await;
    let online = scene.ready().await;
    let pair = scene.pair(&node).await;
    pair.pass(&online).await;
    scene.wire.set(Flow::Crawling);
    scene.revoke(&pair).await;
    let revoked_at = super::feed::now();
    pair.pass_at_most(&online, revoked_at, "either").await;
    scene.wire.set(Flow::Open);
    until_answer(&online, &pair.guilty, "revoked", &["unavailable"]).await;
    until_answer(&online, &pair.innocent, "trusted", &["unavailable"]).await;
}

#[tokio::test]
async fn a_login_in_the_second_of_a_revocation_is_new_and_what_was_before_is_over() {
    let scene = Scene::sqlite().await;
    let node = scene.serve().await;
    let online = scene.ready().await;
    let user = users::find(&scene.app, EMAIL).await.unwrap();
    for _ in 0..3 {
        let before = scene.token(&node).await;
        users::log_out(&scene.app, Operator, &user).await.unwrap();
        let after = scene.token(&node).await;
        until_answer(&online, &before, "revoked", &["trusted"]).await;
        assert_eq!(answer(&online, &after).await, "trusted");
        let (old, new) = (claims(&before.clone().into()), claims(&after.clone().into()));
        assert!(
            old["iat"].as_u64() < new["iat"].as_u64(),
            "the mint waited for the next second"
        );
    }
}

#[tokio::test]
async fn threat_38_what_a_login_gets_that_races_a_change_of_password_is_dead_to_rows_and_verifiers() {
    let scene = Scene::postgres().await;
    let nodes = [scene.serve().await, scene.deployment.start().await];
    let online = scene.ready().await;
    let mut password = PASSWORD.to_owned();
    for round in 0..4 {
        let mut logins = tokio::task::JoinSet::new();
        for runner in 0..4 {
            let mut visitor = scene.visitor(&nodes[runner % 2]);
            let (request, spa) = (
                super::visitor::request(&scene.deployment),
                scene.deployment.spa.clone(),
            );
            let password = password.clone();
            logins.spawn(async move {
                let page = visitor.open(&request).await;
                let left = visitor.fill_in(&page, EMAIL, &password).await;
                // The change was first: the page again.
                if !left.status.is_redirection() {
                    return None;
                }
                let code = left.param("code")?;
                let answer = visitor.redeem(&spa, &code).await;
                answer
                    .status
                    .is_success()
                    .then(|| text(&answer.json()["access_token"]))
            });
        }
        let user = users::find(&scene.app, EMAIL).await.unwrap();
        let next = format!("another battery {round}");
        // Each round the change comes a little later among the logins.
        tokio::time::sleep(super::LOOK * round).await;
        users::set_password(&scene.app, Operator, &user, &next)
            .await
            .unwrap();
        let held: Vec<String> = logins.join_all().await.into_iter().flatten().collect();
        let old = password;
        password = next;
        let after = scene.token_of(&nodes[1], &password).await;
        for token in &held {
            let shown = scene.visitor(&nodes[0]).userinfo(token).await;
            assert!(!shown.status.is_success(), "{old} was worth something afterwards");
            until_answer(&online, token, "revoked", &["trusted"]).await;
        }
        until_answer(&online, &after, "trusted", &[]).await;
    }
}

#[tokio::test]
async fn threat_32_after_a_restored_backup_everything_from_before_is_refused_and_verifiers_forget_nothing() {
    let scene = Scene::sqlite().await;
    let node = scene.serve().await;
    let pair = scene.pair(&node).await;
    let online = scene.ready().await;
    let backup = scene.deployment.folder.path().join("copy.db");
    scene.app.db.backup(&backup).await.unwrap();
    scene.revoke(&pair).await;
    let lost = scene.token(&node).await;
    until_answer(&online, &pair.guilty, "revoked", &["trusted"]).await;
    until_answer(&online, &lost, "trusted", &[]).await;
    let before = online.revocations().unwrap().position().unwrap();
    node.kill().await;
    let Scene {
        deployment,
        wire,
        app,
    } = scene;
    drop(app);
    let data = deployment.folder.path().join("data");
    for name in ["sekisho.db", "sekisho.db-wal", "sekisho.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    std::fs::rename(&backup, data.join("sekisho.db")).unwrap();
    let done = program(&deployment.settings, deployment.folder.path())
        .arg("restored")
        .status();
    assert!(done.unwrap().success());
    let app = deployment.open().await;
    let scene = Scene {
        deployment,
        wire,
        app,
    };
    let node = scene.serve().await;
    let fresh = scene.ready().await;
    eventually("it follows the new feed", async || {
        online.revocations().unwrap().position().unwrap().feed_id != before.feed_id
    })
    .await;
    for online in [&online, &fresh] {
        for old in [&pair.guilty, &pair.innocent, &lost] {
            assert_eq!(answer(online, old).await, "revoked");
        }
    }
    let known = |online: &OnlineVerifier| online.revocations().unwrap().stats();
    assert_eq!(known(&online).other_feeds, 1);
    assert!(
        known(&online).records > known(&fresh).records,
        "what the backup had forgotten"
    );
    let new = scene.token(&node).await;
    for online in [&online, &fresh] {
        until_answer(online, &new, "trusted", &["unavailable"]).await;
    }
}
