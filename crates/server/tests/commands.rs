//! The commands by which an operator ends trust, with the real program: what they say, and what they write.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::operator::{Deployment, text};

fn records(site: &Deployment) -> Vec<Value> {
    let output = site.run(&["revocations", "tail", "--after", "0", "--once", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn kinds(site: &Deployment) -> String {
    records(site)
        .iter()
        .map(|record| record["kind"].as_str().unwrap().to_owned())
        .collect()
}

fn piped(site: &Deployment, arguments: &[&str], input: &str) -> Output {
    let mut command = site.command(arguments);
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    running.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    running.wait_with_output().unwrap()
}

#[test]
fn an_operator_ends_what_users_clients_and_keys_hold() {
    let site = Deployment::new();
    let user = site.json(&["user", "add", "alice@example.com", "--generate", "--json"]);
    let said = site.json(&["user", "logout", "alice@example.com", "--wait", "--json"]);
    assert_eq!(
        said,
        json!({"id": user["id"], "email": "alice@example.com", "done": "logged out", "connected": 0, "applied": 0})
    );
    assert_eq!(kinds(&site), "", "she held nothing");
    assert_eq!(
        site.json(&["session", "list", "alice@example.com", "--json"]),
        json!([])
    );
    let unknown = site.refused(&["session", "revoke", "nothing"], 1);
    assert!(unknown.contains("there is no session nothing"), "{unknown}");

    let machine = site.json(&["client", "add", "Job", "--kind", "non_interactive", "--json"]);
    let id = machine["client_id"].as_str().unwrap();
    let said = text(&site.run(&["client", "revoke", id, "--wait"]).stdout);
    assert!(
        said.contains("revoked everything") && said.contains("no verifier is connected"),
        "{said}"
    );
    site.json(&["client", "secret", id, "--json"]);
    assert_eq!(kinds(&site), "C");
    site.json(&["client", "secret", id, "--leaked", "--json"]);
    assert_eq!(kinds(&site), "CC");

    let keys = site.json(&["key", "list", "--json"]);
    let current = keys
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["state"] == "current")
        .unwrap();
    site.json(&["key", "revoke", current["kid"].as_str().unwrap(), "--json"]);
    assert_eq!(kinds(&site), "CCK");
    let told = records(&site);
    assert_eq!((&told[0]["seq"], &told[2]["seq"]), (&json!(1), &json!(3)));
    let line = text(
        &site
            .run(&["revocations", "tail", "--after", "2", "--once"])
            .stdout,
    );
    assert!(
        line.starts_with("3  ") && line.contains("  key  ") && line.contains("told until"),
        "{line}"
    );

    let alice = ["consent", "withdraw", "alice@example.com", id];
    assert!(site.refused(&alice, 1).contains("there is no consent for"));
}

#[test]
fn the_red_button_is_pressed_twice() {
    let site = Deployment::new();
    let unasked = site.refused(&["revoke", "everything"], 1);
    assert!(unasked.contains("--yes twice"), "{unasked}");
    let once = site.refused(&["revoke", "everything", "--yes"], 2);
    assert!(once.contains("--yes twice"), "{once}");
    assert_eq!(kinds(&site), "");
    let said = site.json(&["revoke", "everything", "--yes", "--yes", "--json"]);
    assert_eq!(said, json!({"revoked": "everything"}));
    assert_eq!(kinds(&site), "I");
    assert!(site.run(&["restored"]).status.success());
    assert_eq!(kinds(&site), "II");
}

#[test]
fn a_token_is_piped_in_and_must_be_ours() {
    let site = Deployment::new();
    for noise in ["nonsense", "a.b.c", "at_x", ""] {
        let output = piped(&site, &["token", "revoke"], noise);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(
            said.contains("no access token or refresh token of this issuer"),
            "{said}"
        );
        assert!(noise.is_empty() || !said.contains(noise), "it is not repeated");
    }
}

#[test]
fn a_verifier_gets_all_it_needs() {
    let site = Deployment::new();
    let none = site.refused(&["verifier", "add", "Notes"], 1);
    assert!(none.contains("no API yet"), "{none}");
    let api = "https://api.example/";
    site.json(&["api", "add", api, "--scope", "read=Read", "--json"]);
    let said = text(&site.run(&["verifier", "add", "Notes"]).stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert_eq!(lines[0], "SEKISHO_ISSUER=http://localhost:4000/");
    assert_eq!(lines[1], "SEKISHO_AUDIENCE=https://api.example/");
    let id = lines[2].strip_prefix("SEKISHO_CLIENT_ID=").unwrap();
    assert!(
        lines[3]
            .strip_prefix("SEKISHO_CLIENT_SECRET=")
            .is_some_and(|secret| secret.len() > 40)
    );
    assert_eq!(
        site.json(&["grant", "list", id, "--json"])
            .as_array()
            .unwrap()
            .len(),
        2,
        "the feed, and questions about tokens of the API"
    );
    site.json(&["api", "add", "https://other.example/", "--json"]);
    let several = site.refused(&["verifier", "add", "Notes"], 1);
    assert!(several.contains("--api"), "{several}");
    let named = site.json(&["verifier", "add", "Notes", "--api", api, "--json"]);
    assert_eq!(named["audience"], api);
    assert!(
        site.refused(&["verifier", "add", "Notes", "--api", "https://no.example/"], 1)
            .contains("there is no API")
    );
}
