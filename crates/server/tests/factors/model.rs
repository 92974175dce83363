//! Threat 9, walked at random: whatever a person does at two browsers and three applications, in whatever order, no code and no token
//! leaves without the second factor that was due.
//!
//! The walk knows what was really typed where, and nothing of how the program remembers it; [`Walk::due`] says in a few lines when a
//! second factor is due. Every answer of the whole walk passes [`Walk::look`], which stops at the first code that came too early.

use super::{Phone, STRICT, add_strict, fill, home, mail_about, onward, recovery_codes};
use crate::browser::{Answer, Browser, claims};
use crate::seed::client;
use crate::site::{CALLBACK, EMAIL, PASSWORD, Site, authorize};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sekisho_rules::client::{Client, ClientKind};
use sekisho_rules::factor::{ACR_MULTI_FACTOR, FactorKind, MfaPolicy};
use sekisho_rules::id::UserId;
use sekisho_store::factors;

const USER: &str = "auth0|0123456789abcdef01234567";
const LENIENT: &str = "lenient";
const CLIENTS: [&str; 3] = ["spa", STRICT, LENIENT];

/// What somebody does next. The first number names the browser, the second the application.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ask(usize, usize),
    AskForSeveral(usize, usize),
    AskAgain(usize, usize),
    Silent(usize, usize),
    SilentForSeveral(usize, usize),
    LogIn(usize),
    RightCode(usize),
    RightCodeAndRemember(usize),
    WrongCode(usize),
    RecoveryCode(usize),
    SetUp(usize),
    Resume(usize),
    SkipAhead(usize),
    ResetPassword(usize),
    Account(usize),
    LogOut(usize),
    Refresh,
    LoseFactors,
    LooksWrong,
    Wait,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (b, c) = (0_usize..2, 0_usize..3);
    let act = prop_oneof![
        4 => (b.clone(), c.clone()).prop_map(|(b, c)| Act::Ask(b, c)),
        2 => (b.clone(), c.clone()).prop_map(|(b, c)| Act::AskForSeveral(b, c)),
        1 => (b.clone(), c.clone()).prop_map(|(b, c)| Act::AskAgain(b, c)),
        2 => (b.clone(), c.clone()).prop_map(|(b, c)| Act::Silent(b, c)),
        1 => (b.clone(), c).prop_map(|(b, c)| Act::SilentForSeveral(b, c)),
        5 => b.clone().prop_map(Act::LogIn),
        3 => b.clone().prop_map(Act::RightCode),
        2 => b.clone().prop_map(Act::RightCodeAndRemember),
        2 => b.clone().prop_map(Act::WrongCode),
        1 => b.clone().prop_map(Act::RecoveryCode),
        4 => b.clone().prop_map(Act::SetUp),
        2 => b.clone().prop_map(Act::Resume),
        2 => b.clone().prop_map(Act::SkipAhead),
        1 => b.clone().prop_map(Act::ResetPassword),
        2 => b.clone().prop_map(Act::Account),
        2 => b.prop_map(Act::LogOut),
        2 => Just(Act::Refresh),
        1 => Just(Act::LoseFactors),
        1 => Just(Act::LooksWrong),
        1 => Just(Act::Wait),
    ];
    proptest::collection::vec(act, 10..40)
}

/// One browser, and what was really proven in it.
struct Place<'a> {
    browser: Browser<'a>,
    page: Option<Answer>,
    /// The application that waits, and whether it asked for several factors.
    waits: Option<(&'static str, bool)>,
    second: bool,
    risky: bool,
    remembered: bool,
}

struct Walk<'a> {
    site: &'a Site,
    places: Vec<Place<'a>>,
    phone: Option<Phone>,
    codes: Vec<String>,
    password: String,
    refreshable: Vec<(&'static str, String, bool)>,
    made: usize,
}

impl<'a> Walk<'a> {
    fn new(site: &'a Site) -> Self {
        let place = || Place {
            browser: site.browser(),
            page: None,
            waits: None,
            second: false,
            risky: false,
            remembered: false,
        };
        Self {
            site,
            places: vec![place(), place()],
            phone: None,
            codes: Vec::new(),
            password: PASSWORD.to_owned(),
            refreshable: Vec::new(),
            made: 0,
        }
    }

    /// The oracle.
    fn due(&self, place: &Place<'_>, client: &str, several: bool) -> bool {
        let at_ease = place.remembered && !place.risky;
        match client {
            _ if several => true,
            LENIENT => false,
            _ if at_ease => false,
            STRICT => true,
            _ => self.phone.is_some() || place.risky,
        }
    }

    /// Follows an answer to its end, and looks at it: a code is redeemed, and must have been earned.
    async fn look(&mut self, at: usize, answer: Answer) {
        let answer = self.places[at].browser.follow(answer).await;
        if answer.status.is_redirection() && answer.location().starts_with(CALLBACK) {
            let place = &self.places[at];
            let (client, several) = place.waits.unwrap();
            if let Some(code) = answer.param("code") {
                let due = self.due(place, client, several);
                assert!(
                    place.second || !due,
                    "{client} got a code too early (several: {several})"
                );
                let (second, tokens) = (place.second, self.site.redeem(client, &code).await.json());
                let said = claims(&tokens["id_token"]);
                assert_eq!(
                    said["acr"] == ACR_MULTI_FACTOR,
                    second,
                    "the ID token says what was proven"
                );
                self.made += 1;
                if let Some(token) = tokens["refresh_token"].as_str() {
                    self.refreshable.push((client, token.to_owned(), second));
                }
            }
            self.places[at].page = None;
        } else {
            self.places[at].page = Some(answer);
        }
    }

    async fn ask(&mut self, at: usize, client: usize, extra: &[(&str, &str)]) {
        let client = CLIENTS[client];
        let several = extra.iter().any(|(name, _)| *name == "acr_values");
        self.places[at].waits = Some((client, several));
        self.site.pass(1);
        let mut all = vec![("scope", "openid offline_access"), ("audience", crate::site::API)];
        all.extend(extra);
        let answer = self.places[at].browser.get(&authorize(client, &all)).await;
        self.look(at, answer).await;
    }

    /// Fills in the page this browser shows, if it has this field.
    async fn fill(&mut self, at: usize, mark: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        let place = &mut self.places[at];
        let page = place.page.take().filter(|page| page.body.contains(mark))?;
        Some(fill(&mut place.browser, &page, fields).await)
    }

    async fn log_in(&mut self, at: usize) {
        let password = self.password.clone();
        let fields = [("email", EMAIL), ("password", password.as_str())];
        if let Some(answer) = self.fill(at, "name=\"password\"", &fields).await {
            if answer.status.is_redirection() {
                let place = &mut self.places[at];
                (place.second, place.risky) = (false, false);
            }
            self.look(at, answer).await;
        }
    }

    async fn right_code(&mut self, at: usize, remember: bool) {
        let Some(phone) = self.phone.clone() else { return };
        self.site.pass(60);
        let code = phone.code(self.site);
        let mut fields = vec![("kind", "otp"), ("code", code.as_str())];
        fields.extend(remember.then_some(("remember", "yes")));
        if let Some(answer) = self.fill(at, "Confirm it’s you", &fields).await {
            if answer.status.is_redirection() {
                self.places[at].second = true;
                self.places[at].remembered |= remember;
            }
            self.look(at, answer).await;
        }
    }

    async fn recovery_code(&mut self, at: usize) {
        let Some(code) = self.codes.pop() else { return };
        let fields = [("kind", "recovery-code"), ("code", code.as_str())];
        let Some(answer) = self.fill(at, "Confirm it’s you", &fields).await else {
            self.codes.push(code);
            return;
        };
        if answer.body.contains("Recovery code accepted") {
            self.places[at].second = true;
            let next = self.places[at].browser.get(&onward(&answer)).await;
            self.look(at, next).await;
        }
    }

    async fn set_up(&mut self, at: usize) {
        let shown = self.places[at]
            .page
            .as_ref()
            .filter(|page| page.body.contains("id=\"secret\""));
        let Some(phone) = shown.map(Phone::scan) else {
            return;
        };
        let code = phone.code(self.site);
        let Some(answer) = self.fill(at, "id=\"secret\"", &[("code", &code)]).await else {
            return;
        };
        if answer.body.contains("id=\"codes\"") {
            assert!(self.phone.is_none(), "a second phone with the password alone");
            (self.phone, self.codes) = (Some(phone), recovery_codes(&answer));
            self.places[at].second = true;
            let next = self.places[at].browser.get(&onward(&answer)).await;
            self.look(at, next).await;
        } else {
            self.look(at, answer).await;
        }
    }

    async fn reset_password(&mut self, at: usize) {
        // So that the limit of mails to an address is not met.
        self.site.pass(901);
        let place = &mut self.places[at];
        place.browser.submit("/u/reset", &[("email", EMAIL)]).await;
        let mail = mail_about(self.site, "Choose a new password").await;
        let link = mail
            .text
            .lines()
            .find(|line| line.starts_with("https://"))
            .unwrap();
        let page = place.browser.get(link).await;
        if !page.body.contains("name=\"ticket\"") {
            return;
        }
        let (ticket, chosen) = (
            page.hidden("ticket"),
            format!("Kirschkernweitspucken-{}", self.site.now().millis()),
        );
        let fields = [("ticket", ticket.as_str()), ("password", &chosen)];
        let answer = place.browser.submit("/u/password", &fields).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        self.password = chosen;
        for (other, place) in self.places.iter_mut().enumerate() {
            place.second = false;
            place.risky = false;
            if other != at {
                place.page = None;
            }
        }
        self.refreshable.clear();
    }

    async fn account(&mut self, at: usize) {
        // The page itself is an application whose users have the issuer's policy.
        let place = &mut self.places[at];
        place.waits = Some(("spa", false));
        // Whoever is inside stays inside until the session ends: the way in is what is looked at.
        place.browser.jar.remove("__Host-sekisho-account");
        let answer = place.browser.open("/account").await;
        let answer = home(&mut place.browser, answer).await;
        let entered = answer.status.is_success() && answer.body.contains("Where you are signed in");
        let place = &self.places[at];
        if entered {
            assert!(
                place.second || !self.due(place, "spa", false),
                "the account page opened too early"
            );
        }
        self.places[at].page = None;
    }

    async fn looks_wrong(&mut self) {
        let marked = self.site.app.db.tx(async |tx| {
            tx.run("UPDATE sessions SET risk = 'high'", sekisho_store::args![])
                .await
        });
        marked.await.unwrap();
        for place in &mut self.places {
            place.risky = true;
        }
    }

    async fn step(&mut self, act: Act) {
        let several = ("acr_values", ACR_MULTI_FACTOR);
        match act {
            Act::Ask(at, client) => self.ask(at, client, &[]).await,
            Act::AskForSeveral(at, client) => self.ask(at, client, &[several]).await,
            Act::AskAgain(at, client) => self.ask(at, client, &[("prompt", "login")]).await,
            Act::Silent(at, client) => self.ask(at, client, &[("prompt", "none")]).await,
            Act::SilentForSeveral(at, client) => self.ask(at, client, &[("prompt", "none"), several]).await,
            Act::LogIn(at) => self.log_in(at).await,
            Act::RightCode(at) => self.right_code(at, false).await,
            Act::RightCodeAndRemember(at) => self.right_code(at, true).await,
            Act::WrongCode(at) => {
                if let Some(answer) = self.fill(at, "Confirm it’s you", &[("code", "000000")]).await {
                    self.look(at, answer).await;
                }
            }
            Act::RecoveryCode(at) => self.recovery_code(at).await,
            Act::SetUp(at) => self.set_up(at).await,
            Act::Resume(at) | Act::SkipAhead(at) => {
                let shown = self.places[at]
                    .page
                    .as_ref()
                    .filter(|page| page.body.contains("name=\"state\""));
                let Some(state) = shown.map(|page| page.hidden("state")) else {
                    return;
                };
                let path = match act {
                    Act::Resume(_) => "/authorize/resume",
                    _ => "/u/enrol",
                };
                let answer = self.places[at]
                    .browser
                    .get(&format!("{path}?state={state}"))
                    .await;
                self.look(at, answer).await;
            }
            Act::ResetPassword(at) => self.reset_password(at).await,
            Act::Account(at) => self.account(at).await,
            Act::LogOut(at) => {
                let place = &mut self.places[at];
                place.browser.get("/v2/logout").await;
                (place.page, place.second, place.risky) = (None, false, false);
            }
            Act::Refresh => {
                let Some((client, token, second)) = self.refreshable.pop() else {
                    return;
                };
                let tokens = self.site.refresh(client, &token).await.json();
                if tokens["id_token"].is_string() {
                    let said = claims(&tokens["id_token"]);
                    assert_eq!(said["acr"] == ACR_MULTI_FACTOR, second, "a refresh adds nothing");
                }
            }
            Act::LoseFactors => {
                let user = UserId::new(USER);
                let gone = self.site.app.db.tx(async move |tx| {
                    factors::delete_kind(tx, &user, FactorKind::Totp).await?;
                    factors::delete_kind(tx, &user, FactorKind::RecoveryCode).await
                });
                gone.await.unwrap();
                (self.phone, self.codes) = (None, Vec::new());
            }
            Act::LooksWrong => self.looks_wrong().await,
            Act::Wait => self.site.pass(1200),
        }
    }
}

/// The same walks every time: a failure can be walked again.
#[test]
fn threat_09_no_walk_reaches_a_token_without_the_factor_that_is_due() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let config = Config {
        cases: 40,
        failure_persistence: None,
        max_shrink_iters: 64,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let made = std::cell::Cell::new(0);
    let walked = TestRunner::new_with_rng(config, rng).run(&acts(), |acts| {
        runtime.block_on(async {
            let site = Site::new().await;
            add_strict(&site).await;
            let lenient = Client {
                mfa: Some(MfaPolicy::Never),
                ..client(LENIENT, ClientKind::SinglePage)
            };
            site.add_client(lenient).await;
            let mut walk = Walk::new(&site);
            for act in acts {
                walk.step(act).await;
            }
            made.set(made.get() + walk.made);
        });
        Ok(())
    });
    walked.unwrap();
    assert!(made.get() > 20, "the walks got somewhere: {}", made.get());
}
