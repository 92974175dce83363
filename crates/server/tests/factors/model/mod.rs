//! Threat 9, walked at random: whatever people do in two browsers and in programs, at three applications, behind the gateway and on the
//! account page, in whatever order, while policies and factors change under them: no code, no token and no way in leaves without the
//! second factor that is due at that moment, proven by that person, in that session.
//!
//! The walk knows what was really typed where ([`people`]) and nothing of how the program remembers it. Every answer of the whole walk
//! passes [`Walk::look`], which redeems each code it meets and stops at the first that came too early; a factor that the program takes
//! although it is not the person's stops it too. The walks are the same every time. `SEKISHO_TEST_SEED` walks others, and
//! `SEKISHO_TEST_WALKS` says how many; a failure says the seed and the shortest walk to it.

mod acts;
mod elsewhere;
mod enters;
mod people;
mod programs;
mod proves;
mod sets_up;

use super::{STRICT, mails};
use crate::browser::{Answer, Browser, claims};
use crate::seed::client;
use crate::site::{API, CALLBACK, EMAIL, ISSUER, Site};
use crate::upstream::{Provider, connect};
use acts::{Act, How, acts};
use people::{Person, Proven, Want};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use sekisho::admin::Actor::Operator;
use sekisho::admin::{clients, gateway};
use sekisho_rules::client::{Client, ClientKind, GrantType};
use sekisho_rules::factor::{ACR_MULTI_FACTOR, FactorKind, MfaPolicy};
use sekisho_rules::upstream::Strategy;
use sekisho_verify::Scope;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The applications, with the policy each begins with.
const CLIENTS: [(&str, Option<MfaPolicy>); 3] = [
    ("plain", None),
    (STRICT, Some(MfaPolicy::Always)),
    ("lenient", Some(MfaPolicy::Never)),
];
/// The account page and the gateway have the policy of the issuer.
const ACCOUNT: usize = 3;
const GATE: usize = 4;
const GATE_ORIGIN: &str = "https://app.example.com";
const JIRO: &str = "jiro@example.com";
/// Who signs in at Google, and who there has the address of somebody here.
const TARO: usize = 2;

/// What a tab waits for.
#[derive(Clone, Copy, Debug)]
struct Asking {
    app: usize,
    several: bool,
    /// The step from which on a login counts.
    since: usize,
}

/// A page of ours and the request behind it.
#[derive(Clone)]
struct Tab {
    page: Answer,
    asking: Asking,
}

/// One browser, and what was really proven in it.
#[derive(Default)]
struct Place {
    jar: BTreeMap<String, String>,
    gate: BTreeMap<String, String>,
    tab: Option<Tab>,
    older: Option<Tab>,
    session: Option<Proven>,
    /// Who wanted to be remembered here.
    remembered: BTreeSet<usize>,
}

/// Tokens that can be refreshed, and what they stand for.
struct Refreshable {
    app: usize,
    token: String,
    proven: Proven,
}

struct Walk {
    site: Option<Site>,
    google: Provider,
    policies: [Option<MfaPolicy>; 5],
    issuer: MfaPolicy,
    places: [Place; 2],
    people: Vec<Person>,
    refreshable: Vec<Refreshable>,
    owing: Vec<programs::Owing>,
    step: usize,
    /// How often each thing was reached: a walk that reaches nothing proves nothing.
    reached: BTreeMap<&'static str, usize>,
}

impl Walk {
    async fn begin(site: Site) -> Self {
        for (id, mfa) in CLIENTS {
            let mut app = Client {
                mfa,
                ..client(id, ClientKind::SinglePage)
            };
            app.grant_types.extend([
                GrantType::Password,
                GrantType::PasswordRealm,
                GrantType::PasswordlessOtp,
                GrantType::MfaOtp,
                GrantType::MfaOob,
                GrantType::MfaRecoveryCode,
                GrantType::WebAuthn,
            ]);
            site.add_client(app).await;
        }
        site.add_user("auth0|jiro", JIRO, "jiro's own good password")
            .await;
        let behind = gateway::NewApp {
            origin: GATE_ORIGIN.to_owned(),
            name: None,
            audience: Some(API.to_owned()),
            scope: Scope::parse("read:notes").unwrap(),
        };
        gateway::add(&site.app, Operator, behind).await.unwrap();
        let google = connect(&site, Strategy::Google).await;
        let hanako = Person::new("auth0|0123456789abcdef01234567", EMAIL);
        let jiro = Person {
            password: Some("jiro's own good password".to_owned()),
            ..Person::new("auth0|jiro", JIRO)
        };
        let taro = Person {
            password: None,
            elsewhere: true,
            ..Person::new("google-oauth2|110169484474386276334", "Taro@Gmail.example")
        };
        let mut walk = Self {
            google,
            site: Some(site),
            policies: [CLIENTS[0].1, CLIENTS[1].1, CLIENTS[2].1, None, None],
            issuer: MfaPolicy::Adaptive,
            places: [Place::default(), Place::default()],
            people: vec![hanako, jiro, taro],
            refreshable: Vec::new(),
            owing: Vec::new(),
            step: 0,
            reached: BTreeMap::new(),
        };
        // Whoever comes from elsewhere has an account from the first time on.
        for act in [
            Act::Ask {
                b: 0,
                c: 0,
                how: How::Plainly,
            },
            Act::Elsewhere { b: 0, p: TARO },
            Act::LogOut { b: 0 },
        ] {
            walk.act(act).await;
        }
        walk.places[0] = Place::default();
        walk.reached.clear();
        walk
    }

    fn site(&self) -> &Site {
        self.site.as_ref().unwrap()
    }

    fn note(&mut self, what: &'static str) {
        *self.reached.entry(what).or_default() += 1;
    }

    /// The person with this number, the newest for a number nobody has.
    fn whom(&self, number: usize) -> usize {
        number.min(self.people.len() - 1)
    }

    async fn get(&mut self, at: usize, path: &str) -> Answer {
        let jar = std::mem::take(&mut self.places[at].jar);
        let mut browser = Browser::new(self.site());
        browser.jar = jar;
        let answer = browser.get(path).await;
        self.places[at].jar = browser.jar;
        answer
    }

    async fn submit(&mut self, at: usize, path: &str, fields: &[(&str, &str)]) -> Answer {
        let jar = std::mem::take(&mut self.places[at].jar);
        let mut browser = Browser::new(self.site());
        browser.jar = jar;
        let answer = browser.submit(path, fields).await;
        self.places[at].jar = browser.jar;
        answer
    }

    /// The cookie of the session: it changes with everything that is proven.
    fn secret(&self, at: usize) -> Option<String> {
        self.places[at].jar.get("__Host-sekisho").cloned()
    }

    /// The tab of this browser, if its page has this mark.
    fn tab(&self, at: usize, mark: &str) -> Option<Tab> {
        let tab = self.places[at].tab.as_ref();
        tab.filter(|tab| tab.page.body.contains(mark)).cloned()
    }

    /// The sign-in page: the one this browser shows, else one that is asked for.
    async fn login_page(&mut self, at: usize) -> Option<Tab> {
        let shown = |walk: &Self| {
            let tab = walk.tab(at, "name=\"password\"")?;
            tab.page.action().starts_with("/u/login").then_some(tab)
        };
        if shown(self).is_none() {
            self.ask(at, self.step % 3, How::ForALogin).await;
        }
        shown(self)
    }

    /// The page with this mark that a second factor is proven or set up on: the one this browser shows, else one that is asked for.
    async fn factor_page(&mut self, at: usize, mark: &str) -> Option<Tab> {
        if self.tab(at, mark).is_none() {
            self.ask(at, self.step % 3, How::ForSeveral).await;
        }
        let tab = self.tab(at, mark)?;
        // A page without a form says that nothing helps here.
        tab.page.body.contains("name=\"csrf\"").then_some(tab)
    }

    /// The six digits that came to this address since `before`.
    async fn mailed(&self, to: &str, before: Option<String>) -> Option<String> {
        let newest = self.newest(to).await?;
        let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        let code = newest.lines().map(str::trim).find(is_code)?.to_owned();
        (Some(newest) != before).then_some(code)
    }

    async fn newest(&self, to: &str) -> Option<String> {
        let mails = mails(self.site()).await;
        mails.into_iter().find(|mail| mail.to == to).map(|mail| mail.text)
    }

    /// What is wanted of the person in this session, right now.
    fn want(&self, at: usize, proven: &Proven, asking: Asking) -> Want {
        Want {
            policy: self.policies[asking.app].unwrap_or(self.issuer),
            several: asking.several,
            remembered: self.places[at].remembered.contains(&proven.who),
        }
    }

    /// Stops unless this browser earned a way in.
    fn earned(&self, at: usize, asking: Asking) -> Proven {
        let proven = self.places[at].session.clone();
        let proven = proven.unwrap_or_else(|| panic!("a code, and nobody signed in: {asking:?}"));
        let want = self.want(at, &proven, asking);
        let owes = self.people[proven.who].owes(&proven, want);
        assert!(
            proven.several() || !owes,
            "a way in too early: {asking:?} {want:?} {proven:?}"
        );
        assert!(
            proven.at >= asking.since,
            "a login of before counted: {asking:?} {proven:?}"
        );
        proven
    }

    /// Follows an answer to its end, and looks at it.
    async fn look(&mut self, at: usize, asking: Asking, mut answer: Answer) {
        while answer.status.is_redirection() {
            let to = answer.location().to_owned();
            if to.starts_with(CALLBACK) {
                return self.code(at, asking, &answer).await;
            }
            if to.starts_with(GATE_ORIGIN) {
                return self.enters_gate(at, asking, &answer).await;
            }
            if to.starts_with(&format!("{ISSUER}account/callback")) && answer.param("code").is_some() {
                self.earned(at, asking);
                self.note("account page");
            }
            if !to.starts_with('/') && !to.starts_with(ISSUER) {
                break;
            }
            answer = self.get(at, &to).await;
        }
        let place = &mut self.places[at];
        place.older = place.tab.take();
        place.tab = Some(Tab { page: answer, asking });
    }

    /// What came back to an application: a code is redeemed, and must have been earned.
    async fn code(&mut self, at: usize, asking: Asking, answer: &Answer) {
        self.places[at].tab = None;
        let Some(code) = answer.param("code") else {
            return self.note("refused silently");
        };
        let proven = self.earned(at, asking);
        let tokens = self.site().redeem(CLIENTS[asking.app].0, &code).await;
        self.told(asking.app, proven, &tokens.json());
    }

    /// Looks at tokens: whose they are, and what they say was proven.
    fn told(&mut self, app: usize, proven: Proven, tokens: &Value) {
        assert!(tokens["id_token"].is_string(), "no tokens: {tokens}");
        let (id, access) = (claims(&tokens["id_token"]), claims(&tokens["access_token"]));
        let who = self.people[proven.who].id.as_str();
        assert_eq!(
            (id["sub"].as_str(), access["sub"].as_str()),
            (Some(who), Some(who))
        );
        let several = proven.several();
        assert_eq!(id["acr"] == ACR_MULTI_FACTOR, several, "{id} {proven:?}");
        let says = id["amr"]
            .as_array()
            .is_some_and(|amr| amr.iter().any(|one| one == "mfa"));
        assert_eq!(says, several, "{id} {proven:?}");
        self.note(if several {
            "tokens of several factors"
        } else {
            "tokens of one factor"
        });
        if let Some(token) = tokens["refresh_token"].as_str() {
            let token = token.to_owned();
            self.refreshable.push(Refreshable { app, token, proven });
        }
    }

    /// A refresh adds nothing to what was proven, takes nothing away, and is nobody else's.
    async fn refresh(&mut self) {
        let Some(held) = self.refreshable.pop() else {
            return;
        };
        let answer = self.site().refresh(CLIENTS[held.app].0, &held.token).await;
        if answer.status.is_success() {
            self.note("refreshed");
            self.told(held.app, held.proven, &answer.json());
        }
    }

    async fn client_policy(&mut self, app: usize, policy: MfaPolicy) {
        let app_row = &self.site().app;
        let mut row = clients::find(app_row, CLIENTS[app].0).await.unwrap();
        row.mfa = Some(policy);
        clients::update(app_row, Operator, row).await.unwrap();
        self.policies[app] = Some(policy);
    }

    /// The setting is read at the start.
    async fn issuer_policy(&mut self, policy: MfaPolicy) {
        let mut site = self.site.take().unwrap();
        let word = policy.word().to_owned();
        site.environment.insert("SEKISHO_MFA_POLICY".to_owned(), word);
        self.site = Some(site.restart().await);
        self.issuer = policy;
    }

    /// An operator takes everything away that a person set up.
    async fn lose_factors(&mut self, who: usize) {
        let id = sekisho_rules::id::UserId::new(&self.people[who].id);
        let kinds = [FactorKind::Totp, FactorKind::Email, FactorKind::RecoveryCode];
        let gone = self.site().app.db.tx(async move |tx| {
            for kind in kinds {
                sekisho_store::factors::delete_kind(tx, &id, kind).await?;
            }
            tx.run(
                "DELETE FROM passkeys WHERE user_id = $1",
                sekisho_store::args![id.as_str()],
            )
            .await
        });
        gone.await.unwrap();
        self.people[who].lose_everything();
    }

    async fn looks_wrong(&mut self) {
        let marked = self.site().app.db.tx(async |tx| {
            tx.run("UPDATE sessions SET risk = 'high'", sekisho_store::args![])
                .await
        });
        marked.await.unwrap();
        for session in self.places.iter_mut().filter_map(|place| place.session.as_mut()) {
            session.risky = true;
        }
    }

    async fn forget_browsers(&mut self, who: usize) {
        let id = sekisho_rules::id::UserId::new(&self.people[who].id);
        let db = &self.site().app.db;
        let forgotten = db.tx(async move |tx| sekisho_store::browsers::ask_again(tx, &id).await);
        forgotten.await.unwrap();
        for place in &mut self.places {
            place.remembered.remove(&who);
        }
    }

    async fn walk(&mut self, acts: Vec<Act>) {
        for act in acts {
            self.step += 1;
            self.act(act).await;
        }
    }
}

/// As many walks as a variable says, of the seed another one says.
fn number(name: &str, usual: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(usual, |said| {
        said.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {said}"))
    })
}

/// Walks, and answers how often each thing was reached.
fn walk(walks: u64, begin: impl AsyncFn() -> Site) -> BTreeMap<&'static str, usize> {
    let seed = number("SEKISHO_TEST_SEED", 9);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases: u32::try_from(number("SEKISHO_TEST_WALKS", walks)).unwrap(),
        failure_persistence: None,
        max_shrink_iters: 96,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let reached = std::cell::RefCell::new(BTreeMap::<&'static str, usize>::new());
    let walked = TestRunner::new_with_rng(config, rng).run(&acts(), |acts| {
        runtime.block_on(async {
            let mut walk = Walk::begin(begin().await).await;
            walk.walk(acts).await;
            for (what, times) in walk.reached {
                *reached.borrow_mut().entry(what).or_default() += times;
            }
        });
        Ok(())
    });
    match walked {
        Ok(()) => {}
        Err(TestError::Fail(why, acts)) => panic!("SEKISHO_TEST_SEED={seed}: {why}\n{acts:?}"),
        Err(TestError::Abort(why)) => panic!("the walks were given up: {why}"),
    }
    reached.into_inner()
}

const SETTINGS: [(&str, &str); 2] = [
    ("SEKISHO_PASSWORDLESS", "on"),
    ("SEKISHO_TRUSTED_PROXIES", "127.0.0.1"),
];

#[test]
fn threat_09_no_walk_reaches_a_token_without_the_factor_that_is_due() {
    let reached = walk(40, async || Site::with(&SETTINGS).await);
    for what in [
        "tokens of one factor",
        "tokens of several factors",
        "refused silently",
        "refreshed",
        "account page",
        "behind the gateway",
        "signed in elsewhere",
        "signed in by mail",
        "signed in with a passkey",
        "signed up",
        "set up",
        "proven",
        "owing",
        "proven by a program",
    ] {
        assert!(reached.contains_key(what), "no walk got to {what}: {reached:?}");
    }
}

#[test]
fn threat_09_no_walk_reaches_a_token_too_early_on_postgres() {
    let reached = walk(6, async || {
        let url = sekisho_test_postgres::fresh_database();
        let database = [
            ("DATABASE_URL", url.as_str()),
            ("SEKISHO_DATABASE_CONNECTIONS", "8"),
        ];
        Site::with(&[&SETTINGS[..], &database].concat()).await
    });
    assert!(reached.contains_key("tokens of several factors"), "{reached:?}");
}
