//! What holds at the edge of every request: hosts, origins, caches, what callers write, tokens of other issuers.

use crate::browser::{Answer, claims};
use crate::site::{API, ISSUER, Site, authorize, request, wires};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use sekisho::admin::Actor::Operator;
use sekisho::admin::clients;
use sekisho_rules::client::Standing;

wires!(
    threat_13_no_link_is_built_from_what_the_caller_wrote,
    threat_29_cors_answers_registered_origins_only_and_on_errors_too,
    threat_43_nothing_about_a_person_may_be_cached,
    threat_15_what_the_caller_writes_is_inert_on_every_page,
);
async fn threat_13_no_link_is_built_from_what_the_caller_wrote(site: Site) {
    for host in [
        "evil.example",
        "login.example.evil.example",
        "login.example:8443",
        "",
        "login.example@evil.example",
    ] {
        for path in [
            "/.well-known/openid-configuration",
            "/authorize",
            "/oauth/token",
            "/u/login",
            "/",
        ] {
            let request = Request::builder().uri(path).header(header::HOST, host);
            let answer = site.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host} {path}");
            assert!(host.is_empty() || !answer.body.contains(host));
        }
    }
    let headers = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "host=evil.example"),
        ("x-original-host", "evil.example"),
        ("x-original-url", "/evil"),
    ];
    for path in ["/.well-known/openid-configuration", &authorize("spa", &[]), "/"] {
        let mut browser = site.browser();
        let answer = browser.visit(Method::GET, path, &headers, &[]).await;
        assert!(
            !answer.body.contains("evil") && !answer.header("location").contains("evil"),
            "{path}"
        );
    }
    let request =
        request(Method::GET, "/.well-known/openid-configuration").header("x-forwarded-host", "evil.example");
    let document = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(document.json()["token_endpoint"], format!("{ISSUER}oauth/token"));
}

async fn from_origin(site: &Site, method: Method, path: &str, origin: &str) -> Answer {
    let request = request(method, path)
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            "auth0-client,content-type",
        );
    site.send(request.body(Body::empty()).unwrap()).await
}

async fn threat_29_cors_answers_registered_origins_only_and_on_errors_too(site: Site) {
    let ours = "https://app.example";
    let allowed = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    for path in ["/oauth/token", "/oauth/revoke", "/userinfo"] {
        let preflight = from_origin(&site, Method::OPTIONS, path, ours).await;
        assert!(preflight.status.is_success(), "{path}");
        assert_eq!(allowed(&preflight), ours);
        let headers = preflight.header("access-control-allow-headers").to_lowercase();
        for name in [
            "auth0-client",
            "content-type",
            "authorization",
            "dpop",
            "accept",
            "x-request-language",
        ] {
            assert!(headers.contains(name), "{name}");
        }
        assert!(preflight.header("access-control-allow-methods").contains("POST"));
        let error = from_origin(&site, Method::POST, path, ours).await;
        assert!(error.status.is_client_error());
        assert_eq!(
            allowed(&error),
            ours,
            "{path}: an error that cannot be read is sent again"
        );
        let exposed = error.header("access-control-expose-headers").to_lowercase();
        for name in [
            "dpop-nonce",
            "location",
            "www-authenticate",
            "x-ratelimit-reset",
            "retry-after",
        ] {
            assert!(exposed.contains(name), "{name}");
        }
        for other in [
            "https://evil.example",
            "null",
            "https://app.example.evil.example",
            "http://app.example",
            "*",
        ] {
            for method in [Method::OPTIONS, Method::POST] {
                let answer = from_origin(&site, method, path, other).await;
                assert_eq!(allowed(&answer), "", "{path} {other}");
                assert!(answer.header("vary").to_lowercase().contains("origin"));
            }
        }
        assert!(error.headers.get("access-control-allow-credentials").is_none());
    }
    for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration"] {
        assert_eq!(
            allowed(&from_origin(&site, Method::GET, path, "https://any.example").await),
            "*"
        );
    }
    for path in ["/authorize", "/u/login", "/"] {
        assert_eq!(
            allowed(&from_origin(&site, Method::GET, path, ours).await),
            "",
            "{path} is for people"
        );
    }
    let large = request(Method::POST, "/oauth/token")
        .header(header::ORIGIN, ours)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("x".repeat(200 * 1024)));
    let large = site.send(large.unwrap()).await;
    assert_eq!(
        (large.status, allowed(&large).as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, ours)
    );
    // An origin goes with the last enabled client that has it.
    for id in ["spa", "native", "web", "machine", "third"] {
        let client = clients::find(&site.app, id).await.unwrap();
        clients::set_standing(&site.app, Operator, &client, Standing::Disabled)
            .await
            .unwrap();
    }
    site.pass(6);
    assert_eq!(
        allowed(&from_origin(&site, Method::POST, "/oauth/token", ours).await),
        ""
    );
}

async fn threat_43_nothing_about_a_person_may_be_cached(site: Site) {
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let answer = browser
        .log_in(&page, crate::site::EMAIL, crate::site::PASSWORD)
        .await;
    let tokens = site.redeem("spa", &answer.param("code").unwrap()).await;
    let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
    let profile = site.userinfo(&token).await;
    let bad = site.userinfo("nonsense").await;
    let silent = browser
        .get(&authorize(
            "spa",
            &[("response_mode", "web_message"), ("prompt", "none")],
        ))
        .await;
    let confirm = browser.get("/oidc/logout").await;
    for answer in [&page, &answer, &tokens, &profile, &bad, &silent, &confirm] {
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.body);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
    assert!(
        site.get("/.well-known/jwks.json")
            .await
            .header("cache-control")
            .contains("max-age")
    );
    // Two people at the same endpoint never meet.
    site.add_user(
        "auth0|ffffffffffffffffffffffff",
        "taro@example.com",
        "another good one",
    )
    .await;
    let mut other = site.browser();
    let page = other.open(&authorize("spa", &[])).await;
    let answer = other.log_in(&page, "taro@example.com", "another good one").await;
    let theirs = site.redeem("spa", &answer.param("code").unwrap()).await.json();
    let theirs = site.userinfo(theirs["access_token"].as_str().unwrap()).await;
    let mine = site.userinfo(&token).await;
    assert_eq!(theirs.json()["email"], "taro@example.com");
    assert_eq!(mine.body, profile.body);
}

async fn threat_15_what_the_caller_writes_is_inert_on_every_page(site: Site) {
    let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'`{{7*7}}";
    let inert = |answer: &Answer| {
        assert!(
            !answer.body.contains("<script>alert") && !answer.body.contains("<img src=x"),
            "{}",
            answer.body
        );
        assert!(!answer.header("content-security-policy").contains("unsafe"));
        assert!(
            answer
                .header("content-security-policy")
                .contains("script-src 'self'")
        );
    };
    let mut browser = site.browser();
    for name in [
        "client_id",
        "redirect_uri",
        "state",
        "login_hint",
        "ui_locales",
        "scope",
        "nonce",
        "response_mode",
    ] {
        for mode in ["form_post", "web_message"] {
            let answer = browser
                .open(&authorize(
                    "spa",
                    &[("response_mode", mode), ("prompt", "none"), (name, hostile)],
                ))
                .await;
            if !answer.status.is_redirection() {
                inert(&answer);
            }
        }
    }
    let page = browser.open(&authorize("spa", &[("login_hint", hostile)])).await;
    inert(&page);
    inert(&browser.log_in(&page, hostile, hostile).await);
    inert(
        &browser
            .get(&format!("/u/login?{}", crate::site::form(&[("state", hostile)])))
            .await,
    );
    inert(
        &browser
            .get(&format!("/{}", "%3Cscript%3Ealert(1)%3C/script%3E"))
            .await,
    );
}

#[tokio::test]
async fn threat_26_what_another_issuer_gave_is_worth_nothing_here() {
    // Both sites sign with the same keys, so only the issuer tells them apart.
    let (site, other) = (
        Site::new().await,
        Site::with(&[
            ("SEKISHO_ISSUER", "https://other.example/"),
            ("SEKISHO_EXTRA_HOSTS", "login.example"),
        ])
        .await,
    );
    let theirs = other.tokens("spa", &[("audience", API)]).await;
    assert_eq!(claims(&theirs["id_token"])["iss"], "https://other.example/");
    let token = theirs["access_token"].as_str().unwrap();
    assert_eq!(other.userinfo(token).await.status, StatusCode::OK);
    assert_eq!(site.userinfo(token).await.status, StatusCode::UNAUTHORIZED);
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let hint = crate::site::form(&[("id_token_hint", theirs["id_token"].as_str().unwrap())]);
    assert_eq!(
        browser.get(&format!("/oidc/logout?{hint}")).await.status,
        StatusCode::BAD_REQUEST
    );
    let mut elsewhere = other.browser();
    let code = elsewhere
        .sign_in(&authorize("spa", &[]))
        .await
        .param("code")
        .unwrap();
    assert_eq!(site.redeem("spa", &code).await.error(), "invalid_grant");
}
