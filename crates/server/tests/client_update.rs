//! `sekisho client update` with the real program: what is said changes, the rest stays, and what the rules refuse changes nothing.

use crate::operator::Deployment;
use serde_json::{Value, json};

fn made(site: &Deployment) -> Value {
    site.json(&[
        "client",
        "add",
        "Site",
        "--kind",
        "regular_web",
        "--callback",
        "https://a.example/cb",
        "--web-origin",
        "https://a.example",
        "--backchannel-logout-url",
        "https://a.example/bye",
        "--backchannel-logout-session-required",
        "--json",
    ])
}

#[test]
fn what_is_said_changes_and_the_rest_stays() {
    let site = Deployment::new();
    let before = made(&site);
    assert_eq!(
        before["backchannel_logout_urls"],
        json!(["https://a.example/bye"])
    );
    assert_eq!(before["backchannel_logout_session_required"], true);
    let id = before["client_id"].as_str().unwrap();
    let update = |arguments: &[&str]| {
        let all = [&["client", "update", id, "--json"], arguments].concat();
        site.json(&all)
    };
    let renamed = update(&["--name", "Shop"]);
    let mut expected = before.clone();
    expected["name"] = json!("Shop");
    expected.as_object_mut().unwrap().remove("client_secret");
    assert_eq!(renamed, expected);
    let moved = update(&[
        "--callback",
        "https://b.example/cb",
        "--callback",
        "https://b.example/cb2",
        "--clear",
        "web-origins",
        "--frontchannel-logout-url",
        "https://b.example/frame",
        "--frontchannel-logout-session-required",
        "--backchannel-logout-session-required=false",
        "--rotate-refresh-tokens",
        "true",
        "--refresh-leeway",
        "20",
    ]);
    assert_eq!(
        moved["callbacks"],
        json!(["https://b.example/cb", "https://b.example/cb2"])
    );
    assert_eq!(moved["web_origins"], json!([]));
    assert_eq!(moved["frontchannel_logout_url"], "https://b.example/frame");
    assert_eq!(moved["frontchannel_logout_session_required"], true);
    assert_eq!(moved["backchannel_logout_session_required"], false);
    assert_eq!(
        moved["backchannel_logout_urls"],
        before["backchannel_logout_urls"]
    );
    assert_eq!(
        (
            &moved["refresh_tokens"]["rotating"],
            &moved["refresh_tokens"]["leeway"]
        ),
        (&json!(true), &json!(20))
    );
    assert_eq!(site.json(&["client", "show", id, "--json"]), moved);
    let quiet = update(&[
        "--clear",
        "backchannel-logout-urls",
        "--clear",
        "frontchannel-logout-url",
    ]);
    assert_eq!(quiet["backchannel_logout_urls"], json!([]));
    assert_eq!(quiet["frontchannel_logout_url"], Value::Null);
}

#[test]
fn a_new_client_has_the_policy_that_was_said() {
    let site = Deployment::new();
    let add = |policy: &[&str]| {
        let base = ["client", "add", "Payroll", "--kind", "spa", "--json"];
        site.json(&[&base, policy].concat())["mfa"].clone()
    };
    assert_eq!(add(&[]), "inherit");
    for policy in ["never", "adaptive", "always", "inherit"] {
        assert_eq!(add(&["--mfa", policy]), policy);
    }
    let base = ["client", "add", "Payroll", "--kind", "spa", "--mfa", "sometimes"];
    let said = site.refused(&base, 2);
    assert!(said.contains("adaptive"), "{said}");
}

#[test]
fn what_the_rules_refuse_changes_nothing() {
    let site = Deployment::new();
    let before = made(&site);
    let id = before["client_id"].as_str().unwrap();
    let shown = site.json(&["client", "show", id, "--json"]);
    for (arguments, says) in [
        (
            ["--frontchannel-logout-url", "https://other.example/x"],
            "those of a callback",
        ),
        (
            ["--backchannel-logout-url", "https://a.example/#x"],
            "https://a.example/#x",
        ),
        (["--callback", "https://*.example/cb"], "wildcard"),
        (["--web-origin", "https://a.example/path"], "no origin"),
        (["--refresh-lifetime", "5"], "60 seconds"),
        (["--name", " "], "a name"),
    ] {
        let refused = site.refused(&[&["client", "update", id], &arguments[..]].concat(), 1);
        assert!(refused.contains(says), "{refused}");
    }
    site.refused(&["client", "update", id, "--clear", "everything"], 2);
    site.refused(&["client", "update", "nobody", "--name", "X"], 1);
    assert_eq!(site.json(&["client", "show", id, "--json"]), shown);
}
