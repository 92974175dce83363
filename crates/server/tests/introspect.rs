//! Introspection (RFC 7662): a token's worth at this moment, told to its client and its API only.

use crate::browser::{Answer, claims};
use crate::seed::{api, client};
use crate::site::{API, EMAIL, SECRET, Site, engines, wires};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::users::{self, Access};
use sekisho_rules::client::ClientKind;
use serde_json::{Value, json};

engines!(
    rfc_7662_an_active_token_says_what_it_is,
    what_ended_is_inactive_at_once
);
wires!(
    threat_21_a_token_is_hidden_from_everybody_else,
    rfc_7662_section_2_1_the_caller_is_authenticated,
    refresh_and_opaque_tokens_are_told_to_their_client,
);

const SCOPE: [(&str, &str); 2] = [("scope", "openid offline_access read:notes"), ("audience", API)];

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn ask(site: &Site, caller: &str, token: &Value) -> Answer {
    let answer = site
        .post(
            "/oauth/introspect",
            Some((caller, SECRET)),
            &[("token", text(token))],
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer
}

async fn is_active(site: &Site, caller: &str, token: &Value) -> bool {
    let answer = ask(site, caller, token).await.json();
    if answer["active"] == false {
        assert_eq!(answer, json!({"active": false}), "says no more than that");
    }
    answer["active"].as_bool().unwrap()
}

async fn rfc_7662_an_active_token_says_what_it_is(site: Site) {
    let tokens = site.tokens("web", &SCOPE).await;
    let token = &tokens["access_token"];
    let said = ask(&site, "web", token).await;
    assert_eq!(said.header("cache-control"), "no-store");
    let (said, held) = (said.json(), claims(token));
    assert_eq!(said["active"], true);
    assert_eq!(
        (&said["client_id"], &said["token_type"]),
        (&json!("web"), &json!("Bearer"))
    );
    for name in ["sub", "aud", "iss", "exp", "iat", "jti", "scope", "sid"] {
        assert_eq!(said[name], held[name], "{name}");
    }
    assert_eq!(said["gid"], Value::Null, "the grant's id is nobody's business");
    // `machine` holds a grant for the API: it asks as that API.
    assert!(is_active(&site, "machine", token).await);
    let grant = [("grant_type", "client_credentials"), ("audience", API)];
    let own = site
        .post("/oauth/token", Some(("machine", SECRET)), &grant)
        .await
        .json();
    let said = ask(&site, "machine", &own["access_token"]).await.json();
    assert_eq!(
        (&said["sub"], &said["active"]),
        (&json!("machine@clients"), &json!(true))
    );
    site.pass(300);
    assert!(!is_active(&site, "web", token).await, "an expired token");
}

async fn what_ended_is_inactive_at_once(site: Site) {
    let tokens = site.tokens("web", &SCOPE).await;
    let user = users::find(&site.app, EMAIL).await.unwrap();
    assert!(is_active(&site, "machine", &tokens["access_token"]).await);
    users::set_access(&site.app, Operator, &user, Access::Blocked)
        .await
        .unwrap();
    for caller in ["web", "machine"] {
        assert!(!is_active(&site, caller, &tokens["access_token"]).await);
    }
    assert!(!is_active(&site, "web", &tokens["refresh_token"]).await);
}

async fn threat_21_a_token_is_hidden_from_everybody_else(site: Site) {
    site.add_api(api("https://other.example/")).await;
    for id in ["stranger", "other"] {
        site.add_client(client(id, ClientKind::Machine)).await;
    }
    site.allow("other", "https://other.example/", "read:notes").await;
    let tokens = site.tokens("web", &SCOPE).await;
    for caller in ["stranger", "other"] {
        for token in ["access_token", "refresh_token", "id_token"] {
            assert!(
                !is_active(&site, caller, &tokens[token]).await,
                "{caller} {token}"
            );
        }
    }
    assert!(
        !is_active(&site, "machine", &tokens["refresh_token"]).await,
        "no API's business"
    );
    for noise in ["nonsense", "a.b.c", "at_x", "rt_x"] {
        assert!(!is_active(&site, "web", &json!(noise)).await);
    }
    assert!(
        !is_active(&site, "web", &tokens["id_token"]).await,
        "an ID token is no access token"
    );
}

async fn rfc_7662_section_2_1_the_caller_is_authenticated(site: Site) {
    let tokens = site.tokens("spa", &SCOPE).await;
    let fields = [("token", text(&tokens["access_token"])), ("client_id", "spa")];
    let public = site.post("/oauth/introspect", None, &fields).await;
    assert_eq!(
        public.status,
        StatusCode::UNAUTHORIZED,
        "a public client proves nothing"
    );
    let wrong = site
        .post("/oauth/introspect", Some(("web", "wrong")), &fields[..1])
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let none = site.post("/oauth/introspect", Some(("web", SECRET)), &[]).await;
    assert_eq!(
        (none.status, none.error()),
        (StatusCode::BAD_REQUEST, "invalid_request".into())
    );
    let discovery = site.get("/.well-known/openid-configuration").await.json();
    assert_eq!(
        discovery["introspection_endpoint"],
        "https://login.example/oauth/introspect"
    );
    let methods = &discovery["introspection_endpoint_auth_methods_supported"];
    assert!(!methods.as_array().unwrap().contains(&json!("none")));
}

async fn refresh_and_opaque_tokens_are_told_to_their_client(site: Site) {
    let tokens = site.tokens("web", &[("scope", "openid offline_access")]).await;
    let refresh = ask(&site, "web", &tokens["refresh_token"]).await.json();
    assert_eq!(
        (&refresh["active"], &refresh["token_type"]),
        (&json!(true), &Value::Null)
    );
    let opaque = ask(&site, "web", &tokens["access_token"]).await.json();
    assert_eq!(opaque["sub"], refresh["sub"]);
    assert_eq!(opaque["scope"], "openid offline_access");
    assert_eq!(
        opaque["exp"].as_i64().unwrap() - opaque["iat"].as_i64().unwrap(),
        86_400
    );
    assert!(!is_active(&site, "machine", &tokens["access_token"]).await);
    site.post(
        "/oauth/revoke",
        Some(("web", SECRET)),
        &[("token", text(&tokens["refresh_token"]))],
    )
    .await;
    for token in ["access_token", "refresh_token"] {
        assert!(!is_active(&site, "web", &tokens[token]).await, "{token}");
    }
}
