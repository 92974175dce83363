//! `/authorize`: who is proven before anything is sent back, and how answers travel.

use crate::browser::Answer;
use crate::seed::client;
use crate::site::{CALLBACK, CHALLENGE, Site, authorize, form, wires};
use axum::http::StatusCode;
use sekisho_rules::client::ClientKind;

wires!(
    threat_07_an_unproven_redirect_uri_gets_a_page_and_nothing_else,
    an_unknown_client_gets_a_page_and_nothing_else,
    state_comes_back_byte_for_byte_in_every_mode,
    no_state_is_made_up,
    refusals_travel_to_the_proven_address,
    threat_23_repeated_parameters_are_refused,
    pkce_is_required_of_public_clients_and_must_be_s256,
    threat_36_only_the_web_message_page_can_be_framed_and_only_by_its_origin,
    threat_25_an_endless_request_is_a_page,
    a_request_for_an_unknown_audience_is_refused,
    a_native_app_may_use_any_loopback_port,
);

fn page(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.headers.get("location").is_none());
    assert!(!answer.body.contains("data-response") && !answer.body.contains("<form"));
}

async fn threat_07_an_unproven_redirect_uri_gets_a_page_and_nothing_else(site: Site) {
    for uri in [
        "https://evil.example/callback",
        "https://app.example/callback/",
        "https://app.example/callback?x=1",
        "https://app.example/callback#x",
        "https://app.example/other/..;/callback",
        "https://APP.example/callback",
        "HTTPS://app.example/callback",
        "https://app.example:443/callback",
        "https://app.example%2Fcallback",
        "//app.example/callback",
        "javascript:alert(1)//https://app.example/callback",
        "-",
        "",
    ] {
        for mode in ["query", "fragment", "form_post", "web_message"] {
            let extra = [("redirect_uri", uri), ("response_mode", mode), ("prompt", "none")];
            let answer = site.get(&authorize("spa", &extra)).await;
            page(&answer, 400);
        }
    }
    let twice = format!(
        "{}&{}",
        authorize("spa", &[]),
        form(&[("redirect_uri", CALLBACK)])
    );
    page(&site.get(&twice).await, 400);
}

async fn an_unknown_client_gets_a_page_and_nothing_else(site: Site) {
    for id in ["nobody", "", "-", "spa ", "SPA", "spa\0"] {
        page(&site.get(&authorize(id, &[])).await, 400);
    }
    let twice = format!("{}&client_id=spa", authorize("spa", &[]));
    page(&site.get(&twice).await, 400);
}

fn state_of(answer: &Answer, mode: &str) -> Option<String> {
    let decoded = |text: &str| {
        url::form_urlencoded::parse(text.as_bytes())
            .find(|(name, _)| name == "state")
            .map(|(_, value)| value.into_owned())
    };
    match mode {
        "query" => decoded(answer.location().split_once('?')?.1),
        "fragment" => {
            assert!(!answer.location().contains('?'));
            decoded(answer.location().split_once('#')?.1)
        }
        "form_post" => answer
            .body
            .contains("name=\"state\"")
            .then(|| answer.hidden("state")),
        _ => message(answer)["state"].as_str().map(str::to_owned),
    }
}

/// What a web_message page posts.
fn message(answer: &Answer) -> serde_json::Value {
    serde_json::from_str(&answer.attribute("data-response")).unwrap()
}

const MODES: [&str; 4] = ["query", "fragment", "form_post", "web_message"];

async fn state_comes_back_byte_for_byte_in_every_mode(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    for state in [
        "fkdTLnZSOTQuMTJ2fkVkRnI1T0Y4ZlF+dGlNVmZnfg==",
        "a b&c=d+e%20f%",
        "日本語 ü \u{1f38c}",
        "<script>alert(1)</script>\"'",
        "eyJyZXR1cm5UbyI6Ii8_YT1iIn0",
    ] {
        for mode in MODES {
            let extra = [("state", state), ("response_mode", mode)];
            let answer = browser.get(&authorize("spa", &extra)).await;
            assert_eq!(
                state_of(&answer, mode).as_deref(),
                Some(state),
                "{mode} {}",
                answer.body
            );
            let extra = [
                ("state", state),
                ("response_mode", mode),
                ("response_type", "token"),
            ];
            let answer = browser.get(&authorize("spa", &extra)).await;
            assert_eq!(
                state_of(&answer, mode).as_deref(),
                Some(state),
                "{mode}, an error"
            );
        }
    }
}

async fn no_state_is_made_up(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    for mode in MODES {
        for state in ["-", ""] {
            let answer = browser
                .get(&authorize("spa", &[("state", state), ("response_mode", mode)]))
                .await;
            assert_eq!(state_of(&answer, mode), None, "{mode}");
            let error = [
                ("state", state),
                ("response_mode", mode),
                ("response_type", "token"),
            ];
            let answer = browser.get(&authorize("spa", &error)).await;
            assert_eq!(state_of(&answer, mode), None, "{mode}, an error");
        }
    }
    let answer = browser.get(&authorize("spa", &[])).await;
    assert_eq!(answer.param("iss"), None, "not advertised, so not sent");
}

async fn refusals_travel_to_the_proven_address(site: Site) {
    for (name, value, error) in [
        ("response_type", "-", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("response_mode", "carrier_pigeon", "invalid_request"),
        ("request", "e30.e30.", "request_not_supported"),
        (
            "request_uri",
            "https://app.example/r",
            "request_uri_not_supported",
        ),
        ("registration", "{}", "registration_not_supported"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "-", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
    ] {
        let answer = site.get(&authorize("spa", &[(name, value)])).await;
        assert!(
            answer.location().starts_with(&format!("{CALLBACK}?")),
            "{}",
            answer.location()
        );
        assert_eq!(answer.param("error").as_deref(), Some(error), "{name}={value}");
        assert!(answer.param("error_description").is_some());
        assert_eq!(answer.param("state").as_deref(), Some("xyz"));
        assert_eq!(answer.param("code"), None);
    }
    let answer = site.get(&authorize("machine", &[])).await;
    assert_eq!(answer.param("error").as_deref(), Some("unauthorized_client"));
}

async fn threat_23_repeated_parameters_are_refused(site: Site) {
    for name in [
        "response_type",
        "scope",
        "nonce",
        "audience",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "login_hint",
        "id_token_hint",
    ] {
        let twice = format!("{}&{name}=a&{name}=b", authorize("spa", &[]));
        let answer = site.get(&twice).await;
        assert_eq!(
            answer.param("error").as_deref(),
            Some("invalid_request"),
            "{name}"
        );
    }
    let answer = site.get(&format!("{}&state=other", authorize("spa", &[]))).await;
    assert_eq!(answer.param("error").as_deref(), Some("invalid_request"));
    assert_eq!(answer.param("state"), None, "neither copy is echoed");
}

async fn pkce_is_required_of_public_clients_and_must_be_s256(site: Site) {
    let without = [("code_challenge", "-"), ("code_challenge_method", "-")];
    for id in ["spa", "native"] {
        let answer = site.get(&authorize(id, &without)).await;
        assert_eq!(answer.param("error").as_deref(), Some("invalid_request"), "{id}");
    }
    let answer = site.get(&authorize("web", &without)).await;
    assert!(
        answer.location().starts_with("/u/login"),
        "optional for a client with a secret"
    );
    let no_method = [("code_challenge_method", "-")];
    let answer = site.get(&authorize("web", &no_method)).await;
    assert_eq!(
        answer.param("error").as_deref(),
        Some("invalid_request"),
        "without a method it would be plain"
    );
}

async fn threat_36_only_the_web_message_page_can_be_framed_and_only_by_its_origin(site: Site) {
    let mut browser = site.browser();
    let framed = |answer: &Answer| {
        let policy = answer.header("content-security-policy").to_owned();
        let at = policy.find("frame-ancestors ").unwrap() + "frame-ancestors ".len();
        policy[at..].split(';').next().unwrap().to_owned()
    };
    let silent = [("response_mode", "web_message"), ("prompt", "none")];
    let refused = browser.get(&authorize("spa", &silent)).await;
    assert_eq!(message(&refused)["error"], "login_required");
    assert_eq!(message(&refused)["state"], "xyz");
    assert!(
        refused.headers.get("set-cookie").is_none(),
        "a silent request leaves nothing behind"
    );

    let login = browser.open(&authorize("spa", &[])).await;
    let bad = browser.get(&authorize("nobody", &[])).await;
    let home = browser.get("/").await;
    let missing = browser.get("/nothing").await;
    let signup = browser
        .open(&authorize("spa", &[("screen_hint", "signup")]))
        .await;
    let confirm = browser.get("/oidc/logout").await;
    for answer in [&login, &bad, &home, &missing, &signup, &confirm] {
        assert_eq!(framed(answer), "'none'");
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
    browser.sign_in(&authorize("spa", &[])).await;
    let answer = browser.get(&authorize("spa", &silent)).await;
    for answer in [&refused, &answer] {
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(framed(answer), "https://app.example");
        assert_eq!(answer.headers.get("x-frame-options"), None);
        assert_eq!(answer.attribute("data-target-origin"), "https://app.example");
    }
    assert!(message(&answer)["code"].is_string() && message(&answer)["error"].is_null());
    let form_post = browser
        .get(&authorize("spa", &[("response_mode", "form_post")]))
        .await;
    assert_eq!(framed(&form_post), "'none'");
    // A page must let its form lead back to the application, and a popup keep its opener.
    for answer in [&login, &form_post, &answer] {
        assert!(!answer.header("content-security-policy").contains("form-action"));
        assert!(answer.headers.get("cross-origin-opener-policy").is_none());
        assert!(!answer.header("content-security-policy").contains("unsafe"));
    }
}

async fn threat_25_an_endless_request_is_a_page(site: Site) {
    let long = "x".repeat(7000);
    page(&site.get(&authorize("spa", &[("state", &long)])).await, 400);
}

async fn a_request_for_an_unknown_audience_is_refused(site: Site) {
    let answer = site
        .get(&authorize("spa", &[("audience", "https://nowhere.example/")]))
        .await;
    let error = match site.wire() {
        sekisho_rules::wire::Wire::Auth0 => "access_denied",
        sekisho_rules::wire::Wire::Standard => "invalid_target",
    };
    assert_eq!(answer.param("error").as_deref(), Some(error));
    assert_eq!(
        answer.param("error_description").as_deref(),
        Some("Service not found: https://nowhere.example/")
    );
    let ourselves = [("audience", "https://login.example/userinfo")];
    assert!(
        site.get(&authorize("spa", &ourselves))
            .await
            .location()
            .starts_with("/u/login")
    );
}

async fn a_native_app_may_use_any_loopback_port(site: Site) {
    let mut app = client("desktop", ClientKind::Native);
    app.callbacks = vec![
        "http://127.0.0.1/callback".to_owned(),
        "com.example.app://login/back".to_owned(),
    ];
    site.add_client(app).await;
    let mut browser = site.browser();
    for uri in ["http://127.0.0.1:49152/callback", "com.example.app://login/back"] {
        let extra = [("redirect_uri", uri), ("code_challenge", CHALLENGE)];
        let page = browser.open(&authorize("desktop", &extra)).await;
        let answer = match page.status.is_redirection() {
            true => page,
            false => {
                browser
                    .log_in(&page, crate::site::EMAIL, crate::site::PASSWORD)
                    .await
            }
        };
        assert!(
            answer.location().starts_with(&format!("{uri}?code=")),
            "{}",
            answer.location()
        );
    }
}
