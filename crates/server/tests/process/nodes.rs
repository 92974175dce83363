//! Two nodes on one PostgreSQL: whatever one knows, the other knows.

use super::visitor::{request, text};
use super::{Deployment, Node, eventually};
use crate::browser::claims;
use axum::http::StatusCode;
use sekisho::admin::keys::Haste;
use sekisho::admin::{Actor, keys};
use sekisho_jose::{Algorithm, Buffer, JwkSet, KeySet, jws};
use std::collections::BTreeSet;

async fn two(deployment: &Deployment) -> [Node; 2] {
    let (a, b) = tokio::join!(deployment.start(), deployment.start());
    [a, b]
}

#[tokio::test]
async fn two_nodes_that_start_at_once_on_an_empty_database_agree_on_schema_and_keys() {
    let url = sekisho_test_postgres::fresh_database();
    let deployment = Deployment::empty(&[("DATABASE_URL", &url)]);
    let [a, b] = two(&deployment).await;
    let of_a = a.visitor().get("/.well-known/jwks.json").await.json();
    let of_b = b.visitor().get("/.well-known/jwks.json").await.json();
    assert_eq!(of_a, of_b);
    assert_eq!(of_a["keys"].as_array().unwrap().len(), 2, "current and next");
}

#[tokio::test]
async fn a_session_and_a_code_made_on_one_node_are_good_on_the_other() {
    let deployment = Deployment::postgres().await;
    let [a, b] = two(&deployment).await;
    let (mut here, mut there) = (a.visitor(), b.visitor());
    let page = here.open(&request(&deployment)).await;
    // The journey itself may change nodes between page and form.
    there.jar = here.jar.clone();
    let answer = there
        .fill_in(&page, crate::site::EMAIL, crate::site::PASSWORD)
        .await;
    let code = answer.param("code").unwrap();
    let tokens = here.redeem(&deployment.spa, &code).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    let access = text(&tokens.json()["access_token"]);
    assert_eq!(there.userinfo(&access).await.status, StatusCode::OK);
    here.jar = there.jar.clone();
    assert!(here.get(&request(&deployment)).await.param("code").is_some());
    assert_eq!(
        there.redeem(&deployment.spa, &code).await.error(),
        "invalid_grant",
        "once, on whatever node"
    );
}

#[tokio::test]
async fn threat_01_a_refresh_race_across_nodes_has_one_child() {
    let deployment = Deployment::postgres().await;
    let nodes = two(&deployment).await;
    let tokens = nodes[0].visitor().tokens(&deployment).await;
    let token = text(&tokens["refresh_token"]);
    let mut racers = tokio::task::JoinSet::new();
    for i in 0..8 {
        let mut visitor = nodes[i % 2].visitor();
        let (client, token) = (deployment.spa.clone(), token.clone());
        racers.spawn(async move { visitor.refresh(&client, &token).await });
    }
    let mut children = BTreeSet::new();
    for answer in racers.join_all().await {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        children.insert(text(&answer.json()["refresh_token"]));
    }
    assert_eq!(children.len(), 1);
    for child in children {
        nodes[1].visitor().next(&deployment, &child).await;
    }
}

#[tokio::test]
async fn a_rotated_key_signs_on_every_node_and_nothing_fails_to_verify_meanwhile() {
    let deployment = Deployment::postgres().await;
    let [a, b] = two(&deployment).await;
    let (mut here, mut there) = (a.visitor(), b.visitor());
    // What an API fetched before the rotation must go on being enough.
    let published = JwkSet::parse(here.get("/.well-known/jwks.json").await.body.as_bytes()).unwrap();
    let published = KeySet::from_jwks(&published, &[Algorithm::Rs256]);
    let good = |token: &str| {
        let kid = jws::Unverified::parse(token).unwrap().kid().unwrap().to_owned();
        let key = published
            .keys()
            .iter()
            .find(|key| key.kid() == Some(&kid))
            .unwrap();
        jws::verify(token, key, &mut Buffer::new()).unwrap();
        kid
    };
    let tokens = here.tokens(&deployment).await;
    let before = good(&text(&tokens["access_token"]));
    let rotated = keys::rotate(
        &*deployment.open().await,
        Actor::Operator,
        Algorithm::Rs256,
        Haste::Now,
    )
    .await
    .unwrap();
    assert_ne!(rotated.current, before);
    let mut refresh = text(&tokens["refresh_token"]);
    for _ in 0..2 {
        eventually("the new key signs", async || {
            let fresh = here.refresh(&deployment.spa, &refresh).await.json();
            refresh = text(&fresh["refresh_token"]);
            let access = text(&fresh["access_token"]);
            assert_eq!(
                there.userinfo(&access).await.status,
                StatusCode::OK,
                "the other node verifies"
            );
            assert_eq!(here.userinfo(&access).await.status, StatusCode::OK);
            assert!(claims(&fresh["access_token"])["jti"].is_string());
            good(&access) == rotated.current
        })
        .await;
        std::mem::swap(&mut here, &mut there);
    }
    let old = text(&tokens["access_token"]);
    for visitor in [&mut here, &mut there] {
        assert_eq!(
            visitor.userinfo(&old).await.status,
            StatusCode::OK,
            "the former key still verifies"
        );
        let now = visitor.get("/.well-known/jwks.json").await.json();
        assert_eq!(now["keys"].as_array().unwrap().len(), 3, "former, current, next");
    }
}
