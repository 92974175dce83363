//! The log never holds a secret, however chatty it is asked to be.

use super::visitor::{request, text};
use super::{Deployment, Node};
use crate::site::{EMAIL, PASSWORD, VERIFIER};
use axum::http::StatusCode;
use sekisho_test_postgres::fresh_database;

#[tokio::test]
async fn the_log_holds_no_secret_at_any_level() {
    // Trusted connections take any password, so it can stand in the URL.
    let url = fresh_database().replacen("sekisho@", "sekisho:hunter2@", 1);
    for (name, value) in [("DATABASE_URL", url.as_str()), ("SEKISHO_WIRE", "standard")] {
        let mut deployment = Deployment::with(&[(name, value)]).await;
        deployment.set("SEKISHO_LOG", "trace");
        let node = deployment.start().await;
        let secrets = everything_once(&deployment, &node).await;
        let mut node = node;
        node.signal("TERM");
        assert!(node.ended().await.success());
        let log = node.log();
        assert!(
            log.contains("\"path\":\"/oauth/token\"") && log.contains("login refused"),
            "{log}"
        );
        for (what, secret) in secrets {
            assert!(secret.len() >= 5, "{what}");
            assert!(!log.contains(&secret), "{what} {secret} is in the log");
            // Nor any half of it that would do.
            if secret.len() >= 40 {
                assert!(
                    !log.contains(&secret[secret.len() - 30..]),
                    "the end of {what} is in the log"
                );
            }
        }
    }
}

/// Walks through everything that handles a secret, well and badly, and answers all of them.
async fn everything_once(deployment: &Deployment, node: &Node) -> Vec<(&'static str, String)> {
    let mut visitor = node.visitor();
    let mut secrets = vec![
        ("the database password", "hunter2".to_owned()),
        (
            "the key-encryption key",
            deployment.settings["SEKISHO_KEY_ENCRYPTION_KEY"].clone(),
        ),
        ("the password", PASSWORD.to_owned()),
        ("the wrong password", "a wrong password".to_owned()),
        ("the verifier", VERIFIER.to_owned()),
        ("the client secret", deployment.machine.1.clone()),
        ("the wrong client secret", "wrong-client-secret".to_owned()),
        ("the wrong code", "wrong-code-of-nobody".to_owned()),
    ];
    let page = visitor.open(&request(deployment)).await;
    secrets.push(("the form's token", page.hidden("csrf")));
    secrets.push(("the journey", page.hidden("state")));
    let again = visitor.fill_in(&page, EMAIL, "a wrong password").await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    let answer = visitor.fill_in(&page, EMAIL, PASSWORD).await;
    let code = answer.param("code").unwrap();
    let tokens = visitor.redeem(&deployment.spa, &code).await.json();
    visitor.redeem(&deployment.spa, "wrong-code-of-nobody").await;
    secrets.push(("the code", code));
    let refresh = text(&tokens["refresh_token"]);
    let rotated = visitor.refresh(&deployment.spa, &refresh).await.json();
    for (what, name) in [
        ("the access token", "access_token"),
        ("the ID token", "id_token"),
        ("the refresh token", "refresh_token"),
    ] {
        secrets.push((what, text(&tokens[name])));
        secrets.push((what, text(&rotated[name])));
    }
    let access = text(&rotated["access_token"]);
    visitor.userinfo(&access).await;
    visitor.userinfo(&format!("{access}x")).await;
    visitor.get(&format!("/userinfo?access_token={access}")).await;
    secrets.push((
        "the machine's token",
        text(&visitor.machine(deployment).await.json()["access_token"]),
    ));
    let (id, _) = &deployment.machine;
    let wrong = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", "wrong-client-secret"),
    ];
    visitor.post("/oauth/token", &wrong).await;
    visitor.headers = vec![("authorization", "Basic d3JvbmctY2xpZW50LXNlY3JldA==".to_owned())];
    visitor.post("/oauth/revoke", &[("token", &refresh)]).await;
    visitor.headers.clear();
    visitor
        .post(
            "/oauth/revoke",
            &[("token", &refresh), ("client_id", &deployment.spa)],
        )
        .await;
    visitor
        .get(&format!(
            "/oidc/logout?id_token_hint={}",
            text(&tokens["id_token"])
        ))
        .await;
    for (name, value) in &visitor.jar {
        secrets.push(("a cookie", value.clone()));
        assert!(name.starts_with("__Host-"));
    }
    secrets
}
