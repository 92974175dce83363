//! Work that is done later: begun without being asked, brought to its end at a stop, given up at last, and its secrets kept.

use crate::relying_party::RelyingParty;
use crate::site::{Site, authorize, engines};
use sekisho::admin::Actor::Operator;
use sekisho::admin::keys;
use sekisho::http::moment::Moment;
use sekisho::jobs::{self, Draft, Kind};
use sekisho::seal::{Kek, Sealer};
use sekisho_store::{args, jobs as rows};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

engines!(
    a_worker_does_what_is_left_behind_and_ends_what_it_began,
    work_that_takes_every_node_down_is_given_up,
    what_nobody_understands_is_given_up_and_unknown_kinds_stay,
    what_a_job_carries_is_sealed_and_sealed_again_under_another_key,
);

fn moment(site: &Site) -> Moment {
    Moment { now: site.now() }
}

async fn add(site: &Site, draft: &Draft) {
    let (draft, moment) = (draft.clone(), moment(site));
    site.app
        .db
        .tx(async move |tx| jobs::enqueue(tx, &draft, moment).await)
        .await
        .unwrap();
}

/// Each job's kind, outcome and note, oldest first.
async fn seen(site: &Site) -> Vec<(String, Option<String>, Option<String>)> {
    let sql = "SELECT kind, outcome, note FROM jobs ORDER BY id LIMIT 100";
    let rows = site.app.db.all(sql, args![]).await.unwrap();
    rows.iter()
        .map(|row| {
            (
                row.get("kind").unwrap(),
                row.get("outcome").unwrap(),
                row.get("note").unwrap(),
            )
        })
        .collect()
}

/// Waits until a condition holds; the story fails when it never does.
async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waited)
        .await
        .unwrap();
}

async fn a_worker_does_what_is_left_behind_and_ends_what_it_began(site: Site) {
    let mut app = RelyingParty::start().await;
    app.stands_for(&site, "web").await;
    let (stop, stopping) = watch::channel(false);
    let work = tokio::spawn(jobs::work(Arc::clone(&site.app), stopping));
    let gate = app.hold();
    let mut browser = site.browser();
    let code = browser
        .sign_in(&authorize("web", &[]))
        .await
        .param("code")
        .unwrap();
    site.redeem("web", &code).await.json();
    browser.get("/v2/logout").await;
    // The application has been called and does not answer yet: a stop waits for it.
    until(async || app.has_received()).await;
    stop.send_replace(true);
    assert!(seen(&site).await[0].1.is_none() && !work.is_finished());
    gate.send_replace(true);
    work.await.unwrap();
    assert_eq!(app.heard(&site, "web").await.len(), 1);
    let seen = seen(&site).await;
    assert_eq!(
        seen,
        [(
            "backchannel_logout".to_owned(),
            Some("done".to_owned()),
            Some("told 127.0.0.1".to_owned())
        )]
    );
}

async fn work_that_takes_every_node_down_is_given_up(site: Site) {
    let payload = json!({"client": "web", "user": "u", "session": "s"});
    add(
        &site,
        &Draft::new(Kind::BackchannelLogout, &payload, moment(&site)).unwrap(),
    )
    .await;
    let due = rows::due(&site.app.db, "backchannel_logout", site.now())
        .await
        .unwrap();
    // Eight nodes take it and are never heard of again.
    for _ in 0..8 {
        let (id, now) = (due[0].clone(), site.now());
        let taken = site
            .app
            .db
            .tx(async move |tx| rows::claim(tx, &id, "gone", now, now.plus_seconds(60)).await);
        assert!(taken.await.unwrap().is_some());
        assert_eq!(
            jobs::run_due(&site.app).await.unwrap(),
            0,
            "it is theirs for a minute"
        );
        site.pass(60);
    }
    assert_eq!(jobs::run_due(&site.app).await.unwrap(), 1);
    let (_, outcome, note) = seen(&site).await.remove(0);
    assert_eq!(
        (outcome.as_deref(), note.as_deref()),
        (Some("failed"), Some("no try came to an end"))
    );
}

async fn what_nobody_understands_is_given_up_and_unknown_kinds_stay(site: Site) {
    add(
        &site,
        &Draft::new(Kind::BackchannelLogout, &json!({"half": true}), moment(&site)).unwrap(),
    )
    .await;
    let later = rows::NewJob {
        id: "ffff".to_owned(),
        kind: "of_a_later_release",
        payload: "{}".to_owned(),
        sealed: None,
    };
    let now = site.now();
    site.app
        .db
        .tx(async move |tx| rows::insert(tx, &later, now).await)
        .await
        .unwrap();
    assert_eq!(jobs::run_due(&site.app).await.unwrap(), 1);
    let seen = seen(&site).await;
    assert_eq!(seen[0].1.as_deref(), Some("failed"));
    assert_eq!(seen[1], ("of_a_later_release".to_owned(), None, None));
}

async fn what_a_job_carries_is_sealed_and_sealed_again_under_another_key(site: Site) {
    let draft = Draft::new(Kind::BackchannelLogout, &json!({}), moment(&site)).unwrap();
    add(
        &site,
        &draft
            .with_secret(&site.app.sealer, b"a link as good as a password")
            .unwrap(),
    )
    .await;
    let stored = rows::sealed(&site.app.db, "").await.unwrap();
    let (id, sealed) = stored[0].clone();
    assert!(!sealed.windows(4).any(|part| part == b"link"));
    // A row sealed under a former key, as an operator finds it after a change of keys.
    let former = Sealer::new(Kek::new(&[9; 32]).unwrap(), Vec::new());
    let place = sekisho::seal::Place {
        table: "jobs",
        column: "sealed",
        row: &id,
    };
    let old = former.seal(&place, b"a link as good as a password").unwrap();
    let (row, written) = (id.clone(), old.clone());
    let put = site
        .app
        .db
        .tx(async move |tx| rows::reseal(tx, &row, sealed.clone(), written.clone()).await);
    assert!(put.await.unwrap());
    let without = keys::rewrap(&site.app, Operator).await;
    assert!(
        without.is_err(),
        "a value that opens with no key at hand is reported"
    );
    let site = site.with_former_key([9; 32]).await;
    assert_eq!(keys::rewrap(&site.app, Operator).await.unwrap(), 1);
    let now = site.now();
    let name = id.clone();
    let claim = site
        .app
        .db
        .tx(async move |tx| rows::claim(tx, &name, "a", now, now.plus_seconds(60)).await);
    let job = claim.await.unwrap().unwrap();
    let opened = jobs::secret(&job, &site.app.sealer).unwrap().unwrap();
    assert_eq!(opened.as_slice(), b"a link as good as a password");
}
