//! The token endpoint: what it answers when something is wrong, letter by letter on both wires, and what it forgives.

use crate::browser::{Answer, claims};
use crate::site::{API, CALLBACK, SECRET, Site, VERIFIER, authorize, form, request, wires};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_rules::wire::Wire;
use serde_json::json;

wires!(
    every_refusal_has_its_exact_status_and_json,
    json_bodies_are_read_and_null_and_empty_mean_absent,
    threat_23_a_repeated_parameter_is_refused_at_the_token_endpoint,
    threat_23_empty_is_absent_for_every_required_parameter,
    what_is_no_form_and_no_json_is_refused_with_415,
    threat_25_an_endless_body_is_refused_with_413,
    api_paths_never_answer_an_error_as_a_page,
    unknown_parameters_are_ignored,
    a_nul_character_is_a_bad_request_everywhere,
    a_code_needs_its_own_redirect_uri_verifier_and_client,
);

/// What an answer of an OAuth endpoint must be like when it refuses; `(status, error)` per wire.
fn refused(site: &Site, answer: &Answer, auth0: (u16, &str), standard: (u16, &str), description: &str) {
    let (status, error) = match site.wire() {
        Wire::Auth0 => auth0,
        Wire::Standard => standard,
    };
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert_eq!(
        answer.json(),
        json!({ "error": error, "error_description": description })
    );
    assert!(answer.header("content-type").starts_with("application/json"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.headers.get("www-authenticate"), None);
}

async fn every_refusal_has_its_exact_status_and_json(site: Site) {
    let code = "authorization_code";
    let post = async |basic, fields: &[(&str, &str)]| site.post("/oauth/token", basic, fields).await;
    let web = Some(("web", SECRET));

    let answer = post(web, &[("scope", "openid")]).await;
    refused(
        &site,
        &answer,
        (400, "invalid_request"),
        (400, "invalid_request"),
        "Missing required parameter: grant_type",
    );
    let answer = post(web, &[("grant_type", "urn:example:no-such-grant")]).await;
    refused(
        &site,
        &answer,
        (400, "unsupported_grant_type"),
        (400, "unsupported_grant_type"),
        "Unsupported grant type",
    );
    let answer = post(None, &[("grant_type", code), ("code", "x")]).await;
    refused(
        &site,
        &answer,
        (400, "invalid_request"),
        (400, "invalid_request"),
        "Missing required parameter: client_id",
    );
    let words = match site.wire() {
        Wire::Auth0 => "Unauthorized",
        Wire::Standard => "Client authentication failed",
    };
    for basic in [("web", "wrong"), ("nobody", SECRET), ("spa", SECRET)] {
        let answer = post(Some(basic), &[("grant_type", code), ("code", "x")]).await;
        refused(
            &site,
            &answer,
            (401, "access_denied"),
            (401, "invalid_client"),
            words,
        );
    }
    let answer = post(
        web,
        &[("grant_type", code), ("code", "x"), ("redirect_uri", CALLBACK)],
    )
    .await;
    refused(
        &site,
        &answer,
        (403, "invalid_grant"),
        (400, "invalid_grant"),
        "Invalid authorization code",
    );
    let answer = site.refresh("spa", "rt_nonsense").await;
    refused(
        &site,
        &answer,
        (403, "invalid_grant"),
        (400, "invalid_grant"),
        "Unknown or invalid refresh token.",
    );
    let machine = Some(("machine", SECRET));
    let grant = ("grant_type", "client_credentials");
    let answer = post(machine, &[grant, ("audience", "https://other.example/")]).await;
    refused(
        &site,
        &answer,
        (403, "access_denied"),
        (400, "unauthorized_client"),
        "Client is not authorized to access \"https://other.example/\". Create a client grant for it first.",
    );
    let answer = post(machine, &[grant, ("audience", API), ("scope", "admin")]).await;
    refused(
        &site,
        &answer,
        (400, "invalid_scope"),
        (400, "invalid_scope"),
        "Scope is not allowed: admin",
    );
    let answer = post(None, &[grant, ("client_id", "spa"), ("audience", API)]).await;
    refused(
        &site,
        &answer,
        (403, "unauthorized_client"),
        (400, "unauthorized_client"),
        "Grant type 'client_credentials' not allowed for the client.",
    );
}

async fn send_json(site: &Site, path: &str, body: &str) -> Answer {
    let builder = request(Method::POST, path).header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    site.send(builder.body(Body::from(body.to_owned())).unwrap())
        .await
}

async fn json_bodies_are_read_and_null_and_empty_mean_absent(site: Site) {
    let body = json!({
        "grant_type": "client_credentials", "client_id": "machine", "client_secret": SECRET, "audience": API,
        "scope": null, "organization": null, "realm": "", "client_assertion": "", "unknown": { "deep": [1] },
    });
    let answer = send_json(&site, "/oauth/token", &body.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json()["scope"], "read:notes write:notes");
    let access = claims(&answer.json()["access_token"]);
    assert_eq!(
        (&access["sub"], &access["aud"]),
        (&json!("machine@clients"), &json!(API))
    );
    assert_eq!(access["gty"], "client-credentials");

    let tokens = site.tokens("spa", &[("scope", "openid offline_access")]).await;
    let body = json!({
        "grant_type": "refresh_token", "client_id": "spa", "refresh_token": tokens["refresh_token"], "scope": "",
        "audience": null,
    });
    let answer = send_json(&site, "/oauth/token", &body.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json()["scope"], "openid offline_access");

    for broken in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{} trailing",
        "{\"grant_type\":\"x\"}{}",
    ] {
        let answer = send_json(&site, "/oauth/token", broken).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{broken} {}", answer.body);
        assert_eq!(answer.error(), "invalid_request", "{broken}");
    }
}

async fn threat_23_a_repeated_parameter_is_refused_at_the_token_endpoint(site: Site) {
    let good = [
        ("grant_type", "client_credentials"),
        ("client_id", "machine"),
        ("client_secret", SECRET),
        ("audience", API),
        ("scope", "read:notes"),
    ];
    assert_eq!(
        site.post("/oauth/token", None, &good).await.status,
        StatusCode::OK
    );
    for (name, value) in good {
        // The same value twice is as bad as two values: whoever stands in front of us may read the other one.
        for second in [value, "", "other"] {
            let mut fields = good.to_vec();
            fields.push((name, second));
            let answer = site.post("/oauth/token", None, &fields).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name} {}", answer.body);
            assert_eq!(answer.error(), "invalid_request", "{name}");
        }
        let body = format!("{}&{}", form(&good), form(&[(name, value)]));
        let pairs: Vec<String> = url::form_urlencoded::parse(body.as_bytes())
            .map(|(name, value)| format!("{}:{}", json!(name), json!(value)))
            .collect();
        let answer = send_json(&site, "/oauth/token", &format!("{{{}}}", pairs.join(","))).await;
        assert_eq!(answer.error(), "invalid_request", "{name} twice in JSON");
    }
}

async fn threat_23_empty_is_absent_for_every_required_parameter(site: Site) {
    let mut browser = site.browser();
    let code = browser
        .sign_in(&authorize("web", &[]))
        .await
        .param("code")
        .unwrap();
    let good = [
        ("grant_type", "authorization_code"),
        ("client_id", "web"),
        ("client_secret", SECRET),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (at, (name, _)) in good.iter().enumerate() {
        let mut empty = good.to_vec();
        empty[at].1 = "";
        let mut absent = good.to_vec();
        absent.remove(at);
        for fields in [empty, absent] {
            let answer = site.post("/oauth/token", None, &fields).await;
            assert!(answer.status.is_client_error(), "{name} {}", answer.body);
        }
    }
    // None of this used the code up.
    assert_eq!(
        site.post("/oauth/token", None, &good).await.status,
        StatusCode::OK
    );
    for secret in ["", " ", "null", "undefined"] {
        let answer = site
            .post(
                "/oauth/token",
                Some(("web", secret)),
                &[("grant_type", "refresh_token"), ("refresh_token", "x")],
            )
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "secret {secret:?}");
    }
}

async fn what_is_no_form_and_no_json_is_refused_with_415(site: Site) {
    let fields = form(&[
        ("grant_type", "client_credentials"),
        ("client_id", "machine"),
        ("client_secret", SECRET),
    ]);
    for path in ["/oauth/token", "/oauth/revoke"] {
        for kind in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/xml",
            "",
        ] {
            let builder = request(Method::POST, path).header(header::CONTENT_TYPE, kind);
            let answer = site.send(builder.body(Body::from(fields.clone())).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {kind}");
            assert_eq!(answer.error(), "invalid_request");
        }
        let answer = site
            .send(
                request(Method::POST, path)
                    .body(Body::from(fields.clone()))
                    .unwrap(),
            )
            .await;
        assert_eq!(
            answer.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{path} without a type"
        );
    }
    let builder = request(Method::POST, "/oauth/token").header(
        header::CONTENT_TYPE,
        "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
    );
    let answer = site
        .send(builder.body(Body::from(fields + "&grant=x")).unwrap())
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

async fn threat_25_an_endless_body_is_refused_with_413(site: Site) {
    let endless = "x".repeat(200 * 1024);
    for path in ["/oauth/token", "/oauth/revoke", "/userinfo"] {
        let answer = site.post(path, None, &[("grant_type", &endless)]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(answer.error(), "invalid_request", "{path}");
    }
    for path in ["/u/login", "/authorize", "/oidc/logout"] {
        let answer = site.post(path, None, &[("state", &endless)]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
    }
    // Within the limit of a body, a single value is still bounded.
    let long = "x".repeat(8 * 1024);
    for (name, status) in [("client_id", 401), ("code", 400), ("scope", 400)] {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", "y"),
            ("client_id", "web"),
        ];
        fields.retain(|(other, _)| *other != name);
        fields.push((name, &long));
        let answer = site.post("/oauth/token", None, &fields).await;
        assert!(answer.status.is_client_error(), "{name} {status} {}", answer.body);
    }
}

async fn api_paths_never_answer_an_error_as_a_page(site: Site) {
    for (method, path) in [
        (Method::GET, "/oauth/token"),
        (Method::PUT, "/oauth/token"),
        (Method::GET, "/oauth/revoke"),
        (Method::DELETE, "/userinfo"),
        (Method::POST, "/.well-known/jwks.json"),
    ] {
        let answer = site
            .send(request(method.clone(), path).body(Body::empty()).unwrap())
            .await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(answer.error(), "method_not_allowed", "{method} {path}");
    }
}

async fn unknown_parameters_are_ignored(site: Site) {
    let fields = [
        ("grant_type", "client_credentials"),
        ("audience", API),
        ("max_age", "0"),
        ("login_hint", "x"),
        ("auth0Client", "e30="),
        ("", "nameless"),
    ];
    let answer = site
        .post("/oauth/token", Some(("machine", SECRET)), &fields)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(answer.json()["expires_in"], 300);
    assert!(answer.json().get("id_token").is_none() && answer.json().get("refresh_token").is_none());
}

async fn a_code_needs_its_own_redirect_uri_verifier_and_client(site: Site) {
    let mut browser = site.browser();
    let code = browser
        .sign_in(&authorize("web", &[]))
        .await
        .param("code")
        .unwrap();
    let redeem = async |basic, redirect, verifier| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        site.post("/oauth/token", Some(basic), &fields).await
    };
    let invalid = "Invalid authorization code";
    let grant = ((403, "invalid_grant"), (400, "invalid_grant"));
    let other = VERIFIER.replace('d', "e");
    let tries = [
        (("third", SECRET), CALLBACK, VERIFIER, invalid),
        (
            ("web", SECRET),
            "https://app.example/callback/",
            VERIFIER,
            invalid,
        ),
        (
            ("web", SECRET),
            CALLBACK,
            &other,
            "Failed to verify code verifier",
        ),
        (
            ("web", SECRET),
            CALLBACK,
            "short",
            "Failed to verify code verifier",
        ),
    ];
    for (basic, redirect, verifier, words) in tries {
        let answer = redeem(basic, redirect, verifier).await;
        refused(&site, &answer, grant.0, grant.1, words);
    }
    // Guesses of others do not use it up.
    assert_eq!(
        redeem(("web", SECRET), CALLBACK, VERIFIER).await.status,
        StatusCode::OK
    );

    // PKCE cannot be stripped, nor added later (RFC 9700 section 4.8.2).
    let plain = [("code_challenge", "-"), ("code_challenge_method", "-")];
    let code = browser
        .get(&authorize("web", &plain))
        .await
        .param("code")
        .unwrap();
    let answer = site.redeem("web", &code).await;
    refused(&site, &answer, grant.0, grant.1, "Failed to verify code verifier");

    // 60 seconds.
    let code = browser.get(&authorize("spa", &[])).await.param("code").unwrap();
    site.pass(60);
    refused(&site, &site.redeem("spa", &code).await, grant.0, grant.1, invalid);
}

async fn a_nul_character_is_a_bad_request_everywhere(site: Site) {
    let grant = [
        ("grant_type", "client_credentials"),
        ("audience", "https://api.example/\0"),
    ];
    let answer = site.post("/oauth/token", Some(("machine", SECRET)), &grant).await;
    assert_eq!(
        (answer.status, answer.error()),
        (StatusCode::BAD_REQUEST, "invalid_request".into())
    );
    let mut browser = site.browser();
    for name in ["audience", "nonce", "state", "scope", "login_hint"] {
        let answer = browser.get(&authorize("spa", &[(name, "a\0b")])).await;
        assert_eq!(
            answer.param("error").as_deref(),
            Some("invalid_request"),
            "{name}"
        );
    }
    for path in ["/oidc/logout", "/v2/logout"] {
        let answer = browser.get(&format!("{path}?client_id=%00&state=%00")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let page = browser.open(&authorize("spa", &[])).await;
    let answer = browser.log_in(&page, "hanako\0@example.com", "pass\0word").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
