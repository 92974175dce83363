//! Stories of an attacker who reads the source: what slipped through once and must not again.

use crate::browser::claims;
use crate::site::{API, EMAIL, SECRET, Site, authorize, engines, form, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_store::args;

engines!(
    threat_25_a_nul_is_the_senders_fault_on_both_engines,
    a_session_remembers_the_end_of_every_token_that_names_it,
    after_a_logout_its_tokens_are_closed_and_the_offline_grant_goes_on_without_it,
    what_an_api_lost_is_not_refreshed,
);

/// PostgreSQL refuses NUL in text; nobody outside may turn that into an error of ours.
async fn threat_25_a_nul_is_the_senders_fault_on_both_engines(site: Site) {
    for name in ["nonce", "audience", "state", "scope", "login_hint"] {
        let answer = site.get(&authorize("spa", &[(name, "a\0b")])).await;
        assert_eq!(
            answer.param("error").as_deref(),
            Some("invalid_request"),
            "{name}"
        );
    }
    for path in [
        authorize("spa\0", &[]),
        authorize("spa", &[("redirect_uri", "https://app.example/callback\0")]),
        format!("/oidc/logout?{}", form(&[("client_id", "spa\0")])),
        format!(
            "/v2/logout?{}",
            form(&[("client_id", "spa\0"), ("returnTo", "\0")])
        ),
    ] {
        assert_eq!(site.get(&path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let grant = ("grant_type", "client_credentials");
    let answer = site
        .post(
            "/oauth/token",
            Some(("machine", SECRET)),
            &[grant, ("audience", "a\0")],
        )
        .await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (StatusCode::BAD_REQUEST, "invalid_request")
    );
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let answer = browser.log_in(&page, &format!("{EMAIL}\0"), "x\0").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn threat_23_a_list_in_json_is_never_an_absent_parameter() {
    let site = Site::new().await;
    let ask = async |scope: serde_json::Value| {
        let body = serde_json::json!({
            "grant_type": "client_credentials", "client_id": "machine", "client_secret": SECRET,
            "audience": API, "scope": scope, "unknown": ["x"], "another": {},
        });
        let request = request(Method::POST, "/oauth/token").header(header::CONTENT_TYPE, "application/json");
        site.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    };
    assert_eq!(ask("read:notes".into()).await.json()["scope"], "read:notes");
    for scope in [
        serde_json::json!(["read:notes"]),
        serde_json::json!([]),
        serde_json::json!({}),
    ] {
        let answer = ask(scope).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (StatusCode::BAD_REQUEST, "invalid_request")
        );
    }
}

#[tokio::test]
async fn threat_35_no_frame_image_or_script_logs_anybody_out() {
    let site = Site::new().await;
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let sid = {
        let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
        let tokens = site.redeem("spa", &silent.param("code").unwrap()).await.json();
        claims(&tokens["id_token"])["sid"].as_str().unwrap().to_owned()
    };
    let oidc = format!("/oidc/logout?{}", form(&[("logout_hint", &sid)]));
    for (dest, mode) in [
        ("iframe", "navigate"),
        ("frame", "navigate"),
        ("embed", "navigate"),
        ("image", "no-cors"),
        ("script", "no-cors"),
        ("empty", "cors"),
        ("document", "no-cors"),
    ] {
        for path in ["/v2/logout", oidc.as_str()] {
            let headers = [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", mode),
                ("sec-fetch-dest", dest),
            ];
            let answer = browser.visit(Method::GET, path, &headers, &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{dest} {path}");
            let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
            assert!(silent.param("code").is_some(), "{dest} {path}");
        }
    }
    let navigation = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let answer = browser.visit(Method::GET, "/v2/logout", &navigation, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

const OFFLINE: [(&str, &str); 2] = [("scope", "openid offline_access read:notes"), ("audience", API)];

/// A session's revocation must outlive every token that names it, those of a later refresh too.
async fn a_session_remembers_the_end_of_every_token_that_names_it(site: Site) {
    let tokens = site.tokens("spa", &OFFLINE).await;
    site.pass(7200);
    let refreshed = site
        .refresh("spa", tokens["refresh_token"].as_str().unwrap())
        .await
        .json();
    let access = claims(&refreshed["access_token"]);
    let id = claims(&refreshed["id_token"]);
    assert_eq!(access["sid"], claims(&tokens["id_token"])["sid"]);
    let last = access["exp"].as_i64().unwrap().max(id["exp"].as_i64().unwrap());
    let sid = access["sid"].as_str().unwrap();
    let row = site
        .app
        .db
        .one(
            "SELECT last_iat, last_exp FROM sessions WHERE id = $1",
            args![sid],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<i64>("last_exp").unwrap(), last);
    assert_eq!(
        row.get::<i64>("last_iat").unwrap(),
        access["iat"].as_i64().unwrap()
    );
}

async fn after_a_logout_its_tokens_are_closed_and_the_offline_grant_goes_on_without_it(site: Site) {
    for audience in [Some(API), None] {
        let mut browser = site.browser();
        let mut extra = vec![("scope", "openid offline_access")];
        extra.extend(audience.map(|audience| ("audience", audience)));
        let code = browser
            .sign_in(&authorize("spa", &extra))
            .await
            .param("code")
            .unwrap();
        let tokens = site.redeem("spa", &code).await.json();
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(site.userinfo(access).await.status, StatusCode::OK);
        browser.get("/v2/logout").await;
        assert_eq!(
            site.userinfo(access).await.status,
            StatusCode::UNAUTHORIZED,
            "{audience:?}"
        );
        let refreshed = site
            .refresh("spa", tokens["refresh_token"].as_str().unwrap())
            .await
            .json();
        assert!(claims(&tokens["id_token"]).get("sid").is_some());
        assert!(claims(&refreshed["id_token"]).get("sid").is_none());
        let access = refreshed["access_token"].as_str().unwrap();
        assert_eq!(site.userinfo(access).await.status, StatusCode::OK, "{audience:?}");
    }
}

async fn what_an_api_lost_is_not_refreshed(site: Site) {
    let tokens = site.tokens("spa", &OFFLINE).await;
    let change = async |sql: &'static str| {
        let edit = site.app.db.tx(async move |tx| {
            tx.changed();
            tx.run(sql, args![API]).await
        });
        assert_eq!(edit.await.unwrap(), 1);
    };
    change("UPDATE apis SET scopes = '[]' WHERE identifier = $1").await;
    let answer = site
        .refresh("spa", tokens["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(answer.json()["scope"], "openid offline_access");
    change("UPDATE apis SET allow_offline = FALSE WHERE identifier = $1").await;
    let token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(site.refresh("spa", &token).await.error(), "invalid_grant");
}
