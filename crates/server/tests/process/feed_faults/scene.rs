//! A deployment, a wire that leads verifiers to one of its nodes, and the tokens of two sessions.

use crate::browser::claims;
use crate::process::feed::now;
use crate::process::visitor::{Visitor, request, text};
use crate::process::{Deployment, LOOK, Node, PATIENCE, eventually};
use crate::site::{API, EMAIL};
use crate::wire::Wire;
use sekisho::admin::Actor::Operator;
use sekisho::admin::sessions::{self, Extent};
use sekisho::admin::{clients, grants};
use sekisho::app::App;
use sekisho_verify::fetch::{Credentials, FeedClient, OnlineVerifier};
use sekisho_verify::{Issuer, Policy, Scope, Verdict};
use std::sync::Arc;
use std::time::Duration;

/// Short, so that outages are over soon; longer than what a busy machine takes for a breath.
pub(super) const MAX_STALE: Duration = Duration::from_secs(4);
/// What the clocks of both sides may be wrong by when they were compared by whole seconds, in milliseconds.
const CLOCK_SLACK: u64 = 1_200;

/// For how long a revoked token may pass, in milliseconds.
pub(super) fn bound() -> u64 {
    u64::try_from(MAX_STALE.as_millis()).unwrap() + CLOCK_SLACK
}

pub(super) struct Scene {
    pub(super) deployment: Deployment,
    /// Its address is the issuer's: verifiers know no other.
    pub(super) wire: Wire,
    /// As a command beside the nodes.
    pub(super) app: Arc<App>,
}

impl Scene {
    pub(super) async fn sqlite() -> Self {
        Self::with(&[]).await
    }

    pub(super) async fn postgres() -> Self {
        Self::with(&[("DATABASE_URL", &sekisho_test_postgres::fresh_database())]).await
    }

    pub(super) async fn with(settings: &[(&str, &str)]) -> Self {
        let wire = Wire::before(([127, 0, 0, 1], 1).into()).await;
        let issuer = format!("http://{}/", wire.address);
        let mut all = vec![("SEKISHO_ISSUER", issuer.as_str())];
        all.extend(settings);
        let deployment = Deployment::with(&all).await;
        let app = deployment.open().await;
        let machine = clients::find(&app, &deployment.machine.0).await.unwrap();
        let scope = Scope::parse("read:revocations").unwrap();
        grants::put(&app, Operator, &machine, &format!("{issuer}revocations"), scope)
            .await
            .unwrap();
        Self {
            deployment,
            wire,
            app,
        }
    }

    /// Starts a node and leads verifiers to it.
    pub(super) async fn serve(&self) -> Node {
        let node = self.deployment.start().await;
        self.wire.lead_to(node.address());
        node
    }

    /// Somebody who calls this node past the wire.
    pub(super) fn visitor(&self, node: &Node) -> Visitor {
        Visitor::new(
            &format!("http://{}", node.address()),
            &self.wire.address.to_string(),
        )
    }

    /// A verifier that listens, ready or not.
    pub(super) fn listener(&self) -> OnlineVerifier {
        let issuer = format!("http://{}/", self.wire.address);
        let (id, secret) = &self.deployment.machine;
        let feed = FeedClient::new(&issuer, Credentials::new(id, secret)).max_stale(MAX_STALE);
        OnlineVerifier::listening(Policy::access(Issuer::fetched(&issuer), API), feed).unwrap()
    }

    /// A verifier that is ready.
    pub(super) async fn ready(&self) -> OnlineVerifier {
        let online = self.listener();
        online.wait_ready(PATIENCE).await.unwrap();
        eventually("it listens", async || online.feed_counts().connections >= 1).await;
        online
    }

    /// An access token of a new session.
    pub(super) async fn token(&self, node: &Node) -> String {
        text(&self.visitor(node).tokens(&self.deployment).await["access_token"])
    }

    /// The same, signing in with another password.
    pub(super) async fn token_of(&self, node: &Node, password: &str) -> String {
        let mut visitor = self.visitor(node);
        let page = visitor.open(&request(&self.deployment)).await;
        let left = visitor.fill_in(&page, EMAIL, password).await;
        let answer = visitor
            .redeem(&self.deployment.spa, &left.param("code").unwrap())
            .await;
        text(&answer.json()["access_token"])
    }

    /// Two sessions' tokens.
    pub(super) async fn pair(&self, node: &Node) -> Pair {
        let guilty = self.visitor(node).tokens(&self.deployment).await;
        Pair {
            guilty: text(&guilty["access_token"]),
            guilty_refresh: text(&guilty["refresh_token"]),
            innocent: self.token(node).await,
        }
    }

    /// Ends the session of the guilty token.
    pub(super) async fn revoke(&self, pair: &Pair) {
        let sid = text(&claims(&pair.guilty.clone().into())["sid"]);
        sessions::revoke(&self.app, Operator, &sid, Extent::Place)
            .await
            .unwrap();
    }
}

/// A token that will be revoked, and one of the same person's other session that will not.
pub(super) struct Pair {
    pub(super) guilty: String,
    pub(super) guilty_refresh: String,
    pub(super) innocent: String,
}

impl Pair {
    /// Both are good.
    pub(super) async fn pass(&self, online: &OnlineVerifier) {
        for token in [&self.guilty, &self.innocent] {
            until_answer(online, token, "trusted", &["unavailable"]).await;
        }
    }

    /// The guilty token passes for the bound at most, until this answer comes.
    pub(super) async fn pass_at_most(&self, online: &OnlineVerifier, revoked_at: u64, last: &str) {
        let over = async {
            loop {
                let asked_at = now();
                match answer(online, &self.guilty).await.as_str() {
                    "trusted" => assert!(
                        asked_at < revoked_at + bound(),
                        "passed {} ms after it was revoked",
                        asked_at - revoked_at
                    ),
                    said if said == last => return,
                    "revoked" | "unavailable" if last == "either" => return,
                    "unavailable" if last == "revoked" => {}
                    other => panic!("{other}"),
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, over).await.is_ok(),
            "it never was {last}"
        );
    }
}

/// The name of the verifier's answer.
pub(super) async fn answer(online: &OnlineVerifier, token: &str) -> String {
    match online.check(token, now() / 1_000).await {
        Verdict::Trusted(_) => "trusted".to_owned(),
        Verdict::Refused(reject) => reject.name().to_owned(),
        Verdict::NeedKeys(_) => "need_keys".to_owned(),
        Verdict::Unavailable(_) => "unavailable".to_owned(),
        Verdict::AskIssuer(_) => "ask_issuer".to_owned(),
    }
}

/// Waits for an answer; until then only those named may come.
pub(super) async fn until_answer(online: &OnlineVerifier, token: &str, wanted: &str, meanwhile: &[&str]) {
    eventually(wanted, async || {
        let said = answer(online, token).await;
        assert!(
            said == wanted || meanwhile.contains(&said.as_str()),
            "{said} while waiting for {wanted}"
        );
        said == wanted
    })
    .await;
}
