//! `sekisho gateway`, by the real program.

use crate::operator::Deployment;
use serde_json::json;

#[test]
fn an_application_is_put_behind_the_gateway_listed_and_removed() {
    let at = Deployment::new();
    let added = at.json(&["gateway", "add", "https://App.Example.com/", "--json"]);
    assert_eq!(added["origin"], "https://app.example.com");
    assert_eq!(added["audience"], "https://app.example.com/", "it is its own API");
    assert!(added.get("client_secret").is_none(), "a secret nobody sees");
    assert!(
        at.refused(&["gateway", "add", "https://app.example.com"], 1)
            .contains("already")
    );

    let scope = [
        ("read:notes", "--scope"),
        ("https://api.example.com/", "--audience"),
    ];
    let [read, api] = scope;
    let second = [
        "gateway",
        "add",
        "http://localhost:5000",
        api.1,
        api.0,
        read.1,
        read.0,
    ];
    assert!(at.refused(&second, 1).contains("there is no API"));
    let words = format!("{}=Read your notes", read.0);
    at.json(&["api", "add", api.0, "--scope", &words, "--json"]);
    let said = String::from_utf8(at.run(&second).stdout).unwrap();
    assert!(said.contains("server.trusted_proxies"), "{said}");
    let unknown = [
        "gateway",
        "add",
        "https://other.example.com",
        api.1,
        api.0,
        read.1,
        "fly:planes",
    ];
    assert!(at.refused(&unknown, 1).contains("does not define: fly:planes"));

    let listed = at.json(&["gateway", "list", "--json"]);
    let origins: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|app| &app["origin"])
        .collect();
    assert_eq!(
        origins,
        [&json!("https://app.example.com"), &json!("http://localhost:5000")]
    );
    for (wrong, says) in [
        ("app.example.com", "scheme and host"),
        ("http://app.example.com", "https"),
        ("https://app.example.com/sub", "scheme and host"),
        ("http://localhost:4000", "issuer's own"),
    ] {
        assert!(
            at.refused(&["gateway", "add", wrong], 1).contains(says),
            "{wrong}"
        );
    }
    assert!(
        at.run(&["gateway", "remove", "https://app.example.com"])
            .status
            .success()
    );
    assert!(
        at.refused(&["gateway", "remove", "https://app.example.com"], 1)
            .contains("there is no application")
    );
    assert_eq!(
        at.json(&["gateway", "list", "--json"]).as_array().unwrap().len(),
        1
    );
}
