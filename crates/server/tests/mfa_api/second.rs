//! The second factor that is due after a password at the token endpoint.

use super::*;
use crate::site::authorize;

engines!(
    threat_09_nobody_gets_tokens_without_the_factor_that_is_due,
    an_authenticator_is_set_up_by_the_program_itself,
    codes_by_mail_are_set_up_and_asked_for,
    threat_10_one_recovery_code_opens_once,
    threat_10_guesses_are_counted_together_at_every_door,
    threat_19_an_mfa_token_is_for_one_client_one_person_and_one_time,
    authenticators_are_listed_and_removed_by_who_proved_them,
);

async fn threat_09_nobody_gets_tokens_without_the_factor_that_is_due(site: Site) {
    with_client(&site, Some(MfaPolicy::Always)).await;
    site.add_client(direct("adaptive", Some(MfaPolicy::Adaptive)))
        .await;
    site.add_client(direct("never", Some(MfaPolicy::Never))).await;
    for (client, due) in [("direct", true), ("adaptive", false), ("never", false)] {
        let answer = log_in(&site, client, PASSWORD, &[]).await;
        assert_eq!(answer.status != StatusCode::OK, due, "{client}: {}", answer.body);
    }
    let owed = log_in(&site, "direct", PASSWORD, &[("scope", "openid offline_access")]).await;
    assert_eq!(owed.status, StatusCode::FORBIDDEN);
    let owed = owed.json();
    assert_eq!(owed["error_description"], "Multifactor authentication required");
    assert_eq!(
        owed["mfa_requirements"],
        json!({"enroll": [{"type": "otp"}, {"type": "email"}]})
    );
    assert!(text(&owed["mfa_token"]).len() < 2048);
    assert!(owed.get("access_token").is_none());

    let (secret, _) = enrol(&site, "direct").await;
    for (client, due) in [("direct", true), ("adaptive", true), ("never", false)] {
        let answer = log_in(&site, client, PASSWORD, &[]).await;
        assert_eq!(answer.status != StatusCode::OK, due, "{client}: {}", answer.body);
    }
    let owed = log_in(&site, "direct", PASSWORD, &[("scope", "openid offline_access")])
        .await
        .json();
    assert_eq!(
        owed["mfa_requirements"],
        json!({"challenge": [{"type": "otp"}, {"type": "recovery-code"}]})
    );
    let token = text(&owed["mfa_token"]);
    // A factor that is not theirs, though the address is proven: the weaker one must not stand in for the stronger.
    assert_eq!(
        challenge(&site, token, "oob").await.error(),
        "unsupported_challenge_type"
    );
    // Nothing can be added or removed with what the password alone opened.
    let added = associate(&site, token, json!({"authenticator_types": ["otp"]})).await;
    assert_eq!(
        (added.status, added.error().as_str()),
        (StatusCode::FORBIDDEN, "access_denied")
    );
    let listed = call(&site, Method::GET, "/mfa/authenticators", token, None)
        .await
        .json();
    let id = text(&of_type(&listed, "otp")["id"]).replace('|', "%7C");
    let path = format!("/mfa/authenticators/{id}");
    let removed = call(&site, Method::DELETE, &path, token, None).await;
    assert_eq!(removed.status, StatusCode::FORBIDDEN, "{}", removed.body);
    // It is no access token.
    assert_eq!(site.userinfo(token).await.status, StatusCode::UNAUTHORIZED);

    let asked = challenge(&site, token, "otp").await;
    assert_eq!(asked.json(), json!({"challenge_type": "otp"}));
    let wrong = otp(&site, token, "000000").await;
    assert_eq!(
        (wrong.status, wrong.json()),
        (
            StatusCode::FORBIDDEN,
            json!({"error": "invalid_grant", "error_description": "Invalid otp_code."})
        )
    );
    let done = otp(&site, token, &shown(&site, &secret)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let done = done.json();
    assert_eq!(done["scope"], "openid offline_access");
    assert!(done["refresh_token"].is_string());
}

async fn an_authenticator_is_set_up_by_the_program_itself(site: Site) {
    with_client(&site, Some(MfaPolicy::Always)).await;
    let token = owing(&site, "direct").await;
    for (body, error) in [
        (json!({}), "invalid_request"),
        (json!({"authenticator_types": null}), "invalid_request"),
        (json!({"authenticator_types": []}), "invalid_request"),
        (json!({"authenticator_types": ["otp", "oob"]}), "invalid_request"),
        (json!({"authenticator_types": ["oob"]}), "invalid_request"),
        (
            json!({"authenticator_types": ["oob"], "oob_channels": ["sms"]}),
            "invalid_request",
        ),
        (json!({"authenticator_types": "otp"}), "invalid_request"),
    ] {
        let answer = associate(&site, &token, body.clone()).await;
        assert_eq!(answer.error(), error, "{body}: {}", answer.body);
    }
    let first = associate(&site, &token, json!({"authenticator_types": ["otp"]}))
        .await
        .json();
    let second = associate(
        &site,
        &token,
        json!({"authenticator_types": ["otp"], "client_id": "direct"}),
    )
    .await;
    let second = second.json();
    assert_eq!(second["authenticator_type"], "otp");
    assert!(text(&second["barcode_uri"]).starts_with("otpauth://totp/"));
    assert!(text(&second["barcode_uri"]).contains(text(&second["secret"])));
    assert_ne!(first["secret"], second["secret"]);
    // What was begun opens nothing, and is not listed.
    assert_eq!(
        call(&site, Method::GET, "/mfa/authenticators", &token, None)
            .await
            .json(),
        json!([])
    );
    let code = text(&second["recovery_codes"][0]).to_owned();
    let fields = [
        ("grant_type", RECOVERY),
        ("mfa_token", token.as_str()),
        ("recovery_code", &code),
    ];
    assert_ne!(prove(&site, "direct", &fields).await.status, StatusCode::OK);
    // The older set-up is gone.
    let old = otp(&site, &token, &shown(&site, text(&first["secret"]))).await;
    assert_eq!(old.error(), "invalid_grant", "{}", old.body);
    let now = shown(&site, text(&second["secret"]));
    let done = otp(&site, &token, &now).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);

    // The same code once more, at the API with a new token, is used.
    let token = owing(&site, "direct").await;
    assert_eq!(otp(&site, &token, &now).await.error(), "invalid_grant");
    let listed = call(&site, Method::GET, "/mfa/authenticators", &token, None)
        .await
        .json();
    let kinds: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["type"]))
        .collect();
    assert!(
        kinds.contains(&"otp") && kinds.contains(&"recovery-code"),
        "{listed}"
    );
    assert!(!listed.to_string().contains("oob_channels"));
    let told = mails(&site).await;
    assert!(!told.is_empty(), "the owner is told");
}

async fn codes_by_mail_are_set_up_and_asked_for(site: Site) {
    with_client(&site, Some(MfaPolicy::Always)).await;
    let token = owing(&site, "direct").await;
    let body =
        json!({"authenticator_types": ["oob"], "oob_channels": ["email"], "email": "other@example.com"});
    assert_eq!(associate(&site, &token, body).await.error(), "invalid_request");
    let body = json!({"authenticator_types": ["oob"], "oob_channels": ["email"], "email": EMAIL});
    let begun = associate(&site, &token, body).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    let begun = begun.json();
    assert_eq!(
        (
            &begun["authenticator_type"],
            &begun["oob_channel"],
            &begun["binding_method"]
        ),
        (&json!("oob"), &json!("email"), &json!("prompt"))
    );
    let oob_code = text(&begun["oob_code"]);
    let code = mailed(&site).await;
    let with = async |token: &str, oob_code: &str, code: &str| {
        let fields = [
            ("grant_type", OOB),
            ("mfa_token", token),
            ("oob_code", oob_code),
            ("binding_code", code),
        ];
        prove(&site, "direct", &fields).await
    };
    let wrong = if code == "123456" { "654321" } else { "123456" };
    assert_eq!(
        with(&token, oob_code, wrong).await.json()["error_description"],
        "Invalid binding_code."
    );
    assert_eq!(with(&token, "garbage", &code).await.error(), "invalid_grant");
    let done = with(&token, oob_code, &code).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);

    let owed = log_in(&site, "direct", PASSWORD, &[]).await.json();
    assert_eq!(owed["mfa_requirements"]["challenge"][0], json!({"type": "email"}));
    let token = text(&owed["mfa_token"]);
    let listed = call(&site, Method::GET, "/mfa/authenticators", token, None)
        .await
        .json();
    let mailbox = of_type(&listed, "email");
    assert_eq!(
        (&mailbox["authenticator_type"], &mailbox["oob_channel"]),
        (&json!("oob"), &json!("email"))
    );
    assert_eq!(mailbox["name"], "h***@e***");
    let asked = challenge(&site, token, "otp oob").await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    let asked = asked.json();
    assert_eq!(
        (&asked["challenge_type"], &asked["binding_method"]),
        (&json!("oob"), &json!("prompt"))
    );
    let code = mailed(&site).await;
    // What was sent for one token is nothing for another.
    let other = owing(&site, "direct").await;
    assert_eq!(
        with(&other, text(&asked["oob_code"]), &code).await.error(),
        "invalid_grant"
    );
    let done = with(token, text(&asked["oob_code"]), &code).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
}

async fn threat_10_one_recovery_code_opens_once(site: Site) {
    with_client(&site, Some(MfaPolicy::Always)).await;
    let (_, codes) = enrol(&site, "direct").await;
    let tokens = [owing(&site, "direct").await, owing(&site, "direct").await];
    let with = async |token: &str, code: &str| {
        let fields = [
            ("grant_type", RECOVERY),
            ("mfa_token", token),
            ("recovery_code", code),
        ];
        prove(&site, "direct", &fields).await
    };
    let (one, two) = tokio::join!(with(&tokens[0], &codes[0]), with(&tokens[1], &codes[0]));
    let won = [&one, &two]
        .into_iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(won, 1, "{} {}", one.body, two.body);
    let (winner, loser) = if one.status == StatusCode::OK {
        (one, two)
    } else {
        (two, one)
    };
    assert_eq!(loser.json()["error_description"], "MFA Authorization rejected.");
    let fresh = text(&winner.json()["recovery_code"]).to_owned();
    assert!(!codes.contains(&fresh));
    let token = owing(&site, "direct").await;
    assert_eq!(with(&token, &codes[0]).await.error(), "invalid_grant", "used");
    assert_eq!(
        with(&token, &fresh).await.status,
        StatusCode::OK,
        "the new one works"
    );
    let token = owing(&site, "direct").await;
    assert_eq!(
        with(&token, &codes[1]).await.status,
        StatusCode::OK,
        "and so do the others"
    );
}

async fn threat_10_guesses_are_counted_together_at_every_door(site: Site) {
    with_client(&site, Some(MfaPolicy::Always)).await;
    let (secret, _) = enrol(&site, "direct").await;
    let token = owing(&site, "direct").await;
    let mut refused = 0;
    for guess in 0..40 {
        let answer = match guess % 2 {
            0 => otp(&site, &token, "000000").await,
            _ => {
                let fields = [
                    ("grant_type", RECOVERY),
                    ("mfa_token", token.as_str()),
                    ("recovery_code", "0000-0000-0000-0000-0000-0000"),
                ];
                prove(&site, "direct", &fields).await
            }
        };
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.error(), "too_many_attempts");
            refused += 1;
        }
    }
    assert!(refused >= 20, "{refused} of 40 guesses were refused unseen");
    let right = otp(&site, &token, &shown(&site, &secret)).await;
    assert_eq!(
        right.status,
        StatusCode::TOO_MANY_REQUESTS,
        "right or wrong, it is not looked at"
    );

    // Passwords: what was guessed at the page counts at the token endpoint.
    site.add_user("auth0|taro", "taro@example.com", PASSWORD).await;
    let mut browser = site.browser();
    for _ in 0..40 {
        let page = browser.open(&authorize("spa", &[])).await;
        let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
        let fields = [
            ("state", state.as_str()),
            ("csrf", &csrf),
            ("email", "taro@example.com"),
            ("password", "guess"),
        ];
        browser.submit(&page.action(), &fields).await;
    }
    let right = log_in(&site, "direct", PASSWORD, &[("username", "taro@example.com")]).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "{}", right.body);
}

async fn threat_19_an_mfa_token_is_for_one_client_one_person_and_one_time(site: Site) {
    with_client(&site, Some(MfaPolicy::Always)).await;
    site.add_client(direct("another", Some(MfaPolicy::Always))).await;
    let (secret, _) = enrol(&site, "direct").await;
    let malformed = json!({"error": "invalid_grant", "error_description": "Malformed mfa_token"});
    let refused = |answer: Answer, why: &str| {
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::FORBIDDEN, malformed.clone()),
            "{why}"
        );
    };

    let token = owing(&site, "direct").await;
    let code = shown(&site, &secret);
    let fields = [("grant_type", OTP), ("mfa_token", token.as_str()), ("otp", &code)];
    refused(prove(&site, "another", &fields).await, "of another client");
    for cut in [1, 20, token.len() / 2, token.len() - 1] {
        refused(otp(&site, &token[..cut], &code).await, "threat 28: truncated");
    }
    let mut changed = token.clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    refused(
        otp(&site, std::str::from_utf8(&changed).unwrap(), &code).await,
        "changed",
    );
    refused(otp(&site, &"A".repeat(9000), &code).await, "long");
    let body = json!({"authenticator_types": ["otp"]});
    refused(
        associate(&site, "garbage", body).await,
        "at the door that begins a set-up",
    );

    // Two at once: one of them gets tokens.
    let later = shown(&site, &secret);
    let (one, two) = tokio::join!(otp(&site, &token, &later), otp(&site, &token, &later));
    let won = [&one, &two]
        .into_iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .count();
    assert_eq!(won, 1, "{} {}", one.body, two.body);
    site.pass(60);
    refused(otp(&site, &token, &shown(&site, &secret)).await, "used");
    let listed = call(&site, Method::GET, "/mfa/authenticators", &token, None).await;
    refused(listed, "used, at the other doors too");

    let token = owing(&site, "direct").await;
    site.pass(600);
    let old = otp(&site, &token, &shown(&site, &secret)).await;
    assert_eq!(
        (old.status, old.json()),
        (
            StatusCode::UNAUTHORIZED,
            json!({"error": "expired_token", "error_description": "mfa_token is expired"})
        )
    );

    // Another password ends it.
    let token = owing(&site, "direct").await;
    sekisho::admin::users::set_password(&site.app, Operator, &user(&site).await, "kirin no tsuno wa nagai")
        .await
        .unwrap();
    refused(
        otp(&site, &token, &shown(&site, &secret)).await,
        "from before the password changed",
    );
}

async fn authenticators_are_listed_and_removed_by_who_proved_them(site: Site) {
    with_client(&site, Some(MfaPolicy::Adaptive)).await;
    let wanted = [("audience", MFA), ("scope", ALL_SCOPES)];
    // Who has nothing yet logs in by one factor and sets the first one up.
    let tokens = log_in(&site, "direct", PASSWORD, &wanted).await.json();
    assert_eq!(tokens["expires_in"], 600);
    let plain = text(&tokens["access_token"]).to_owned();
    let begun = associate(&site, &plain, json!({"authenticator_types": ["otp"]})).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    let secret = text(&begun.json()["secret"]).to_owned();
    let done = otp(&site, &plain, &shown(&site, &secret)).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    site.pass(60);

    // From now on one factor is not enough to change anything.
    let listed = call(&site, Method::GET, "/mfa/authenticators", &plain, None).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    let listed = listed.json();
    let id = of_type(&listed, "otp")["id"].clone();
    let path = format!("/mfa/authenticators/{}", text(&id).replace('|', "%7C"));
    let removed = call(&site, Method::DELETE, &path, &plain, None).await;
    assert_eq!(
        (removed.status, removed.error().as_str()),
        (StatusCode::UNAUTHORIZED, "insufficient_user_authentication")
    );
    let added = associate(&site, &plain, json!({"authenticator_types": ["otp"]})).await;
    assert_eq!(added.error(), "insufficient_user_authentication");

    let owed = log_in(&site, "direct", PASSWORD, &wanted).await.json();
    let proven = otp(&site, text(&owed["mfa_token"]), &shown(&site, &secret))
        .await
        .json();
    let token = text(&proven["access_token"]);
    let unknown = call(
        &site,
        Method::DELETE,
        "/mfa/authenticators/totp%7Cdev_0",
        token,
        None,
    )
    .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let removed = call(&site, Method::DELETE, &path, token, None).await;
    assert_eq!(
        (removed.status, removed.body.as_str()),
        (StatusCode::NO_CONTENT, "")
    );
    let left = call(&site, Method::GET, "/mfa/authenticators", token, None)
        .await
        .json();
    assert_eq!(left, json!([]), "recovery codes go with what they stand in for");

    // Without its scope, or too late, a token opens nothing.
    let narrow = [("audience", MFA), ("scope", "read:authenticators")];
    let tokens = log_in(&site, "direct", PASSWORD, &narrow).await.json();
    let narrow = text(&tokens["access_token"]);
    let added = associate(&site, narrow, json!({"authenticator_types": ["otp"]})).await;
    assert_eq!(
        (added.status, added.error().as_str()),
        (StatusCode::FORBIDDEN, "insufficient_scope")
    );
    for foreign in [
        &site.tokens("spa", &[("audience", API)]).await,
        &site.tokens("spa", &[]).await,
    ] {
        let answer = call(
            &site,
            Method::GET,
            "/mfa/authenticators",
            text(&foreign["access_token"]),
            None,
        )
        .await;
        assert_ne!(answer.status, StatusCode::OK, "a token for another audience");
    }
    let nobody = site.get("/mfa/authenticators").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}
