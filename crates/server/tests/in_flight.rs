//! Codes on their way, machines' tokens and nodes whose clocks differ by a second, in any order with what ends them: what each node's
//! own verifier says, once it has applied the feed, is what a small model says, and so is what the rows say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::agreement::of_subject;
use crate::browser::claims;
use crate::seed::client;
use crate::site::{API, PASSWORD, SECRET, Site, authorize};
use axum::http::StatusCode;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sekisho::admin::Actor::Operator;
use sekisho::admin::restore::{self, Why};
use sekisho::admin::sessions::{self, Extent};
use sekisho::admin::{clients, users};
use sekisho_rules::client::ClientKind;
use sekisho_store::revocations;
use serde_json::{Value, json};

const APPS: [&str; 2] = ["web", "spa"];
const SCOPE: [(&str, &str); 2] = [("scope", "openid offline_access read:notes"), ("audience", API)];
/// Longer than any `nbf` lies ahead of the clock of a node that is a second behind, in seconds.
const NBF_PASSES: i64 = 4;
const PATIENCE: Duration = Duration::from_secs(30);

/// What may happen. Numbers choose among what there is.
#[derive(Clone, Copy, Debug)]
enum Step {
    SignIn(usize),
    /// Another application, in a browser that is signed in.
    Silent(usize, usize),
    Redeem(usize),
    Refresh(usize),
    Machine,
    LogOut(usize),
    EndPlace(usize),
    GiveBack(usize),
    GiveBackGrant(usize),
    EndUser,
    EndApp(usize),
    EndMachine,
    EndAll,
    Pass(i64),
}

fn step() -> impl Strategy<Value = (Step, usize)> {
    let any = 0..64_usize;
    let what = prop_oneof![
        4 => any.clone().prop_map(Step::SignIn),
        2 => (any.clone(), any.clone()).prop_map(|(browser, app)| Step::Silent(browser, app)),
        5 => any.clone().prop_map(Step::Redeem),
        4 => any.clone().prop_map(Step::Refresh),
        2 => Just(Step::Machine),
        1 => any.clone().prop_map(Step::LogOut),
        1 => any.clone().prop_map(Step::EndPlace),
        1 => any.clone().prop_map(Step::GiveBack),
        1 => any.clone().prop_map(Step::GiveBackGrant),
        1 => Just(Step::EndUser),
        1 => any.clone().prop_map(Step::EndApp),
        1 => Just(Step::EndMachine),
        1 => Just(Step::EndAll),
        2 => prop_oneof![Just(1), Just(3), Just(90)].prop_map(Step::Pass),
    ];
    (what, 0..2_usize)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Alive,
    Dead,
}

struct Place {
    jar: BTreeMap<String, String>,
    /// Known once a token has said it.
    sid: Option<String>,
    state: State,
}

struct Code {
    text: String,
    place: usize,
    app: usize,
    /// When it is too old, by the first node's clock, in milliseconds.
    until: i64,
    state: State,
}

struct Grant {
    place: usize,
    app: usize,
    refresh: String,
    state: State,
}

struct Token {
    text: Value,
    /// `None`: the machine's.
    grant: Option<usize>,
    place: Option<usize>,
    state: State,
}

/// What should be, of one person.
#[derive(Default)]
struct Model {
    places: Vec<Place>,
    codes: Vec<Code>,
    grants: Vec<Grant>,
    tokens: Vec<Token>,
}

impl Model {
    fn grew(&mut self, grant: usize, answer: &Value) {
        let place = self.grants[grant].place;
        let sid = claims(&answer["access_token"])["sid"].as_str().map(str::to_owned);
        self.grants[grant].refresh = answer["refresh_token"].as_str().unwrap().to_owned();
        assert_eq!(
            sid.is_some(),
            self.places[place].state == State::Alive,
            "a session that is over is not named any more"
        );
        let named = sid.is_some().then_some(place);
        if sid.is_some() {
            self.places[place].sid = sid;
        }
        self.tokens.push(Token {
            text: answer["access_token"].clone(),
            grant: Some(grant),
            place: named,
            state: State::Alive,
        });
    }

    fn end_place(&mut self, place: usize) {
        self.places[place].state = State::Dead;
        for code in self.codes.iter_mut().filter(|code| code.place == place) {
            code.state = State::Dead;
        }
        for token in self.tokens.iter_mut().filter(|token| token.place == Some(place)) {
            token.state = State::Dead;
        }
    }

    fn end_grants(&mut self, which: impl Fn(&Grant) -> bool) {
        for (at, grant) in self.grants.iter_mut().enumerate() {
            if which(grant) {
                grant.state = State::Dead;
                for token in self.tokens.iter_mut().filter(|token| token.grant == Some(at)) {
                    token.state = State::Dead;
                }
            }
        }
    }

    fn end_machine(&mut self) {
        for token in self.tokens.iter_mut().filter(|token| token.grant.is_none()) {
            token.state = State::Dead;
        }
    }

    fn end_person(&mut self) {
        for place in 0..self.places.len() {
            self.end_place(place);
        }
        self.end_grants(|_| true);
    }
}

/// Two nodes of one database; what is `ahead` is the second's clock before the first's, in milliseconds.
struct World {
    nodes: [Site; 2],
    people: usize,
}

impl World {
    async fn open(ahead: i64) -> Self {
        let one = Site::on_postgres().await;
        one.add_client(client("asker", ClientKind::Machine)).await;
        one.allow("asker", API, "read:notes").await;
        let clock = Arc::new(AtomicI64::new(one.clock.load(Ordering::SeqCst) + ahead));
        let two = Site::open(one.environment.clone(), clock, tempfile::tempdir().unwrap()).await;
        Self {
            nodes: [one, two],
            people: 0,
        }
    }

    /// Codes live for a minute; clocks that differ must not matter here.
    fn code_until(&self) -> i64 {
        self.nodes[0].now().millis() + 60_000
    }

    fn pass(&self, seconds: i64) {
        for node in &self.nodes {
            node.pass(seconds);
        }
    }

    /// Runs the steps for a person of their own, and compares.
    async fn run(&mut self, steps: &[(Step, usize)]) {
        self.people += 1;
        let email = format!("person{}@example.com", self.people);
        self.nodes[0]
            .add_user(&format!("auth0|{:024x}", self.people), &email, PASSWORD)
            .await;
        let mut model = Model::default();
        for (step, node) in steps {
            self.step(&mut model, *step, *node, &email).await;
        }
        self.compare(&model).await;
        self.pass(NBF_PASSES);
    }

    async fn step(&self, model: &mut Model, step: Step, node: usize, email: &str) {
        let here = &self.nodes[node];
        let app = &here.app;
        match step {
            Step::SignIn(which) => {
                let which = which % APPS.len();
                let mut browser = here.browser();
                let page = browser.open(&authorize(APPS[which], &SCOPE)).await;
                let left = browser.log_in(&page, email, PASSWORD).await;
                // It let a second pass on its own node.
                self.nodes[1 - node].pass(1);
                model.places.push(Place {
                    jar: browser.jar.clone(),
                    sid: None,
                    state: State::Alive,
                });
                model.codes.push(Code {
                    text: left.param("code").unwrap(),
                    place: model.places.len() - 1,
                    app: which,
                    until: self.code_until(),
                    state: State::Alive,
                });
            }
            Step::Silent(place, which) if !model.places.is_empty() => {
                let (place, which) = (place % model.places.len(), which % APPS.len());
                let mut browser = here.browser();
                browser.jar.clone_from(&model.places[place].jar);
                let silent = [SCOPE.as_slice(), &[("prompt", "none")]].concat();
                let left = browser.get(&authorize(APPS[which], &silent)).await;
                let code = left.param("code");
                assert_eq!(code.is_some(), model.places[place].state == State::Alive);
                if let Some(text) = code {
                    model.codes.push(Code {
                        text,
                        place,
                        app: which,
                        until: self.code_until(),
                        state: State::Alive,
                    });
                }
            }
            Step::Redeem(code) if !model.codes.is_empty() => {
                let at = code % model.codes.len();
                let code = model.codes.swap_remove(at);
                let answer = here.redeem(APPS[code.app], &code.text).await;
                let good = code.state == State::Alive && self.nodes[0].now().millis() < code.until;
                assert_eq!(answer.status == StatusCode::OK, good, "{}", answer.body);
                if good {
                    model.grants.push(Grant {
                        place: code.place,
                        app: code.app,
                        refresh: String::new(),
                        state: State::Alive,
                    });
                    model.grew(model.grants.len() - 1, &answer.json());
                }
            }
            Step::Refresh(grant) if !model.grants.is_empty() => {
                let at = grant % model.grants.len();
                let grant = &model.grants[at];
                let answer = here.refresh(APPS[grant.app], &grant.refresh).await;
                assert_eq!(answer.status == StatusCode::OK, grant.state == State::Alive);
                if grant.state == State::Alive {
                    model.grew(at, &answer.json());
                }
            }
            Step::Machine => {
                let fields = [("grant_type", "client_credentials"), ("audience", API)];
                let answer = here
                    .post("/oauth/token", Some(("machine", SECRET)), &fields)
                    .await;
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
                model.tokens.push(Token {
                    text: answer.json()["access_token"].clone(),
                    grant: None,
                    place: None,
                    state: State::Alive,
                });
            }
            Step::LogOut(place) if !model.places.is_empty() => {
                let place = place % model.places.len();
                let mut browser = here.browser();
                browser.jar.clone_from(&model.places[place].jar);
                browser.get("/v2/logout").await;
                model.end_place(place);
            }
            Step::EndPlace(place) if !model.places.is_empty() => {
                let place = place % model.places.len();
                if let Some(sid) = &model.places[place].sid {
                    sessions::revoke(app, Operator, sid, Extent::Place).await.unwrap();
                    model.end_place(place);
                    model.end_grants(|grant| grant.place == place);
                }
            }
            Step::GiveBack(token) if !model.tokens.is_empty() => {
                let at = token % model.tokens.len();
                let token = &mut model.tokens[at];
                let owner = token
                    .grant
                    .map_or("machine", |grant| APPS[model.grants[grant].app]);
                give_back(here, owner, token.text.as_str().unwrap()).await;
                token.state = State::Dead;
            }
            Step::GiveBackGrant(grant) if !model.grants.is_empty() => {
                let at = grant % model.grants.len();
                let given = model.grants[at].refresh.clone();
                give_back(here, APPS[model.grants[at].app], &given).await;
                model.end_grants(|grant| grant.refresh == given);
            }
            Step::EndUser => {
                let user = users::find(app, email).await.unwrap();
                users::log_out(app, Operator, &user).await.unwrap();
                model.end_person();
                self.pass(NBF_PASSES);
            }
            Step::EndApp(which) => {
                let which = which % APPS.len();
                let ended = clients::find(app, APPS[which]).await.unwrap();
                clients::revoke(app, Operator, &ended).await.unwrap();
                model.end_grants(|grant| grant.app == which);
                for code in model.codes.iter_mut().filter(|code| code.app == which) {
                    code.state = State::Dead;
                }
                self.pass(NBF_PASSES);
            }
            Step::EndMachine => {
                let ended = clients::find(app, "machine").await.unwrap();
                clients::revoke(app, Operator, &ended).await.unwrap();
                model.end_machine();
                self.pass(NBF_PASSES);
            }
            Step::EndAll => {
                restore::everything(app, Operator, Why::RedButton).await.unwrap();
                model.end_person();
                model.end_machine();
                self.pass(NBF_PASSES);
            }
            Step::Pass(seconds) => self.pass(seconds),
            // There is nothing yet that it could happen to.
            _ => {}
        }
    }

    /// Rows and both nodes' verifiers against the model.
    async fn compare(&self, model: &Model) {
        let head = revocations::head(&self.nodes[0].app.db).await.unwrap().seq;
        for node in &self.nodes {
            let applied = async {
                while node.app.feed.revocations().position().unwrap().seq < head {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(PATIENCE, applied).await.unwrap();
        }
        for token in &model.tokens {
            let dead = token.state == State::Dead;
            for node in &self.nodes {
                let revoked = of_subject(&token.text, |subject| {
                    node.app.feed.is_revoked(subject, node.now())
                });
                assert_eq!(revoked, Some(dead), "verifier: {}", claims(&token.text));
            }
            let fields = [("token", token.text.as_str().unwrap())];
            let said = self.nodes[1]
                .post("/oauth/introspect", Some(("asker", SECRET)), &fields)
                .await;
            assert_eq!(
                said.json()["active"],
                json!(!dead),
                "rows: {}",
                claims(&token.text)
            );
        }
    }
}

async fn give_back(here: &Site, owner: &str, token: &str) {
    let basic = (owner != "spa").then_some((owner, SECRET));
    let fields = [("client_id", owner), ("token", token)];
    let answer = here.post("/oauth/revoke", basic, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

/// Many short runs, the same ones each time; what fails is made smaller before it is told.
fn with_clocks_apart(ahead: i64) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::open(ahead));
    let world = std::cell::RefCell::new(world);
    let config = Config {
        cases: 24,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..Config::default()
    };
    let dice = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, dice)
        .run(&prop::collection::vec(step(), 6..20), |steps| {
            runtime.block_on(world.borrow_mut().run(&steps));
            Ok(())
        })
        .unwrap();
}

#[test]
fn threat_31_codes_and_machines_tokens_end_with_what_they_come_from() {
    with_clocks_apart(0);
}

#[test]
fn threat_31_a_node_whose_clock_is_a_second_ahead_neither_spares_nor_harms() {
    with_clocks_apart(1000);
}

#[test]
fn threat_31_a_node_whose_clock_is_a_second_behind_neither_spares_nor_harms() {
    with_clocks_apart(-1000);
}
