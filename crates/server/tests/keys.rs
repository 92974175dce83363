//! Signing keys that change under running nodes, and the moment a token may be signed at.

use crate::browser::claims;
use crate::site::{API, SECRET, Site, engines};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::keys::Haste;
use sekisho::admin::{clients, keys};
use sekisho_jose::{Algorithm, jws};
use serde_json::Value;

engines!(threat_05_keys_rotate_without_a_failed_verification_and_a_revoked_key_is_dead);

fn kid(token: &Value) -> String {
    let unverified = jws::Unverified::parse(token.as_str().unwrap()).unwrap();
    unverified.kid().unwrap().to_owned()
}

async fn published(site: &Site) -> Vec<String> {
    let document = site.get("/.well-known/jwks.json").await.json();
    let keys = document["keys"].as_array().unwrap();
    for key in keys {
        assert_eq!(key["kty"], "RSA");
        assert_eq!((&key["alg"], &key["use"]), (&"RS256".into(), &"sig".into()));
        assert!(key["x5c"][0].is_string() && key["x5t"].is_string() && key.get("d").is_none());
    }
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

async fn threat_05_keys_rotate_without_a_failed_verification_and_a_revoked_key_is_dead(site: Site) {
    let other = site.second_node().await;
    // They hear of it when this story says so.
    tokio::join!(site.deafen(), other.deafen());
    let reload = async |site: &Site| {
        site.app
            .keys
            .reload(&site.app.db, &site.app.sealer)
            .await
            .unwrap()
    };
    let before = site.tokens("spa", &[("audience", API)]).await;
    assert_eq!(published(&site).await.len(), 2, "current and next");
    keys::rotate(&site.app, Operator, Algorithm::Rs256, Haste::Now)
        .await
        .unwrap();
    assert!(reload(&site).await);
    // One node has heard of it, the other has not: whatever either signs, both know the key.
    let (new, old) = (
        site.tokens("spa", &[("audience", API)]).await,
        other.tokens("spa", &[("audience", API)]).await,
    );
    assert_ne!(kid(&new["id_token"]), kid(&old["id_token"]));
    assert_eq!(kid(&before["id_token"]), kid(&old["id_token"]));
    for node in [&site, &other] {
        for tokens in [&before, &new, &old] {
            assert!(published(node).await.contains(&kid(&tokens["id_token"])));
            let answer = node.userinfo(tokens["access_token"].as_str().unwrap()).await;
            assert_eq!(answer.status, StatusCode::OK);
        }
    }
    assert!(reload(&other).await && !reload(&other).await);
    assert_eq!(published(&site).await, published(&other).await);
    assert_eq!(published(&site).await.len(), 3, "previous, current, next");
    let after = other.tokens("spa", &[("audience", API)]).await;
    assert_eq!(kid(&after["id_token"]), kid(&new["id_token"]));

    keys::revoke(&site.app, Operator, &kid(&before["id_token"]))
        .await
        .unwrap();
    for node in [&site, &other] {
        reload(node).await;
        assert!(!published(node).await.contains(&kid(&before["id_token"])));
        for (tokens, status) in [(&before, 401), (&old, 401), (&new, 200), (&after, 200)] {
            let answer = node.userinfo(tokens["access_token"].as_str().unwrap()).await;
            assert_eq!(answer.status.as_u16(), status);
        }
    }
}

#[tokio::test]
async fn a_token_waits_until_it_is_not_void_from_birth() {
    let site = Site::new().await;
    let raise = async |nbf| {
        let id = clients::find(&site.app, "machine").await.unwrap().id;
        let raised = site
            .app
            .db
            .tx(async move |tx| sekisho_store::clients::raise_nbf(tx, &id, nbf).await);
        raised.await.unwrap();
    };
    let ask = async || {
        let grant = [("grant_type", "client_credentials"), ("audience", API)];
        site.post("/oauth/token", Some(("machine", SECRET)), &grant).await
    };
    let now = site.now().seconds();
    raise(now + 1).await;
    // The clock goes on while the answer waits: reads do not, so the request is asleep when the other side runs.
    let (answer, ()) = tokio::join!(ask(), async { site.pass(1) });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(claims(&answer.json()["access_token"])["iat"], now + 1);
    raise(now + 60).await;
    let answer = ask().await;
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "nobody waits a minute"
    );
    assert_eq!(answer.header("retry-after"), "1");
}
