//! `/dbconnections/*`: accounts and new passwords from a page of the application.

use crate::browser::Answer;
use crate::recovery::{link, mails};
use crate::site::{EMAIL, Site, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

const NEW: &str = "taro@example.com";
const CHOSEN: &str = "a password of his own";

async fn call(site: &Site, path: &str, body: &Value) -> Answer {
    let builder = request(Method::POST, path)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ORIGIN, "https://app.example");
    site.send(builder.body(Body::from(body.to_string())).unwrap())
        .await
}

async fn sign_up(site: &Site, email: &str, password: &str) -> Answer {
    let body = json!({ "client_id": "spa", "connection": "Username-Password-Authentication",
        "email": email, "password": password });
    call(site, "/dbconnections/signup", &body).await
}

#[tokio::test]
async fn an_account_is_made_at_once_where_that_is_the_setting() {
    let site = Site::new().await;
    let made = sign_up(&site, NEW, CHOSEN).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    assert_eq!(made.header("access-control-allow-origin"), "https://app.example");
    let said = made.json();
    assert_eq!(
        (&said["email"], &said["email_verified"]),
        (&json!(NEW), &json!(false))
    );
    assert!(!said["_id"].as_str().unwrap().contains('|'));
    assert_eq!(mails(&site).await[0].to, NEW);
    let taken = sign_up(&site, EMAIL, CHOSEN).await;
    assert_eq!(taken.status, StatusCode::BAD_REQUEST);
    let said = taken.json();
    assert_eq!(
        (&said["name"], &said["code"], &said["description"]),
        (
            &json!("BadRequestError"),
            &json!("invalid_signup"),
            &json!("Invalid sign up")
        )
    );
    let weak = sign_up(&site, "weak@example.com", "short").await;
    assert_eq!(
        (weak.status, &weak.json()["code"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_password"))
    );
}

#[tokio::test]
async fn threat_24_with_verify_first_signing_up_says_the_same_for_everybody() {
    let mut site = Site::new().await;
    site.environment
        .insert("SEKISHO_SIGNUP".to_owned(), "verify_first".to_owned());
    let site = site.restart().await;
    let mut seen = Vec::new();
    for email in [EMAIL, NEW] {
        let answer = sign_up(&site, email, CHOSEN).await;
        let mut said = answer.json();
        assert_eq!(said["_id"].as_str().unwrap().len(), 24);
        said["_id"] = Value::Null;
        said["email"] = Value::Null;
        seen.push((answer.status, said));
    }
    assert_eq!(seen[0], seen[1]);
    let sent = mails(&site).await;
    let path = link(sent.iter().find(|mail| mail.to == NEW).unwrap());
    assert!(path.starts_with("/u/password?ticket="));
    assert!(
        sekisho_store::users::by_email(&site.app.db, NEW)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn threat_24_a_new_password_is_asked_for_in_one_sentence_for_everybody() {
    let site = Site::new().await;
    for email in [EMAIL, NEW] {
        let body = json!({ "client_id": "spa", "connection": "any", "email": email });
        let answer = call(&site, "/dbconnections/change_password", &body).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert_eq!(
            answer.body,
            "We've just sent you an email to reset your password."
        );
    }
    let sent = mails(&site).await;
    assert_eq!(sent.len(), 1);
    assert!(link(&sent[0]).starts_with("/u/password?ticket="));
    for (body, status) in [
        (json!({ "client_id": "spa" }), 400),
        (json!({ "client_id": "spa", "email": "a@b@example.com" }), 400),
        (json!({ "client_id": "nobody", "email": EMAIL }), 400),
        (json!({ "email": EMAIL }), 400),
    ] {
        let answer = call(&site, "/dbconnections/change_password", &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
    }
}
