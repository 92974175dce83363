//! How access ends: revocation, logout, blocking, disabling, epochs; at every door, at once.

use crate::browser::{Answer, claims};
use crate::site::{API, CALLBACK, EMAIL, PASSWORD, SECRET, Site, authorize, engines, wires};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::users::Access;
use sekisho::admin::{clients, users};
use sekisho_rules::client::Standing;
use sekisho_rules::wire::Wire;
use serde_json::Value;

engines!(
    threat_18_a_disabled_client_can_do_nothing,
    threat_18_a_blocked_user_can_do_nothing_and_unblocking_brings_nothing_back,
    threat_31_a_deleted_user_leaves_nothing_behind,
    a_raised_issuer_epoch_ends_everything,
    a_new_password_ends_what_was_held_under_the_old_one,
    threat_04_a_code_in_fifty_hands_is_redeemed_once_and_its_grant_ends,
);
wires!(
    a_revoked_refresh_token_ends_its_grant,
    an_opaque_token_is_revoked_alone,
    rfc_7009_a_jwt_access_token_is_revoked_alone,
    threat_21_a_client_cannot_revoke_what_is_not_its_own,
    threat_28_an_opaque_token_changed_anywhere_is_worth_nothing,
    threat_21_userinfo_takes_only_tokens_for_it,
    userinfo_says_what_is_wrong,
);

const OFFLINE: [(&str, &str); 2] = [("scope", "openid offline_access"), ("audience", API)];

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn status(site: &Site, tokens: &Value) -> u16 {
    site.userinfo(text(&tokens["access_token"])).await.status.as_u16()
}

async fn revoke(site: &Site, client: &str, token: &str) -> Answer {
    let basic = (client == "web").then_some((client, SECRET));
    site.post("/oauth/revoke", basic, &[("client_id", client), ("token", token)])
        .await
}

async fn threat_18_a_disabled_client_can_do_nothing(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("web", &[])).await;
    let code = browser.get(&authorize("web", &[])).await.param("code").unwrap();
    let page = browser.open(&authorize("web", &[("prompt", "login")])).await;
    let tokens = site.tokens("web", &OFFLINE).await;
    for id in ["web", "machine"] {
        let client = clients::find(&site.app, id).await.unwrap();
        clients::set_standing(&site.app, Operator, &client, Standing::Disabled)
            .await
            .unwrap();
    }
    let grants: [&[(&str, &str)]; 3] = [
        &[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
        ],
        &[
            ("grant_type", "refresh_token"),
            ("refresh_token", text(&tokens["refresh_token"])),
        ],
        &[("grant_type", "client_credentials"), ("audience", API)],
    ];
    for id in ["web", "machine"] {
        for fields in grants {
            let answer = site.post("/oauth/token", Some((id, SECRET)), fields).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{id} {}", answer.body);
        }
        let answer = site
            .post("/oauth/revoke", Some((id, SECRET)), &[("token", "x")])
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            browser.get(&authorize(id, &[])).await.status,
            StatusCode::BAD_REQUEST
        );
    }
    assert_eq!(status(&site, &tokens).await, 401);
    let answer = browser.log_in(&page, EMAIL, PASSWORD).await;
    assert_eq!(
        answer.status,
        StatusCode::BAD_REQUEST,
        "a journey on its way does not arrive"
    );
    // Enabling it again brings back nothing it held.
    let client = clients::find(&site.app, "web").await.unwrap();
    clients::set_standing(&site.app, Operator, &client, Standing::Enabled)
        .await
        .unwrap();
    site.pass(5);
    assert_eq!(
        site.refresh("web", text(&tokens["refresh_token"])).await.error(),
        "invalid_grant"
    );
    assert_eq!(status(&site, &tokens).await, 401);
    assert_eq!(status(&site, &site.tokens("web", &[]).await).await, 200);
}

async fn threat_18_a_blocked_user_can_do_nothing_and_unblocking_brings_nothing_back(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let code = browser.get(&authorize("spa", &[])).await.param("code").unwrap();
    let tokens = site.tokens("spa", &OFFLINE).await;
    let user = users::find(&site.app, EMAIL).await.unwrap();
    users::set_access(&site.app, Operator, &user, Access::Blocked)
        .await
        .unwrap();

    let (wanted, error) = match site.wire() {
        Wire::Auth0 => (401, "unauthorized"),
        Wire::Standard => (400, "invalid_grant"),
    };
    for answer in [
        site.refresh("spa", text(&tokens["refresh_token"])).await,
        site.redeem("spa", &code).await,
    ] {
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (wanted, error));
        assert_eq!(answer.json()["error_description"], "user is blocked");
    }
    assert_eq!(status(&site, &tokens).await, 401);
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    let page = browser.open(&authorize("spa", &[])).await;
    let answer = browser.log_in(&page, EMAIL, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "as with a wrong password");

    let user = users::find(&site.app, EMAIL).await.unwrap();
    users::set_access(&site.app, Operator, &user, Access::Unblocked)
        .await
        .unwrap();
    site.pass(5);
    assert_eq!(
        site.refresh("spa", text(&tokens["refresh_token"])).await.error(),
        "invalid_grant"
    );
    assert_eq!(status(&site, &tokens).await, 401);
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    assert_eq!(status(&site, &site.tokens("spa", &[]).await).await, 200);
}

async fn threat_31_a_deleted_user_leaves_nothing_behind(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let code = browser.get(&authorize("spa", &[])).await.param("code").unwrap();
    let tokens = site.tokens("spa", &OFFLINE).await;
    let opaque = site.tokens("spa", &[]).await;
    let user = users::find(&site.app, EMAIL).await.unwrap();
    users::delete(&site.app, Operator, &user).await.unwrap();
    assert_eq!(
        (status(&site, &tokens).await, status(&site, &opaque).await),
        (401, 401)
    );
    assert_eq!(site.redeem("spa", &code).await.error(), "invalid_grant");
    assert_eq!(
        site.refresh("spa", text(&tokens["refresh_token"])).await.error(),
        "invalid_grant"
    );
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
}

async fn a_raised_issuer_epoch_ends_everything(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let code = browser.get(&authorize("spa", &[])).await.param("code").unwrap();
    let tokens = site.tokens("spa", &OFFLINE).await;
    let nbf = site.now().seconds() + 1;
    site.app
        .db
        .tx(async move |tx| sekisho_store::issuer::raise(tx, nbf).await)
        .await
        .unwrap();
    site.pass(2);
    assert_eq!(status(&site, &tokens).await, 401);
    assert_eq!(site.redeem("spa", &code).await.error(), "invalid_grant");
    assert_eq!(
        site.refresh("spa", text(&tokens["refresh_token"])).await.error(),
        "invalid_grant"
    );
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    assert_eq!(status(&site, &site.tokens("spa", &OFFLINE).await).await, 200);
}

async fn a_new_password_ends_what_was_held_under_the_old_one(site: Site) {
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let tokens = site.tokens("spa", &OFFLINE).await;
    let user = users::find(&site.app, EMAIL).await.unwrap();
    users::set_password(&site.app, Operator, &user, "a quite different one")
        .await
        .unwrap();
    site.pass(5);
    assert_eq!(
        site.refresh("spa", text(&tokens["refresh_token"])).await.error(),
        "invalid_grant"
    );
    assert_eq!(status(&site, &tokens).await, 401);
    let page = browser.open(&authorize("spa", &[])).await;
    assert_eq!(
        browser.log_in(&page, EMAIL, PASSWORD).await.status,
        StatusCode::BAD_REQUEST
    );
    let answer = browser.log_in(&page, EMAIL, "a quite different one").await;
    assert!(answer.param("code").is_some());
}

async fn threat_04_a_code_in_fifty_hands_is_redeemed_once_and_its_grant_ends(site: Site) {
    let mut browser = site.browser();
    let answer = browser.sign_in(&authorize("spa", &OFFLINE)).await;
    let code = answer.param("code").unwrap();
    // Kinds of single-use secrets do not open each other.
    let cookie = browser.jar["__Host-sekisho"].clone();
    for other in [cookie.as_str(), "rt_x", ""] {
        assert!(site.redeem("spa", other).await.status.is_client_error());
    }
    assert_eq!(site.refresh("spa", &code).await.error(), "invalid_grant");
    assert_eq!(site.userinfo(&code).await.status, StatusCode::UNAUTHORIZED);

    let site = std::sync::Arc::new(site.second_node().await);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (site, code) = (std::sync::Arc::clone(&site), code.clone());
        all.spawn(async move { site.redeem("spa", &code).await });
    }
    let mut won = Vec::new();
    while let Some(answer) = all.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            StatusCode::OK => won.push(answer.json()),
            _ => assert_eq!(answer.error(), "invalid_grant", "{}", answer.body),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(status(&site, &won[0]).await, 401);
    assert_eq!(
        site.refresh("spa", text(&won[0]["refresh_token"])).await.error(),
        "invalid_grant"
    );
}

async fn a_revoked_refresh_token_ends_its_grant(site: Site) {
    for client in ["spa", "web"] {
        let tokens = site.tokens(client, &OFFLINE).await;
        let refresh = text(&tokens["refresh_token"]);
        assert_eq!(status(&site, &tokens).await, 200);
        let answer = revoke(&site, client, refresh).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
        assert_eq!(site.refresh(client, refresh).await.error(), "invalid_grant");
        assert_eq!(status(&site, &tokens).await, 401);
        assert_eq!(
            revoke(&site, client, refresh).await.status,
            StatusCode::OK,
            "again is no error"
        );
    }
    let answer = site.post("/oauth/revoke", None, &[("client_id", "spa")]).await;
    assert_eq!(
        (answer.status, answer.error()),
        (StatusCode::BAD_REQUEST, "invalid_request".into())
    );
    let answer = site
        .post("/oauth/revoke", Some(("web", "wrong")), &[("token", "x")])
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers.get("www-authenticate"), None);
}

async fn an_opaque_token_is_revoked_alone(site: Site) {
    let tokens = site.tokens("spa", &[("scope", "openid offline_access")]).await;
    assert!(
        text(&tokens["access_token"]).split('.').count() != 3,
        "no API, so opaque"
    );
    assert_eq!(status(&site, &tokens).await, 200);
    assert_eq!(
        revoke(&site, "spa", text(&tokens["access_token"])).await.status,
        StatusCode::OK
    );
    assert_eq!(status(&site, &tokens).await, 401);
    let next = site.refresh("spa", text(&tokens["refresh_token"])).await;
    assert_eq!(next.status, StatusCode::OK);
    site.pass(86_400);
    assert_eq!(status(&site, &next.json()).await, 401, "and it expires");
}

async fn rfc_7009_a_jwt_access_token_is_revoked_alone(site: Site) {
    let tokens = site.tokens("spa", &OFFLINE).await;
    let other = site.tokens("spa", &OFFLINE).await;
    assert_eq!(status(&site, &tokens).await, 200);
    for _ in 0..2 {
        let answer = revoke(&site, "spa", text(&tokens["access_token"])).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
    }
    assert_eq!(status(&site, &tokens).await, 401);
    assert_eq!(status(&site, &other).await, 200, "another of the same user stays");
    let next = site.refresh("spa", text(&tokens["refresh_token"])).await.json();
    assert_eq!(status(&site, &next).await, 200, "its grant goes on");
    // An ID token is no key to anything; what is no token of ours is not alive afterwards.
    let id_token = revoke(&site, "spa", text(&next["id_token"])).await;
    assert_eq!(
        (id_token.status, id_token.error()),
        (StatusCode::BAD_REQUEST, "unsupported_token_type".into())
    );
    let forged = format!("{}x", text(&next["access_token"]));
    for noise in ["a.b.c", "nonsense", forged.as_str()] {
        assert_eq!(revoke(&site, "spa", noise).await.status, StatusCode::OK);
    }
    assert_eq!(status(&site, &next).await, 200);
    site.pass(300);
    let expired = revoke(&site, "native", text(&next["access_token"])).await;
    assert_eq!(expired.status, StatusCode::OK, "dead already, whoever asks");
}

async fn threat_21_a_client_cannot_revoke_what_is_not_its_own(site: Site) {
    let tokens = site.tokens("spa", &[("scope", "openid offline_access")]).await;
    let jwt = site.tokens("spa", &OFFLINE).await;
    for token in [
        &tokens["refresh_token"],
        &tokens["access_token"],
        &jwt["access_token"],
    ] {
        for client in ["native", "web"] {
            let answer = revoke(&site, client, text(token)).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "RFC 7009 section 2.1");
            assert_eq!(answer.error(), "invalid_grant");
        }
    }
    assert_eq!(
        (status(&site, &tokens).await, status(&site, &jwt).await),
        (200, 200)
    );
    assert_eq!(
        site.refresh("spa", text(&tokens["refresh_token"])).await.status,
        StatusCode::OK
    );
}

async fn threat_28_an_opaque_token_changed_anywhere_is_worth_nothing(site: Site) {
    let tokens = site.tokens("spa", &[]).await;
    let token = text(&tokens["access_token"]);
    for at in 0..token.len() {
        let mut bytes = token.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(
            site.userinfo(&changed).await.status,
            StatusCode::UNAUTHORIZED,
            "{at}"
        );
        assert_eq!(
            site.userinfo(&token[..at]).await.status,
            StatusCode::UNAUTHORIZED,
            "{at}"
        );
    }
    for changed in [
        format!("{token}A"),
        format!("{token}="),
        token.to_uppercase(),
        token[3..].to_owned(),
    ] {
        assert_eq!(site.userinfo(&changed).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(status(&site, &tokens).await, 200);
}

async fn threat_21_userinfo_takes_only_tokens_for_it(site: Site) {
    let user = site
        .tokens("spa", &[("audience", API), ("scope", "openid read:notes")])
        .await;
    assert_eq!(status(&site, &user).await, 200);
    let id_token = text(&user["id_token"]);
    assert_eq!(
        site.userinfo(id_token).await.status,
        StatusCode::UNAUTHORIZED,
        "an ID token"
    );
    let grant = [("grant_type", "client_credentials"), ("audience", API)];
    let machine = site
        .post("/oauth/token", Some(("machine", SECRET)), &grant)
        .await
        .json();
    assert_eq!(status(&site, &machine).await, 401, "a machine's token");
    let no_openid = site
        .tokens("spa", &[("audience", API), ("scope", "read:notes")])
        .await;
    assert_eq!(claims(&no_openid["access_token"])["aud"], API);
    assert_eq!(
        status(&site, &no_openid).await,
        401,
        "a token for another API only"
    );
    site.pass(300);
    assert_eq!(status(&site, &user).await, 401, "an expired token");
}

async fn userinfo_says_what_is_wrong(site: Site) {
    let none = site.get("/userinfo").await;
    assert_eq!(
        (none.status, none.header("www-authenticate")),
        (StatusCode::UNAUTHORIZED, "Bearer")
    );
    let bad = site.userinfo("nonsense").await;
    assert_eq!(bad.status, StatusCode::UNAUTHORIZED);
    assert!(
        bad.header("www-authenticate")
            .starts_with("Bearer error=\"invalid_token\"")
    );
    let without = site.tokens("spa", &[("scope", "profile")]).await;
    let answer = site.userinfo(text(&without["access_token"])).await;
    assert_eq!(
        (answer.status, answer.error()),
        (StatusCode::FORBIDDEN, "insufficient_scope".into())
    );
    assert!(answer.header("www-authenticate").contains("insufficient_scope"));
    assert_eq!(answer.header("cache-control"), "no-store");
}
