//! The audit log: what is in it, for how long, how it is read, and that a flood cannot fill it.

use super::{attempt, audited, behind_proxy};
use crate::operator::{Deployment, text};
use crate::site::{EMAIL, PASSWORD, SECRET, Site, engines};
use sekisho::failures::MOST_WAITING;
use sekisho::http::moment::Moment;
use sekisho::serve::sweep_batch;
use sekisho_store::args;
use sekisho_store::audit::Event;
use serde_json::Value;

engines!(
    rows_older_than_they_are_kept_are_removed,
    a_flood_of_failures_is_dropped_and_counted,
    no_secret_is_in_the_log,
);

fn failure(site: &Site, detail: &str) -> Event {
    let moment = Moment { now: site.now() };
    Event {
        id: moment.sortable_id(),
        at: moment.now,
        kind: "fu",
        user: None,
        client: None,
        session: None,
        ip: "198.51.100.7".to_owned(),
        user_agent: String::new(),
        detail: detail.to_owned(),
        risk: String::new(),
    }
}

async fn rows_older_than_they_are_kept_are_removed(site: Site) {
    let site = behind_proxy(site, &[("SEKISHO_AUDIT_RETENTION_DAYS", "30")]).await;
    for n in 0..600 {
        site.app
            .failures
            .note(&site.app, failure(&site, &format!("old {n}")), None);
    }
    assert_eq!(audited(&site, &["fu"]).await.len(), 600);
    site.pass(29 * 86_400);
    site.app.failures.note(&site.app, failure(&site, "young"), None);
    assert_eq!(audited(&site, &["fu"]).await.len(), 601);
    while sweep_batch(&site.app).await.unwrap() > 0 {}
    assert_eq!(audited(&site, &["fu"]).await.len(), 601);
    site.pass(2 * 86_400);
    while sweep_batch(&site.app).await.unwrap() > 0 {}
    let left = audited(&site, &["fu"]).await;
    assert_eq!(left.len(), 1, "in batches, and only what is old");
    assert!(left[0].2.contains("young"));
}

async fn a_flood_of_failures_is_dropped_and_counted(site: Site) {
    for n in 0..MOST_WAITING + 5 {
        site.app
            .failures
            .note(&site.app, failure(&site, &n.to_string()), None);
    }
    let written = sekisho::failures::flush(&site.app).await.unwrap();
    assert_eq!(written, MOST_WAITING);
    let metrics = site.app.metrics.text(&site.app.passwords);
    assert!(metrics.contains("sekisho_audit_dropped_total 5"), "{metrics}");
    let all = format!("sekisho_failures_total{{kind=\"fu\"}} {}", MOST_WAITING + 5);
    assert!(metrics.contains(&all), "{metrics}");
}

async fn no_secret_is_in_the_log(site: Site) {
    let site = behind_proxy(site, &[]).await;
    let tokens = site.tokens("web", &[("scope", "openid offline_access")]).await;
    for email in [EMAIL, "nobody@example.com"] {
        for _ in 0..12 {
            attempt(&site, "198.51.100.7", email, "a mistyped secret").await;
        }
    }
    sekisho::failures::flush(&site.app).await.unwrap();
    let sql = "SELECT kind, user_agent, detail, risk FROM audit ORDER BY id LIMIT 1000";
    let rows = site.app.db.scan(sql, args![]).await.unwrap();
    assert!(rows.len() > 20);
    for row in &rows {
        let whole = ["kind", "user_agent", "detail", "risk"]
            .map(|name| row.get::<String>(name).unwrap())
            .join(" ");
        for token in ["access_token", "refresh_token", "id_token"] {
            assert!(!whole.contains(tokens[token].as_str().unwrap()), "{whole}");
        }
        for secret in [PASSWORD, "mistyped", SECRET, "argon2"] {
            assert!(!whole.contains(secret), "{whole}");
        }
    }
}

fn rows(site: &Deployment, arguments: &[&str]) -> Vec<Value> {
    let output = site.run(&[&["log"], arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn an_operator_reads_the_log() {
    let site = Deployment::new();
    let alice = site.json(&["user", "add", "alice@example.com", "--generate", "--json"]);
    site.json(&["user", "add", "bob@example.com", "--generate", "--json"]);
    site.json(&["user", "block", "alice@example.com", "--json"]);
    site.json(&["user", "unblock", "alice@example.com", "--json"]);
    let all = rows(&site, &["search"]);
    assert!(all.len() >= 4, "{all:?}");
    let hers = rows(&site, &["search", "--user", "alice@example.com", "--since", "1h"]);
    assert_eq!(hers.len(), 3, "{hers:?}");
    assert!(
        hers.iter()
            .all(|row| row["user_id"] == alice["id"] && row["type"] == "sapi")
    );
    assert_eq!(hers[0]["description"], "user added");
    assert_eq!(rows(&site, &["search", "--type", "fp"]).len(), 0);
    assert_eq!(rows(&site, &["search", "--limit", "2"]).len(), 2);
    assert_eq!(rows(&site, &["search", "--until", "2020-01-01"]).len(), 0);
    let tail = rows(
        &site,
        &["tail", "--once", "--lines", "1", "--user", "alice@example.com"],
    );
    assert_eq!(tail.len(), 1);
    assert_eq!(tail[0]["description"], "user unblocked");
    let plain = text(&site.run(&["log", "tail", "--once"]).stdout);
    assert!(
        plain.contains("user blocked") && plain.contains("sapi"),
        "{plain}"
    );
    let said = site.refused(&["log", "search", "--since", "yesterday"], 2);
    assert!(said.contains("is not a time"), "{said}");
}
