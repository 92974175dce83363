//! Rows that a node keeps in memory: at once another on the node that edits them, soon on every other, and never kept by a
//! node that does not hear of edits.

use crate::browser::Answer;
use crate::site::{API, SECRET, Site, engines};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::clients;
use sekisho_rules::client::Standing;
use sekisho_store::args;
use std::time::Duration;

engines!(
    an_edit_holds_at_once_on_the_node_that_made_it,
    a_node_that_does_not_hear_of_edits_reads_every_row,
);

async fn machine(site: &Site, secret: &str) -> Answer {
    let fields = [("grant_type", "client_credentials"), ("audience", API)];
    site.post("/oauth/token", Some(("machine", secret)), &fields)
        .await
}

async fn kept(site: &Site) {
    // The second is answered from what the first has left.
    for _ in 0..2 {
        assert_eq!(machine(site, SECRET).await.status, StatusCode::OK);
    }
}

async fn an_edit_holds_at_once_on_the_node_that_made_it(site: Site) {
    for _ in 0..5 {
        kept(&site).await;
        let client = clients::find(&site.app, "machine").await.unwrap();
        clients::set_standing(&site.app, Operator, &client, Standing::Disabled)
            .await
            .unwrap();
        assert_eq!(machine(&site, SECRET).await.status, StatusCode::UNAUTHORIZED);
        clients::set_standing(&site.app, Operator, &client, Standing::Enabled)
            .await
            .unwrap();
        site.pass(5);
    }
    let client = clients::find(&site.app, "machine").await.unwrap();
    let new = clients::new_secret(&site.app, Operator, &client).await.unwrap();
    assert_eq!(machine(&site, SECRET).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(machine(&site, &new.encode()).await.status, StatusCode::OK);
}

async fn a_node_that_does_not_hear_of_edits_reads_every_row(site: Site) {
    kept(&site).await;
    site.deafen().await;
    let silent = async {
        while site.app.feed.vouches(site.now()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, silent).await.unwrap();
    // An edit that rings no bell.
    let edit = "UPDATE clients SET enabled = FALSE WHERE id = $1";
    assert_eq!(site.app.db.run(edit, args!["machine"]).await.unwrap(), 1);
    assert_eq!(machine(&site, SECRET).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_edit_on_one_node_holds_on_another_soon() {
    let a = Site::on_postgres().await;
    let b = a.second_node().await;
    kept(&a).await;
    kept(&b).await;
    let client = clients::find(&b.app, "machine").await.unwrap();
    clients::set_standing(&b.app, Operator, &client, Standing::Disabled)
        .await
        .unwrap();
    assert_eq!(machine(&b, SECRET).await.status, StatusCode::UNAUTHORIZED);
    let heard = async {
        while machine(&a, SECRET).await.status == StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, heard).await.unwrap();
    let grant = "DELETE FROM client_grants WHERE client_id = $1";
    clients::set_standing(&b.app, Operator, &client, Standing::Enabled)
        .await
        .unwrap();
    a.pass(5);
    let again = async {
        while machine(&a, SECRET).await.status != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, again).await.unwrap();
    let removed = b.app.db.tx(async move |tx| {
        tx.changed();
        tx.run(grant, args!["machine"]).await
    });
    assert!(removed.await.unwrap() >= 1);
    let taken = async {
        while machine(&a, SECRET).await.status == StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(super::PATIENCE, taken).await.unwrap();
}
