//! Logins of programs that look wrong: the password grants are judged by where they come from, and never for want of a browser.

use super::{at, attempt_in, audited, suspicious::watched};
use crate::browser::Answer;
use crate::seed::client;
use crate::site::{EMAIL, PASSWORD, SECRET, Site, engines, form, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_rules::client::{Client, ClientKind, GrantType};

const TOKYO: &str = "203.0.113.5";
const LONDON: &str = "198.51.100.5";
const CELLAR: &str = "192.0.2.5";

engines!(threat_09_a_password_grant_that_looks_wrong_owes_a_second_factor);

async fn grant(site: &Site, from: &str, id: &str) -> Answer {
    site.pass(1);
    let fields = [
        ("grant_type", "password"),
        ("username", EMAIL),
        ("password", PASSWORD),
        ("scope", "openid"),
        ("client_id", id),
    ];
    let mut request = request(Method::POST, "/oauth/token");
    if id == "server" {
        let pair = base64_simd::STANDARD.encode_to_string(format!("{id}:{SECRET}"));
        request = request.header(header::AUTHORIZATION, format!("Basic {pair}"));
    }
    let request = request
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("x-forwarded-for", from)
        .body(Body::from(form(&fields)))
        .unwrap();
    site.send(request).await
}

async fn threat_09_a_password_grant_that_looks_wrong_owes_a_second_factor(site: Site) {
    for (id, kind) in [("phone", ClientKind::Native), ("server", ClientKind::RegularWeb)] {
        let mut made: Client = client(id, kind);
        made.grant_types.push(GrantType::Password);
        site.add_client(made).await;
    }
    let site = watched(site, "challenge").await;
    let mut browser = at(&site, TOKYO);
    assert!(
        attempt_in(&mut browser, EMAIL, PASSWORD)
            .await
            .param("code")
            .is_some()
    );
    site.pass(3600);
    for id in ["phone", "server"] {
        let usual = grant(&site, TOKYO, id).await;
        assert_eq!(
            usual.status,
            StatusCode::OK,
            "no browser is no new browser: {}",
            usual.body
        );
    }
    let far = grant(&site, LONDON, "phone").await;
    assert_eq!(
        (far.status, far.error().as_str()),
        (StatusCode::FORBIDDEN, "mfa_required"),
        "{}",
        far.body
    );
    let server = grant(&site, LONDON, "server").await;
    assert_eq!(
        server.status,
        StatusCode::OK,
        "a server is not where its people are: {}",
        server.body
    );
    for id in ["phone", "server"] {
        let listed = grant(&site, CELLAR, id).await;
        assert_eq!(listed.error(), "mfa_required", "{id}");
    }
    let asked = audited(&site, &["mfar"]).await;
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[0].2.contains("new_country,impossible_travel"), "{asked:?}");
    assert!(
        asked[0].2.contains(LONDON) && asked[1].2.contains("bad_network"),
        "{asked:?}"
    );
    let given = audited(&site, &["sepft"]).await;
    assert_eq!(given.len(), 3, "{given:?}");

    let site = watched(site, "notify").await;
    let noted = grant(&site, LONDON, "phone").await;
    assert_eq!(noted.status, StatusCode::OK, "{}", noted.body);
    let given = audited(&site, &["sepft"]).await;
    assert!(given.last().unwrap().2.contains("impossible_travel"), "{given:?}");
}
