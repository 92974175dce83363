//! Passkeys at the token endpoint: `/passkey/challenge` and the grant that takes the answer.

use crate::authenticator::Key;
use crate::browser::{Answer, claims};
use crate::passkeys::enrol;
use crate::seed::client;
use crate::site::{EMAIL, Site, engines, request, wires};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_rules::client::{ClientKind, GrantType};
use sekisho_rules::id::UserId;
use sekisho_store::users;
use serde_json::{Value, json};

engines!(a_passkey_becomes_tokens);
wires!(threat_20_what_is_no_answer_becomes_no_token);

const GRANT: &str = "urn:okta:params:oauth:grant-type:webauthn";

pub(crate) async fn add_app(site: &Site, id: &str) {
    let mut app = client(id, ClientKind::Native);
    app.grant_types.push(GrantType::WebAuthn);
    site.add_client(app).await;
}

pub(crate) async fn post(site: &Site, path: &str, body: &Value) -> Answer {
    let request = request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
    site.send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

async fn challenge(site: &Site, client: &str) -> Value {
    let answer = post(site, "/passkey/challenge", &json!({ "client_id": client })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

fn exchange(client: &str, asked: &Value, response: &Value) -> Value {
    json!({
        "grant_type": GRANT,
        "client_id": client,
        "auth_session": asked["auth_session"],
        "authn_response": response,
        "scope": "openid email offline_access",
    })
}

/// The answer as the applications' libraries send it: an object.
async fn answered(key: &mut Key, asked: &Value) -> Value {
    serde_json::from_str(&key.get(&asked["authn_params_public_key"]).await).unwrap()
}

async fn a_passkey_becomes_tokens(site: Site) {
    add_app(&site, "phone").await;
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    let asked = challenge(&site, "phone").await;
    assert_eq!(asked["authn_params_public_key"]["rpId"], "login.example");
    assert_eq!(asked["authn_params_public_key"]["userVerification"], "required");
    let response = answered(&mut key, &asked).await;
    let answer = post(&site, "/oauth/token", &exchange("phone", &asked, &response)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let tokens = answer.json();
    assert!(tokens["access_token"].is_string(), "{tokens}");
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["email"], EMAIL);
    assert_eq!(
        id_token["acr"],
        sekisho_rules::factor::ACR_MULTI_FACTOR,
        "{id_token}"
    );

    // Once more with the same, and as text, as the libraries for servers send it.
    let again = post(&site, "/oauth/token", &exchange("phone", &asked, &response)).await;
    assert_eq!(again.error(), "invalid_grant");
    let asked = challenge(&site, "phone").await;
    let response = answered(&mut key, &asked).await;
    let text = json!(response.to_string());
    let answer = post(&site, "/oauth/token", &exchange("phone", &asked, &text)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

async fn threat_20_what_is_no_answer_becomes_no_token(site: Site) {
    add_app(&site, "phone").await;
    add_app(&site, "other").await;
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    let refused = async |body: Value, says: &str| {
        let answer = post(&site, "/oauth/token", &body).await;
        assert!(answer.status.is_client_error(), "{}", answer.body);
        assert_eq!(answer.json()["error_description"], says, "{}", answer.body);
    };

    // A client without the grant gets neither the challenge nor the tokens.
    let denied = post(&site, "/passkey/challenge", &json!({ "client_id": "spa" })).await;
    assert_eq!(denied.error(), "unauthorized_client");
    let asked = challenge(&site, "phone").await;
    let response = answered(&mut key, &asked).await;
    let denied = post(&site, "/oauth/token", &exchange("spa", &asked, &response)).await;
    assert_eq!(denied.error(), "unauthorized_client");

    let session = "The auth_session is expired or not valid.";
    refused(exchange("other", &asked, &response), session).await;
    refused(
        exchange("phone", &json!({ "auth_session": "x" }), &response),
        session,
    )
    .await;
    let missing = exchange("phone", &asked, &Value::Null);
    refused(missing, "Missing required parameter: authn_response").await;
    for wrong in [json!({}), json!("{"), json!({ "id": "x" })] {
        refused(exchange("phone", &asked, &wrong), "Wrong passkey.").await;
    }
    for wrong in [json!([]), json!([response])] {
        let answer = post(&site, "/oauth/token", &exchange("phone", &asked, &wrong)).await;
        assert_eq!(answer.error(), "invalid_request");
    }
    let unverified = answered(&mut key.unverified(), &asked).await;
    refused(exchange("phone", &asked, &unverified), "Wrong passkey.").await;
    key.origin = "https://evil.example".to_owned();
    let foreign = answered(&mut key, &asked).await;
    refused(exchange("phone", &asked, &foreign), "Wrong passkey.").await;
    key.origin = "https://login.example".to_owned();
    let mut elsewhere = exchange("phone", &asked, &response);
    elsewhere["realm"] = json!("another");
    let answer = post(&site, "/oauth/token", &elsewhere).await;
    assert_eq!(answer.error(), "invalid_request");

    let (id, now) = (UserId::new("auth0|0123456789abcdef01234567"), site.now());
    let blocked = site
        .app
        .db
        .tx(async move |tx| users::set_blocked(tx, &id, true, now).await);
    blocked.await.unwrap();
    let response = answered(&mut key, &asked).await;
    refused(exchange("phone", &asked, &response), "Wrong passkey.").await;
    site.pass(601);
    refused(exchange("phone", &asked, &response), session).await;
}
