//! Mints, refreshes and revocations in many orders, on two nodes: no token survives its revocation, and no innocent one is refused.
//! What is expected is kept in a small model beside the real thing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::agreement::{is_hit_by, records};
use crate::browser::claims;
use crate::seed::client;
use crate::site::{API, EMAIL, PASSWORD, SECRET, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::restore::{self, Why};
use sekisho::admin::sessions::{self, Extent};
use sekisho::admin::{clients, users};
use sekisho_rules::client::ClientKind;
use serde_json::Value;

engines!(
    threat_31_no_order_of_events_lets_a_token_survive_or_refuses_an_innocent_one,
    threat_31_what_races_a_revocation_is_dead_to_rows_and_records_alike,
);

const PEOPLE: [&str; 2] = [EMAIL, "taro@example.com"];
const APPS: [&str; 2] = ["web", "spa"];
const SCOPE: [(&str, &str); 2] = [("scope", "openid offline_access read:notes"), ("audience", API)];

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Alive,
    Dead,
}

struct Token {
    text: Value,
    grant: usize,
    /// The session it names.
    sid: Option<String>,
    state: State,
}

struct Grant {
    person: usize,
    app: usize,
    born_in: String,
    refresh: String,
    state: State,
}

/// What should be.
#[derive(Default)]
struct Model {
    tokens: Vec<Token>,
    grants: Vec<Grant>,
    log: Vec<String>,
}

/// Numbers that look random and are the same in every run (a linear congruential generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

impl Model {
    fn grow(&mut self, grant: usize, answer: &Value) {
        let said = claims(&answer["access_token"]);
        self.grants[grant].refresh = text(&answer["refresh_token"]).to_owned();
        self.tokens.push(Token {
            text: answer["access_token"].clone(),
            grant,
            sid: said["sid"].as_str().map(str::to_owned),
            state: State::Alive,
        });
    }

    fn kill_grants(&mut self, which: impl Fn(&Grant) -> bool) {
        for at in 0..self.grants.len() {
            if which(&self.grants[at]) {
                self.grants[at].state = State::Dead;
                for token in self.tokens.iter_mut().filter(|token| token.grant == at) {
                    token.state = State::Dead;
                }
            }
        }
    }

    fn kill_session(&mut self, sid: &str) {
        for token in self
            .tokens
            .iter_mut()
            .filter(|token| token.sid.as_deref() == Some(sid))
        {
            token.state = State::Dead;
        }
    }
}

async fn prepared(site: &Site) {
    site.add_client(client("asker", ClientKind::Machine)).await;
    site.allow("asker", API, "read:notes").await;
    site.add_user("auth0|000000000000000000000002", PEOPLE[1], PASSWORD)
        .await;
}

async fn sign_in(site: &Site, person: &str, app: &str) -> Value {
    let mut browser = site.browser();
    let page = browser.open(&authorize(app, &SCOPE)).await;
    let code = browser
        .log_in(&page, person, PASSWORD)
        .await
        .param("code")
        .unwrap();
    let answer = site.redeem(app, &code).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()
}

async fn is_active(site: &Site, token: &Value) -> bool {
    let fields = [("token", text(token))];
    let asked = site
        .post("/oauth/introspect", Some(("asker", SECRET)), &fields)
        .await;
    asked.json()["active"].as_bool().unwrap()
}

/// One step of a run; `here` is the node it happens at.
async fn step(model: &mut Model, dice: &mut Dice, here: &Site) {
    let app = &here.app;
    let token = match model.tokens.len() {
        0 => None,
        count => Some(dice.below(count)),
    };
    let (person, application) = (dice.below(PEOPLE.len()), dice.below(APPS.len()));
    let choice = dice.below(20);
    model.log.push(format!(
        "{choice} person {person} app {application} token {token:?}"
    ));
    match (choice, token) {
        (0..=4, _) | (_, None) => {
            let answer = sign_in(here, PEOPLE[person], APPS[application]).await;
            let sid = text(&claims(&answer["access_token"])["sid"]).to_owned();
            model.grants.push(Grant {
                person,
                app: application,
                born_in: sid,
                refresh: String::new(),
                state: State::Alive,
            });
            model.grow(model.grants.len() - 1, &answer);
        }
        (5..=9, Some(token)) => {
            let at = model.tokens[token].grant;
            let grant = &model.grants[at];
            let answer = here.refresh(APPS[grant.app], &grant.refresh).await;
            let expected = if grant.state == State::Alive {
                StatusCode::OK
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(answer.status, expected, "{} {:#?}", answer.body, model.log);
            if answer.status == StatusCode::OK {
                model.grow(at, &answer.json());
            }
        }
        (10 | 11, Some(token)) => {
            let born_in = model.grants[model.tokens[token].grant].born_in.clone();
            sessions::revoke(app, Operator, &born_in, Extent::Session)
                .await
                .unwrap();
            model.kill_session(&born_in);
        }
        (12, Some(token)) => {
            let born_in = model.grants[model.tokens[token].grant].born_in.clone();
            sessions::revoke(app, Operator, &born_in, Extent::Place)
                .await
                .unwrap();
            model.kill_session(&born_in);
            model.kill_grants(|grant| grant.born_in == born_in);
        }
        (13 | 14, Some(token)) => {
            let application = APPS[model.grants[model.tokens[token].grant].app];
            let basic = (application == "web").then_some((application, SECRET));
            let fields = [
                ("client_id", application),
                ("token", text(&model.tokens[token].text)),
            ];
            here.post("/oauth/revoke", basic, &fields).await;
            model.tokens[token].state = State::Dead;
        }
        (15, Some(token)) => {
            let at = model.tokens[token].grant;
            let application = APPS[model.grants[at].app];
            let basic = (application == "web").then_some((application, SECRET));
            let fields = [
                ("client_id", application),
                ("token", model.grants[at].refresh.as_str()),
            ];
            here.post("/oauth/revoke", basic, &fields).await;
            let born = model.grants[at].refresh.clone();
            model.kill_grants(|grant| grant.refresh == born);
        }
        (16 | 17, Some(_)) => {
            let user = users::find(app, PEOPLE[person]).await.unwrap();
            users::log_out(app, Operator, &user).await.unwrap();
            model.kill_grants(|grant| grant.person == person);
            here.pass(1);
        }
        (18, Some(_)) => {
            let client = clients::find(app, APPS[application]).await.unwrap();
            clients::revoke(app, Operator, &client).await.unwrap();
            model.kill_grants(|grant| grant.app == application);
            here.pass(3);
        }
        (_, Some(_)) => {
            restore::everything(app, Operator, Why::RedButton).await.unwrap();
            model.kill_grants(|_| true);
            here.pass(3);
        }
    }
    if dice.below(3) == 0 {
        here.pass(1);
    }
}

async fn threat_31_no_order_of_events_lets_a_token_survive_or_refuses_an_innocent_one(site: Site) {
    prepared(&site).await;
    let (mut site, mut other) = (site, None);
    for seed in 1..=5 {
        let (mut model, mut dice) = (Model::default(), Dice(seed));
        for _ in 0..16 {
            let node = match dice.below(3) {
                0 => &*other.insert(site.second_node().await),
                _ => &site,
            };
            step(&mut model, &mut dice, node).await;
            let told = records(&site).await;
            for token in &model.tokens {
                let dead = token.state == State::Dead;
                assert_eq!(
                    is_hit_by(&told, &site, &token.text),
                    dead,
                    "records: {:#?}",
                    model.log
                );
                assert_eq!(
                    is_active(&site, &token.text).await,
                    !dead,
                    "rows: {:#?}",
                    model.log
                );
            }
        }
        site = site.restart().await;
        let told = records(&site).await;
        for token in &model.tokens {
            assert_eq!(
                is_hit_by(&told, &site, &token.text),
                token.state == State::Dead,
                "{:#?}",
                model.log
            );
        }
        // Sessions of one run must not meet those of the next.
        site.pass(400);
    }
}

/// Lets the story's clock go on with the machine's until it is dropped.
struct Ticking(Arc<AtomicBool>);

impl Ticking {
    fn start(site: &Site) -> Self {
        let (running, clock) = (Arc::new(AtomicBool::new(true)), Arc::clone(&site.clock));
        let on = Arc::clone(&running);
        tokio::spawn(async move {
            let mut each = tokio::time::interval(Duration::from_millis(10));
            while on.load(Ordering::SeqCst) {
                each.tick().await;
                clock.fetch_add(10, Ordering::SeqCst);
            }
        });
        Self(running)
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

async fn threat_31_what_races_a_revocation_is_dead_to_rows_and_records_alike(site: Site) {
    prepared(&site).await;
    let ticking = Ticking::start(&site);
    let nodes = [Arc::new(site.second_node().await), Arc::new(site)];
    for round in 0..4 {
        let user = users::find(&nodes[0].app, EMAIL).await.unwrap();
        let mut racing = tokio::task::JoinSet::new();
        for runner in 0..6 {
            let here = Arc::clone(&nodes[runner % 2]);
            racing.spawn(async move {
                let app = APPS[runner % 2];
                let mut held = Vec::new();
                let mut browser = here.browser();
                let page = browser.open(&authorize(app, &SCOPE)).await;
                let answer = browser.log_in(&page, EMAIL, PASSWORD).await;
                // A login that the revocation overtook is refused.
                if !answer.status.is_redirection() {
                    return held;
                }
                let Some(code) = answer.param("code") else {
                    return held;
                };
                let mut answer = here.redeem(app, &code).await;
                for _ in 0..4 {
                    // 503: it waited for a `nbf` that the story's clock had not reached yet.
                    if answer.status != StatusCode::OK {
                        return held;
                    }
                    let tokens = answer.json();
                    held.push(tokens["access_token"].clone());
                    answer = here.refresh(app, text(&tokens["refresh_token"])).await;
                }
                held
            });
        }
        let ending = Arc::clone(&nodes[round % 2]);
        racing.spawn(async move {
            tokio::task::yield_now().await;
            match round % 2 {
                0 => users::log_out(&ending.app, Operator, &user).await.unwrap(),
                _ => {
                    let client = clients::find(&ending.app, APPS[0]).await.unwrap();
                    clients::revoke(&ending.app, Operator, &client).await.unwrap();
                }
            }
            Vec::new()
        });
        let mut held = Vec::new();
        while let Some(done) = racing.join_next().await {
            held.extend(done.unwrap());
        }
        let told = records(&nodes[0]).await;
        for token in &held {
            let active = is_active(&nodes[0], token).await;
            assert_eq!(
                is_hit_by(&told, &nodes[0], token),
                !active,
                "round {round}: {}",
                claims(token)
            );
        }
    }
    drop(ticking);
}
