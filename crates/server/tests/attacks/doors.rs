//! Every door that checks a credential, attacked by one script: they share the counters (threat 10).

use super::{attempt, audited, behind_proxy};
use crate::browser::Answer;
use crate::seed::client;
use crate::site::{EMAIL, PASSWORD, Site, engines, form, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_rules::client::{Client, ClientKind, GrantType};

const HERE: &str = "198.51.100.7";
const REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";

engines!(threat_10_the_page_and_the_password_grants_share_the_counter);

async fn grant(site: &Site, kind: &str, password: &str) -> Answer {
    let fields = [
        ("grant_type", kind),
        ("client_id", "ropc"),
        ("username", EMAIL),
        ("password", password),
        ("realm", "Username-Password-Authentication"),
        ("scope", "openid"),
    ];
    let request = request(Method::POST, "/oauth/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("x-forwarded-for", HERE)
        .body(Body::from(form(&fields)))
        .unwrap();
    site.send(request).await
}

async fn threat_10_the_page_and_the_password_grants_share_the_counter(site: Site) {
    let site = behind_proxy(site, &[]).await;
    let ropc = Client {
        grant_types: vec![GrantType::Password, GrantType::PasswordRealm],
        ..client("ropc", ClientKind::Native)
    };
    site.add_client(ropc).await;
    let before = site.app.passwords.hashes_done();
    // Each door in turn, with another guess.
    for n in 0..12 {
        let guess = format!("a wrong guess {n}");
        let status = match n % 3 {
            0 => attempt(&site, HERE, EMAIL, &guess).await.status,
            1 => grant(&site, "password", &guess).await.status,
            _ => grant(&site, REALM, &guess).await.status,
        };
        assert_eq!(status == StatusCode::TOO_MANY_REQUESTS, n >= 10, "{n}: {status}");
    }
    assert_eq!(
        site.app.passwords.hashes_done() - before,
        10,
        "one counter for all of them"
    );
    for kind in ["password", REALM] {
        let right = grant(&site, kind, PASSWORD).await;
        assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "{}", right.body);
        assert_eq!(right.error(), "too_many_attempts");
    }
    let seen = audited(&site, &["fp"]).await;
    assert_eq!(seen.len(), 10);
}
