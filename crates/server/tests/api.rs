//! The Management API: who may, what it shows, what it ends, and that it says nothing to those who may not.

use crate::browser::{Answer, claims};
use crate::seed::client;
use crate::site::{API, SECRET, Site, engines, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_rules::client::ClientKind;
use serde_json::{Value, json};

engines!(
    sessions_are_shown_and_ended,
    refresh_tokens_are_shown_and_ended,
    everything_that_can_be_revoked_is_revoked_by_one_door,
    lists_go_on_where_they_stopped,
    threat_16_nothing_is_said_to_those_who_may_not,
);

const MANAGEMENT: &str = "https://login.example/api/v2/";
const USER: &str = "auth0%7C0123456789abcdef01234567";
const SCOPE: [(&str, &str); 2] = [("scope", "openid offline_access read:notes"), ("audience", API)];
const ALL: &str = "read:sessions delete:sessions read:refresh_tokens delete:refresh_tokens read:revocations create:revocations";

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A token for the Management API.
async fn token(site: &Site, id: &str, scope: &str) -> String {
    if sekisho_store::clients::by_id(&site.app.db, id)
        .await
        .unwrap()
        .is_none()
    {
        site.add_client(client(id, ClientKind::Machine)).await;
    }
    site.allow(id, MANAGEMENT, scope).await;
    let fields = [("grant_type", "client_credentials"), ("audience", MANAGEMENT)];
    let answer = site.post("/oauth/token", Some((id, SECRET)), &fields).await;
    text(&answer.json()["access_token"]).to_owned()
}

async fn call(site: &Site, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let mut request = request(method, path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let body = match body {
        Some(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    site.send(request.body(body).unwrap()).await
}

async fn get(site: &Site, token: &str, path: &str) -> Value {
    let answer = call(site, token, Method::GET, path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.json()
}

async fn sessions_are_shown_and_ended(site: Site) {
    let admin = token(&site, "admin", ALL).await;
    let tokens = site.tokens("web", &SCOPE).await;
    let sid = text(&claims(&tokens["access_token"])["sid"]).to_owned();

    let shown = get(&site, &admin, &format!("/api/v2/sessions/{sid}")).await;
    assert_eq!(
        (&shown["id"], &shown["user_id"]),
        (&json!(sid), &json!("auth0|0123456789abcdef01234567"))
    );
    assert_eq!(shown["clients"], json!([{"client_id": "web"}]));
    assert_eq!(shown["authentication"]["methods"][0]["name"], "pwd");
    let created = text(&shown["created_at"]);
    assert!(
        created.starts_with("2027-01-15T08:00:0") && created.ends_with(".000Z"),
        "{created}"
    );
    assert_eq!(shown["device"]["initial_ip"], "127.0.0.1");
    let list = get(&site, &admin, &format!("/api/v2/users/{USER}/sessions")).await;
    assert_eq!(list, json!({"sessions": [shown]}));

    let path = format!("/api/v2/sessions/{sid}");
    let ended = call(&site, &admin, Method::DELETE, &path, None).await;
    assert_eq!((ended.status, ended.body.as_str()), (StatusCode::ACCEPTED, ""));
    assert_eq!(
        call(&site, &admin, Method::GET, &path, None).await.json()["errorCode"],
        "inexistent_session"
    );
    assert_eq!(
        site.userinfo(text(&tokens["access_token"])).await.status,
        StatusCode::UNAUTHORIZED
    );
    let next = site.refresh("web", text(&tokens["refresh_token"])).await;
    assert_eq!(
        next.status,
        StatusCode::OK,
        "as after a logout, what has offline_access lives on"
    );
    let again = call(&site, &admin, Method::DELETE, &path, None).await;
    assert_eq!(
        again.status,
        StatusCode::ACCEPTED,
        "one that has ended is no error"
    );
    let revoked = call(&site, &admin, Method::POST, &format!("{path}/revoke"), None).await;
    assert_eq!(revoked.status, StatusCode::ACCEPTED);
    assert_eq!(
        site.refresh("web", text(&tokens["refresh_token"])).await.error(),
        "invalid_grant",
        "with its refresh tokens"
    );

    let (one, two) = (site.tokens("web", &SCOPE).await, site.tokens("spa", &SCOPE).await);
    let all = format!("/api/v2/users/{USER}/sessions?wait=ack");
    let ended = call(&site, &admin, Method::DELETE, &all, None).await;
    assert_eq!(ended.status, StatusCode::ACCEPTED);
    assert_eq!(
        ended.json(),
        json!({"connected": 0, "applied": 0}),
        "nobody listens here"
    );
    for tokens in [one, two] {
        assert_eq!(
            site.userinfo(text(&tokens["access_token"])).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
}

async fn refresh_tokens_are_shown_and_ended(site: Site) {
    let admin = token(&site, "admin", ALL).await;
    let tokens = site.tokens("spa", &SCOPE).await;
    let said = claims(&tokens["access_token"]);
    let list = get(&site, &admin, &format!("/api/v2/users/{USER}/refresh-tokens")).await;
    let shown = &list["tokens"][0];
    assert_eq!(
        (&shown["client_id"], &shown["rotating"]),
        (&json!("spa"), &json!(true))
    );
    assert_eq!(shown["session_id"], said["sid"]);
    assert_eq!(
        shown["resource_servers"],
        json!([{"audience": API, "scopes": "openid offline_access read:notes"}])
    );
    let path = format!("/api/v2/refresh-tokens/{}", text(&shown["id"]));
    assert_eq!(&get(&site, &admin, &path).await, shown);

    let ended = call(&site, &admin, Method::DELETE, &path, None).await;
    assert_eq!((ended.status, ended.body.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(
        site.refresh("spa", text(&tokens["refresh_token"])).await.error(),
        "invalid_grant"
    );
    let gone = call(&site, &admin, Method::GET, &path, None).await;
    assert_eq!(
        (gone.status, &gone.json()["errorCode"]),
        (StatusCode::NOT_FOUND, &json!("inexistent_refresh_token"))
    );

    let (one, two) = (site.tokens("web", &SCOPE).await, site.tokens("spa", &SCOPE).await);
    let all = format!("/api/v2/users/{USER}/refresh-tokens");
    assert_eq!(
        call(&site, &admin, Method::DELETE, &all, None).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(get(&site, &admin, &all).await, json!({"tokens": []}));
    for (client, tokens) in [("web", one), ("spa", two)] {
        assert_eq!(
            site.refresh(client, text(&tokens["refresh_token"])).await.error(),
            "invalid_grant"
        );
    }
    let sessions = get(&site, &admin, &format!("/api/v2/users/{USER}/sessions")).await;
    assert_eq!(
        sessions["sessions"].as_array().unwrap().len(),
        3,
        "sessions live on"
    );
}

async fn everything_that_can_be_revoked_is_revoked_by_one_door(site: Site) {
    let admin = token(&site, "admin", ALL).await;
    let revoke =
        async |body: Value| call(&site, &admin, Method::POST, "/api/v2/revocations", Some(body)).await;
    let dead = async |tokens: &Value| {
        let answer = site.userinfo(text(&tokens["access_token"])).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    };
    let tokens = site.tokens("web", &SCOPE).await;
    let answer = revoke(json!({"type": "token", "token": tokens["access_token"]})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json(), json!({"type": "token", "revoked": "access_token"}));
    dead(&tokens).await;
    let tokens = site.tokens("web", &SCOPE).await;
    let gid = claims(&tokens["access_token"])["gid"].clone();
    assert_eq!(
        revoke(json!({"type": "grant", "grant_id": gid})).await.status,
        StatusCode::ACCEPTED
    );
    dead(&tokens).await;
    let tokens = site.tokens("web", &SCOPE).await;
    let sid = claims(&tokens["access_token"])["sid"].clone();
    assert_eq!(
        revoke(json!({"type": "session", "session_id": sid})).await.status,
        StatusCode::ACCEPTED
    );
    dead(&tokens).await;
    let tokens = site.tokens("web", &SCOPE).await;
    let sub = claims(&tokens["access_token"])["sub"].clone();
    assert_eq!(
        revoke(json!({"type": "user", "user_id": sub})).await.status,
        StatusCode::ACCEPTED
    );
    dead(&tokens).await;
    site.pass(1);
    let tokens = site.tokens("web", &SCOPE).await;
    let path = "/api/v2/revocations?wait=ack";
    let answer = call(
        &site,
        &admin,
        Method::POST,
        path,
        Some(json!({"type": "client", "client_id": "web"})),
    )
    .await;
    assert_eq!(
        answer.json(),
        json!({"type": "client", "client_id": "web", "connected": 0, "applied": 0})
    );
    dead(&tokens).await;

    for wrong in [
        json!({"type": "everything"}),
        json!({"type": "everything", "confirm": "yes"}),
        json!({"type": "nothing"}),
        json!({"type": "user", "user_id": "auth0|1", "more": true}),
        json!({"type": "token", "token": "nonsense"}),
        json!([]),
    ] {
        let answer = revoke(wrong.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert_eq!(answer.json()["errorCode"], "invalid_body", "{wrong}");
    }
    for absent in [
        json!({"type": "user", "user_id": "auth0|\0"}),
        json!({"type": "user", "user_id": "auth0|1"}),
        json!({"type": "key", "kid": "x"}),
        json!({"type": "grant", "grant_id": "x"}),
    ] {
        assert_eq!(
            revoke(absent.clone()).await.status,
            StatusCode::NOT_FOUND,
            "{absent}"
        );
    }

    let list = get(&site, &admin, "/api/v2/revocations").await;
    let kinds: String = list["revocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["kind"]))
        .collect();
    assert_eq!(kinds, "JGSGUC", "a place ends with its session and its grant");
    let last = &list["revocations"][5];
    assert_eq!(last["nbf"].as_i64().unwrap(), site.now().seconds() + 3);
    assert_eq!(last["seq"], 6);

    site.pass(4);
    let tokens = site.tokens("web", &SCOPE).await;
    let answer = revoke(json!({"type": "everything", "confirm": "https://login.example/"})).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    dead(&tokens).await;
}

async fn lists_go_on_where_they_stopped(site: Site) {
    let admin = token(&site, "admin", ALL).await;
    for _ in 0..5 {
        site.tokens("web", &SCOPE).await;
        site.pass(1);
    }
    for (list, key) in [("sessions", "sessions"), ("refresh-tokens", "tokens")] {
        let (mut seen, mut from) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v2/users/{USER}/{list}?take=2{from}");
            let page = get(&site, &admin, &path).await;
            seen.extend(
                page[key]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| text(&one["id"]).to_owned()),
            );
            match page.get("next") {
                Some(next) => from = format!("&from={}", text(next)),
                None => break,
            }
        }
        assert_eq!(seen.len(), 5, "{list}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 5, "{list}: nothing twice");
        for wrong in [
            "take=0",
            "take=101",
            "take=x",
            "from=%00",
            "from=bm9wZQ",
            "take=1&take=2",
        ] {
            let answer = call(
                &site,
                &admin,
                Method::GET,
                &format!("/api/v2/users/{USER}/{list}?{wrong}"),
                None,
            )
            .await;
            assert_eq!(
                (answer.status, &answer.json()["errorCode"]),
                (StatusCode::BAD_REQUEST, &json!("invalid_query_string")),
                "{wrong}"
            );
        }
    }
}

/// Every path of the API, with the method and a body where it takes one.
const DOORS: [(&str, &str, &str); 10] = [
    ("GET", "/api/v2/sessions/{}", "read:sessions"),
    ("DELETE", "/api/v2/sessions/{}", "delete:sessions"),
    ("POST", "/api/v2/sessions/{}/revoke", "delete:sessions"),
    ("GET", "/api/v2/users/{}/sessions", "read:sessions"),
    ("DELETE", "/api/v2/users/{}/sessions", "delete:sessions"),
    ("GET", "/api/v2/users/{}/refresh-tokens", "read:refresh_tokens"),
    (
        "DELETE",
        "/api/v2/users/{}/refresh-tokens",
        "delete:refresh_tokens",
    ),
    ("GET", "/api/v2/refresh-tokens/{}", "read:refresh_tokens"),
    ("DELETE", "/api/v2/refresh-tokens/{}", "delete:refresh_tokens"),
    ("POST", "/api/v2/revocations", "create:revocations"),
];

async fn threat_16_nothing_is_said_to_those_who_may_not(site: Site) {
    let tokens = site.tokens("web", &SCOPE).await;
    let said = claims(&tokens["access_token"]);
    let (sid, gid) = (text(&said["sid"]), text(&said["gid"]));
    let strangers = [
        String::new(),
        "nonsense".to_owned(),
        text(&tokens["access_token"]).to_owned(),
        text(&tokens["id_token"]).to_owned(),
    ];
    for (method, path, scope) in DOORS {
        let method: Method = method.parse().unwrap();
        // A token with every scope but the one that is needed.
        let others: Vec<&str> = ALL.split(' ').filter(|other| *other != scope).collect();
        let lacking = token(&site, "lacking", &others.join(" ")).await;
        for (known, unknown) in [
            (sid, "0"),
            (gid, "0"),
            (USER, "auth0%7C0"),
            (USER, "a%2Fb"),
            (USER, "%00"),
        ] {
            let (known, unknown) = (path.replace("{}", known), path.replace("{}", unknown));
            for stranger in &strangers {
                let one = call(&site, stranger, method.clone(), &known, None).await;
                let other = call(&site, stranger, method.clone(), &unknown, None).await;
                assert_eq!(
                    one.status,
                    StatusCode::UNAUTHORIZED,
                    "{method} {path}: {}",
                    one.body
                );
                assert_eq!((one.status, &one.body), (other.status, &other.body));
                assert!(one.header("www-authenticate").starts_with("Bearer"));
            }
            let one = call(&site, &lacking, method.clone(), &known, None).await;
            let other = call(&site, &lacking, method.clone(), &unknown, None).await;
            assert_eq!(one.status, StatusCode::FORBIDDEN, "{method} {path}: {}", one.body);
            assert_eq!((one.status, &one.body), (other.status, &other.body));
            assert_eq!(
                one.json(),
                json!({
                    "statusCode": 403,
                    "error": "Forbidden",
                    "message": format!("Insufficient scope, expected any of: {scope}"),
                    "errorCode": "insufficient_scope",
                })
            );
            for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
                assert!(one.header(name).parse::<i64>().is_ok(), "{name}");
            }
            // So many requests in one second would be too many.
            site.pass(1);
        }
        assert_eq!(
            site.userinfo(text(&tokens["access_token"])).await.status,
            StatusCode::OK,
            "{method} {path}"
        );
    }

    // To those who may, an id that is percent-encoded is one id, whatever is in it.
    let admin = token(&site, "admin", ALL).await;
    for unknown in ["0", "auth0%7C0", "a%2Fb", "..%2F..", "%00", "%F0%9F%98%80"] {
        let answer = call(
            &site,
            &admin,
            Method::GET,
            &format!("/api/v2/sessions/{unknown}"),
            None,
        )
        .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
        assert_eq!(answer.json()["statusCode"], 404);
    }
    let answer = call(&site, &admin, Method::GET, "/api/v2/nothing/here", None).await;
    assert_eq!(
        answer.json(),
        json!({"statusCode": 404, "error": "Not Found", "message": "Not Found"})
    );
    assert_eq!(
        call(&site, &admin, Method::PUT, "/api/v2/sessions/0", None)
            .await
            .json()["statusCode"],
        405
    );

    // A token that was revoked opens nothing, and neither does an expired one.
    let used = token(&site, "used", ALL).await;
    let revoke = [("token", used.as_str())];
    site.post("/oauth/revoke", Some(("used", SECRET)), &revoke).await;
    let path = format!("/api/v2/users/{USER}/sessions");
    while call(&site, &used, Method::GET, &path, None).await.status == StatusCode::OK {
        site.pass(1);
        tokio::task::yield_now().await;
    }
    assert_eq!(
        call(&site, &used, Method::GET, &path, None).await.json()["message"],
        "Invalid token"
    );
    // A day, and the leeway between the clocks of nodes.
    site.pass(86_400 + 60);
    let late = call(&site, &admin, Method::GET, &path, None).await;
    assert_eq!(
        late.json()["message"],
        "Expired token received for JSON Web Token validation"
    );
}
