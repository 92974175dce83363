//! Both doors of logout: who may go out, what ends, where the browser is sent.

use crate::browser::{Browser, claims};
use crate::site::{API, Site, authorize, form, wires};
use axum::http::{Method, StatusCode};

wires!(
    threat_35_an_image_tag_ends_nothing,
    the_simple_door_ends_the_session_and_returns_to_registered_addresses_only,
    what_a_logout_ends_and_what_outlives_it,
    a_link_from_anywhere_must_be_confirmed,
    a_hint_must_fit_the_person_and_the_client,
    a_form_works_like_a_link_and_an_expired_hint_like_a_fresh_one,
);

async fn signed_in(browser: &mut Browser<'_>) -> bool {
    browser
        .get(&authorize("spa", &[("prompt", "none")]))
        .await
        .param("code")
        .is_some()
}

async fn threat_35_an_image_tag_ends_nothing(site: Site) {
    let mut browser = site.browser();
    let answer = browser.sign_in(&authorize("spa", &[])).await;
    let tokens = site.redeem("spa", &answer.param("code").unwrap()).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    for path in [
        "/v2/logout".to_owned(),
        format!("/oidc/logout?{}", form(&[("id_token_hint", hint)])),
    ] {
        for (dest, mode) in [
            ("image", "no-cors"),
            ("script", "no-cors"),
            ("style", "no-cors"),
            ("empty", "cors"),
            ("empty", "no-cors"),
            ("object", "navigate"),
        ] {
            let headers = [
                ("sec-fetch-dest", dest),
                ("sec-fetch-mode", mode),
                ("sec-fetch-site", "cross-site"),
            ];
            let answer = browser.visit(Method::GET, &path, &headers, &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{dest} {mode}");
            assert!(answer.headers.get("set-cookie").is_none());
            assert!(signed_in(&mut browser).await, "{dest} {mode} {path}");
        }
    }
    let headers = [("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")];
    let answer = browser.visit(Method::GET, "/v2/logout", &headers, &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!signed_in(&mut browser).await);
}

async fn the_simple_door_ends_the_session_and_returns_to_registered_addresses_only(site: Site) {
    let bye = "https://app.example/bye";
    for (query, to) in [
        (form(&[("client_id", "spa"), ("returnTo", bye)]), Some(bye)),
        (
            format!("{}&federated", form(&[("client_id", "spa"), ("returnTo", bye)])),
            Some(bye),
        ),
        (
            form(&[("client_id", "spa"), ("returnTo", bye), ("state", "s")]),
            Some(bye),
        ),
        (
            form(&[
                ("client_id", "spa"),
                ("returnTo", "https://app.example/bye?from=app"),
            ]),
            Some("https://app.example/bye?from=app"),
        ),
        (form(&[("client_id", "spa")]), None),
        (String::new(), None),
    ] {
        let mut browser = site.browser();
        browser.sign_in(&authorize("spa", &[])).await;
        let answer = browser.get(&format!("/v2/logout?{query}")).await;
        match to {
            Some(to) => assert_eq!(answer.location(), to, "{query}"),
            None => assert_eq!(answer.status, StatusCode::OK, "{query}"),
        }
        assert!(!browser.jar.contains_key("__Host-sekisho") && !signed_in(&mut browser).await);
    }
    for fields in [
        [("client_id", "spa"), ("returnTo", "https://evil.example/")],
        [
            ("client_id", "spa"),
            ("returnTo", "https://app.example/bye/../evil"),
        ],
        [("client_id", "nobody"), ("returnTo", bye)],
        [("x", "y"), ("returnTo", bye)],
    ] {
        let mut browser = site.browser();
        browser.sign_in(&authorize("spa", &[])).await;
        let answer = browser.get(&format!("/v2/logout?{}", form(&fields))).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields:?}");
        assert!(answer.headers.get("location").is_none() && signed_in(&mut browser).await);
    }
}

async fn what_a_logout_ends_and_what_outlives_it(site: Site) {
    let mut browser = site.browser();
    let mut tokens = Vec::new();
    for scope in ["openid", "openid offline_access"] {
        let answer = browser
            .open(&authorize("spa", &[("scope", scope), ("audience", API)]))
            .await;
        let answer = match answer.status.is_redirection() {
            true => answer,
            false => {
                browser
                    .log_in(&answer, crate::site::EMAIL, crate::site::PASSWORD)
                    .await
            }
        };
        tokens.push(site.redeem("spa", &answer.param("code").unwrap()).await.json());
    }
    let stolen = browser.jar.clone();
    browser.get("/v2/logout").await;
    let bound = tokens[0]["access_token"].as_str().unwrap();
    assert_eq!(site.userinfo(bound).await.status, StatusCode::UNAUTHORIZED);
    // offline_access is for when the person is gone: it outlives the session (OpenID Connect Core section 11).
    let lasting = tokens[1]["refresh_token"].as_str().unwrap();
    assert_eq!(site.refresh("spa", lasting).await.status, StatusCode::OK);
    let mut thief = site.browser();
    thief.jar = stolen;
    assert!(
        !signed_in(&mut thief).await,
        "the row has ended, not only the cookie"
    );
}

async fn a_link_from_anywhere_must_be_confirmed(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let page = browser
        .get("/oidc/logout?client_id=spa&logout_hint=guessed")
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(signed_in(&mut browser).await);
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let without = browser.submit("/u/logout", &[("state", &state)]).await;
    assert_eq!(without.status, StatusCode::FORBIDDEN);
    let mut elsewhere = site.browser();
    let fields = [("state", state.as_str()), ("csrf", csrf.as_str())];
    assert_eq!(
        elsewhere.submit("/u/logout", &fields).await.status,
        StatusCode::BAD_REQUEST
    );
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    let forged = browser.visit(Method::POST, "/u/logout", &cross, &fields).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert!(signed_in(&mut browser).await);
    assert_eq!(browser.submit("/u/logout", &fields).await.status, StatusCode::OK);
    assert!(!signed_in(&mut browser).await);
}

async fn a_hint_must_fit_the_person_and_the_client(site: Site) {
    site.add_user(
        "auth0|ffffffffffffffffffffffff",
        "taro@example.com",
        "another good one",
    )
    .await;
    let mut browser = site.browser();
    let answer = browser.sign_in(&authorize("spa", &[])).await;
    let tokens = site.redeem("spa", &answer.param("code").unwrap()).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    let mut other = site.browser();
    let page = other.open(&authorize("spa", &[])).await;
    other.log_in(&page, "taro@example.com", "another good one").await;
    let page = other
        .get(&format!("/oidc/logout?{}", form(&[("id_token_hint", hint)])))
        .await;
    assert!(
        page.status == StatusCode::OK && signed_in(&mut other).await,
        "asks first"
    );
    for (name, value) in [("client_id", "web"), ("client_id", "nobody")] {
        let fields = [("id_token_hint", hint), (name, value)];
        let answer = browser.get(&format!("/oidc/logout?{}", form(&fields))).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{value}");
    }
    let access = site.tokens("spa", &[("audience", API)]).await;
    let not_a_hint = form(&[("id_token_hint", access["access_token"].as_str().unwrap())]);
    let answer = browser.get(&format!("/oidc/logout?{not_a_hint}")).await;
    assert_eq!(
        answer.status,
        StatusCode::BAD_REQUEST,
        "an access token is no hint"
    );
    assert!(signed_in(&mut browser).await);
    // The session id that only its applications know will do, and so will an expired hint.
    let sid = claims(&tokens["id_token"])["sid"].as_str().unwrap().to_owned();
    let fields = [
        ("client_id", "spa"),
        ("logout_hint", &sid),
        ("post_logout_redirect_uri", "https://app.example/bye"),
    ];
    let answer = browser.get(&format!("/oidc/logout?{}", form(&fields))).await;
    assert_eq!(answer.location(), "https://app.example/bye");
    assert!(!signed_in(&mut browser).await);
}

async fn a_form_works_like_a_link_and_an_expired_hint_like_a_fresh_one(site: Site) {
    let bye = "https://app.example/bye";
    for federated in [false, true] {
        let mut browser = site.browser();
        let answer = browser.sign_in(&authorize("spa", &[])).await;
        let tokens = site.redeem("spa", &answer.param("code").unwrap()).await.json();
        let hint = tokens["id_token"].as_str().unwrap();
        let lifetime = claims(&tokens["id_token"])["exp"].as_i64().unwrap() - site.now().seconds();
        site.pass(lifetime + 1);
        let mut fields = vec![
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", bye),
            ("state", "a b&c"),
        ];
        if federated {
            fields.push(("federated", ""));
        }
        // From a page of the application's: another site.
        let headers = [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-dest", "document"),
            ("sec-fetch-mode", "navigate"),
            ("origin", "https://app.example"),
        ];
        let answer = browser
            .visit(Method::POST, "/oidc/logout", &headers, &fields)
            .await;
        assert_eq!(answer.location(), format!("{bye}?state=a%20b%26c"));
        assert!(!browser.jar.contains_key("__Host-sekisho") && !signed_in(&mut browser).await);
        // Again, with nobody signed in: the browser is sent on all the same.
        let answer = browser
            .visit(Method::POST, "/oidc/logout", &headers, &fields)
            .await;
        assert_eq!(answer.location(), format!("{bye}?state=a%20b%26c"));
    }
}
