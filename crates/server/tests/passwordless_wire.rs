//! Signing in by mail from an application's own page: the endpoints of Auth0's client libraries, and the link.

use crate::browser::claims;
use crate::passwordless::{NEW, another, newest_code, open_site, redeem, reopened, start, start_code};
use crate::recovery::{link, mails};
use crate::site::{API, CALLBACK, EMAIL, SECRET, Site, engines};
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

engines!(
    the_endpoints_give_tokens_for_a_code,
    a_link_signs_in_by_a_press_and_only_once,
);

async fn the_endpoints_give_tokens_for_a_code(site: Site) {
    let site = reopened(site).await;
    let started = start_code(&site, EMAIL).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.body);
    let said = started.json();
    assert_eq!(
        (&said["email"], &said["email_verified"]),
        (&json!(EMAIL), &json!(false))
    );
    assert_eq!(said["_id"].as_str().unwrap().len(), 24);
    let code = newest_code(&site).await;

    let wrong = redeem(&site, &[("otp", &another(&code))]).await;
    assert_eq!(
        (wrong.status, wrong.error().as_str()),
        (StatusCode::FORBIDDEN, "invalid_grant")
    );
    assert_eq!(
        wrong.json()["error_description"],
        "Wrong email or verification code."
    );
    let foreign = redeem(&site, &[("otp", &code), ("username", NEW)]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN, "another person's");
    for (name, status) in [
        ("otp", StatusCode::BAD_REQUEST),
        ("username", StatusCode::BAD_REQUEST),
        ("realm", StatusCode::BAD_REQUEST),
    ] {
        let answer = redeem(&site, &[("otp", &code), (name, "-")]).await;
        assert_eq!(answer.status, status, "threat 23: without {name}");
    }
    let unused = redeem(&site, &[("otp", &code), ("client_id", "spa")]).await;
    assert_eq!(
        unused.error(),
        "unauthorized_client",
        "the client has not the grant"
    );

    let tokens = redeem(
        &site,
        &[
            ("otp", &code),
            ("audience", API),
            ("scope", "openid email read:notes"),
        ],
    )
    .await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    let tokens = tokens.json();
    let audiences = claims(&tokens["access_token"])["aud"].to_string();
    assert!(audiences.contains("api.example"), "{audiences}");
    let replayed = redeem(&site, &[("otp", &code)]).await;
    assert_eq!(replayed.error(), "invalid_grant");
}

async fn a_link_signs_in_by_a_press_and_only_once(site: Site) {
    let site = reopened(site).await;
    let asked = json!({
        "client_id": "spa", "connection": "email", "email": EMAIL, "send": "link",
        "authParams": { "scope": "openid email", "state": "xyz", "redirect_uri": CALLBACK,
            "code_challenge": crate::site::CHALLENGE, "code_challenge_method": "S256" },
    });
    let started = start(&site, asked, &[("x-request-language", "ja")]).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.body);
    let mail = mails(&site).await.remove(0);
    assert_eq!(
        mail.subject, "Example のサインイン用リンク",
        "in the language of the app"
    );
    let path = link(&mail);

    // A mail scanner opens the link as often as it likes, and nothing comes of it.
    for _ in 0..7 {
        let scanned = site.browser().get(&path).await;
        assert_eq!(scanned.status, StatusCode::OK);
        assert!(scanned.headers.get(header::SET_COOKIE).is_none());
    }
    let mut hanako = site.browser();
    let page = hanako.get(&path).await;
    assert!(
        page.body.contains(EMAIL) && page.body.contains("App spa"),
        "{}",
        page.body
    );
    let ticket = page.hidden("ticket");
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let refused = site
        .browser()
        .visit(Method::POST, "/u/link", &cross, &[("ticket", &ticket)])
        .await;
    assert_eq!(
        refused.status,
        StatusCode::FORBIDDEN,
        "not through somebody else's browser"
    );
    let cut = site
        .browser()
        .submit("/u/link", &[("ticket", &ticket[..40])])
        .await;
    assert_eq!(cut.status, StatusCode::BAD_REQUEST);
    let elsewhere = path.replace("/u/link", "/u/password");
    assert_eq!(
        site.browser().get(&elsewhere).await.status,
        StatusCode::BAD_REQUEST,
        "threat 19"
    );

    let pressed = hanako.submit("/u/link", &[("ticket", &ticket)]).await;
    let back = hanako.follow(pressed).await;
    assert!(back.location().starts_with(CALLBACK), "{}", back.location());
    assert_eq!(back.param("state").as_deref(), Some("xyz"));
    assert!(site.redeem("spa", &back.param("code").unwrap()).await.json()["id_token"].is_string());
    let again = site.browser().submit("/u/link", &[("ticket", &ticket)]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "the link was used");
    assert!(again.body.contains("This link no longer works"));
}

#[tokio::test]
async fn what_start_refuses() {
    let site = open_site().await;
    let ask = |change: Value| {
        let mut body = json!({ "client_id": "otp", "connection": "email", "email": EMAIL, "send": "code" });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (change, status, error) in [
        (json!({ "connection": "sms" }), 400, "bad.connection"),
        (json!({ "connection": null }), 400, "bad.connection"),
        (json!({ "email": "a@b@example.com" }), 400, "bad.email"),
        (json!({ "email": "hanako\u{ff20}example.com" }), 400, "bad.email"),
        (
            json!({ "email": ["a@example.com", "b@example.com"] }),
            400,
            "invalid_request",
        ),
        (json!({ "email": "" }), 400, "bad.email"),
        (json!({ "send": "pigeon" }), 400, "invalid_request"),
        (json!({ "client_id": "spa" }), 403, "unauthorized_client"),
        (json!({ "client_id": "web" }), 401, "access_denied"),
        (json!({ "client_id": "nobody" }), 401, "access_denied"),
        (
            json!({ "send": "link", "authParams": { "redirect_uri": "https://evil.example/" } }),
            400,
            "bad.authParams",
        ),
        (
            json!({ "send": "link", "authParams": { "state": "x".repeat(2000) } }),
            400,
            "bad.authParams",
        ),
    ] {
        let answer = start(&site, ask(change.clone()), &[]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (status, error),
            "{change} {}",
            answer.body
        );
    }
    assert!(mails(&site).await.is_empty());
    let confidential =
        json!({ "client_id": "web", "client_secret": SECRET, "connection": "email", "email": EMAIL });
    let answer = start(&site, confidential, &[("origin", "https://app.example")]).await;
    // The client is registered with `client_secret_basic`.
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example"
    );
}

#[tokio::test]
async fn a_code_typed_into_an_application_leads_to_the_page_of_the_links() {
    let site = open_site().await;
    start_code(&site, EMAIL).await;
    let code = newest_code(&site).await;
    let check = async |code: &str| {
        let fields = [
            ("connection", "email"),
            ("email", EMAIL),
            ("verification_code", code),
        ];
        site.post("/passwordless/verify", None, &fields).await.status
    };
    assert_eq!(check(&another(&code)).await, StatusCode::FORBIDDEN);
    assert_eq!(check(&code).await, StatusCode::OK);
    let query = crate::site::form(&[
        ("client_id", "spa"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("connection", "email"),
        ("email", EMAIL),
        ("verification_code", &code),
        ("scope", "openid"),
        ("code_challenge", crate::site::CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let mut hanako = site.browser();
    let path = format!("/passwordless/verify_redirect?{query}");
    let to = hanako.get(&path).await.location().to_owned();
    let page = hanako.get(&to).await;
    assert!(hanako.jar.is_empty(), "following it changes nothing");
    let pressed = hanako
        .submit("/u/link", &[("ticket", &page.hidden("ticket"))])
        .await;
    let back = hanako.follow(pressed).await;
    assert!(back.location().starts_with(CALLBACK), "{}", back.location());

    let evil = path.replace("app.example", "evil.example");
    let to = hanako.get(&evil).await.location().to_owned();
    assert_eq!(
        hanako.get(&to).await.status,
        StatusCode::BAD_REQUEST,
        "not registered"
    );
}
