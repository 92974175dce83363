//! How clients prove themselves at the token endpoint: every form that is accepted, and what is not.

use crate::browser::Answer;
use crate::seed::client;
use crate::site::{API, ISSUER, SECRET, Site, engines, form, request, wires};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_jose::{Algorithm, SigningKey, jwt};
use sekisho_rules::client::{AuthMethod, ClientKind};
use serde_json::json;

wires!(
    basic_is_accepted_raw_and_percent_encoded,
    the_secret_may_come_in_the_body,
    threat_23_two_proofs_at_once_are_refused,
    threat_25_endless_and_malformed_headers_are_refused,
);
engines!(an_assertion_works_once);

const GRANT: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("audience", API)];

async fn with_header(site: &Site, authorization: &str, fields: &[(&str, &str)]) -> Answer {
    let builder = request(Method::POST, "/oauth/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, authorization);
    site.send(builder.body(Body::from(form(fields))).unwrap()).await
}

fn basic(id: &str, secret: &str) -> String {
    format!(
        "Basic {}",
        base64_simd::STANDARD.encode_to_string(format!("{id}:{secret}"))
    )
}

async fn basic_is_accepted_raw_and_percent_encoded(site: Site) {
    let every_byte: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let marks = SECRET
        .replace('-', "%2D")
        .replace('_', "%5F")
        .replace('.', "%2E")
        .replace('~', "%7E");
    assert_ne!(marks, SECRET);
    for secret in [
        SECRET,
        marks.as_str(),
        marks.to_lowercase().as_str(),
        every_byte.as_str(),
    ] {
        let answer = with_header(&site, &basic("machine", secret), &GRANT).await;
        assert_eq!(answer.status, StatusCode::OK, "{secret} {}", answer.body);
    }
    let lower = basic("machine", SECRET).replace("Basic", "basic");
    assert_eq!(with_header(&site, &lower, &GRANT).await.status, StatusCode::OK);
    let twice = marks.replace('%', "%25");
    for secret in [twice.as_str(), "%", &SECRET[1..], &format!("{SECRET} ")] {
        let answer = with_header(&site, &basic("machine", secret), &GRANT).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{secret}");
    }
}

async fn the_secret_may_come_in_the_body(site: Site) {
    let mut fields = GRANT.to_vec();
    fields.extend([("client_id", "machine"), ("client_secret", SECRET)]);
    let answer = site.post("/oauth/token", None, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    // The same name beside the header is no second proof.
    let mut fields = GRANT.to_vec();
    fields.push(("client_id", "machine"));
    let answer = site
        .post("/oauth/token", Some(("machine", SECRET)), &fields)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    // A public client has nothing to prove, and cannot pretend to.
    for (id, secret, status) in [("spa", "x", 401), ("machine", "x", 401)] {
        let fields = [GRANT[0], GRANT[1], ("client_id", id), ("client_secret", secret)];
        assert_eq!(
            site.post("/oauth/token", None, &fields).await.status.as_u16(),
            status,
            "{id}"
        );
    }
    let fields = [GRANT[0], GRANT[1], ("client_id", "machine")];
    assert_eq!(
        site.post("/oauth/token", None, &fields).await.status,
        StatusCode::UNAUTHORIZED,
        "a confidential client without a proof"
    );
}

async fn threat_23_two_proofs_at_once_are_refused(site: Site) {
    let both = [
        GRANT[0],
        GRANT[1],
        ("client_id", "machine"),
        ("client_secret", SECRET),
    ];
    let answer = site.post("/oauth/token", Some(("machine", SECRET)), &both).await;
    assert_eq!(
        (answer.status, answer.error()),
        (StatusCode::BAD_REQUEST, "invalid_request".into())
    );
    let another = [GRANT[0], GRANT[1], ("client_id", "web")];
    let answer = site
        .post("/oauth/token", Some(("machine", SECRET)), &another)
        .await;
    assert_eq!(
        (answer.status, answer.error()),
        (StatusCode::BAD_REQUEST, "invalid_request".into())
    );
}

async fn threat_25_endless_and_malformed_headers_are_refused(site: Site) {
    let endless = format!("Basic {}", "QQ".repeat(40_000));
    let no_colon = format!("Basic {}", base64_simd::STANDARD.encode_to_string("machine"));
    for header in [
        endless.as_str(),
        &no_colon,
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Bearer abc",
        "Digest x",
        &basic("machine", ""),
        &basic("", SECRET),
    ] {
        let answer = with_header(&site, header, &GRANT).await;
        assert_eq!(
            answer.status,
            StatusCode::UNAUTHORIZED,
            "{}",
            &header[..header.len().min(40)]
        );
        assert_eq!(answer.headers.get("www-authenticate"), None);
    }
}

async fn an_assertion_works_once(site: Site) {
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid("k1");
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap().with_kid("k1");
    let mut service = client("service", ClientKind::Machine);
    service.auth_method = AuthMethod::PrivateKeyJwt;
    service.jwks = Some(json!({ "keys": [key.public_jwk().unwrap()] }).to_string());
    site.add_client(service).await;
    site.allow("service", API, "read:notes").await;
    let now = site.now().seconds();
    let assertion = |key: &SigningKey, jti: &str, aud: &str| {
        let claims = json!({ "iss": "service", "sub": "service", "aud": aud, "jti": jti, "iat": now, "exp": now + 60 });
        jwt::sign(&claims, "JWT", key).unwrap()
    };
    let send = async |assertion: &str| {
        let mut fields = GRANT.to_vec();
        fields.push(("client_assertion", assertion));
        fields.push((
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ));
        site.post("/oauth/token", None, &fields).await
    };
    let first = assertion(&key, "j1", ISSUER);
    let answer = send(&first).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(send(&first).await.status, StatusCode::UNAUTHORIZED, "replayed");
    assert_eq!(
        send(&assertion(&key, "j1", ISSUER)).await.status,
        StatusCode::UNAUTHORIZED,
        "a new signature over a used jti"
    );
    let endpoint = format!("{ISSUER}oauth/token");
    assert_eq!(
        send(&assertion(&key, "j2", &endpoint)).await.status,
        StatusCode::OK
    );
    assert_eq!(
        send(&assertion(&stranger, "j3", ISSUER)).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        send(&assertion(&key, "j4", "https://other.example/"))
            .await
            .status,
        StatusCode::UNAUTHORIZED
    );
    // Twenty at once: exactly one is the first.
    let same = assertion(&key, "j5", ISSUER);
    let answers = (0..20).map(|_| send(&same));
    let mut won = 0;
    for answer in futures(answers).await {
        won += usize::from(answer.status == StatusCode::OK);
    }
    assert_eq!(won, 1);
    // A client with a key cannot fall back to a secret.
    let answer = site.post("/oauth/token", Some(("service", SECRET)), &GRANT).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

/// All of them at once, on this task.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (one, done) in &mut waiting {
            if done.is_none() {
                match one.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        match pending {
            true => std::task::Poll::Pending,
            false => std::task::Poll::Ready(()),
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}
