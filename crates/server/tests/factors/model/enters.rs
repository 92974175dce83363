//! Ways in at the pages: a password, a mailed code or link, a passkey, a new account, a new password, and the gateway.

use super::people::{First, Person, Proven, Whose};
use super::{Asking, CLIENTS, GATE, GATE_ORIGIN, Tab, Walk};
use crate::browser::Answer;
use crate::factors::fill;
use crate::passkeys::asked;
use crate::site::{API, CALLBACK, CHALLENGE};
use axum::body::Body;
use axum::http::{Request, header};
use sekisho_rules::identity::Email;
use serde_json::{Value, json};

impl Walk {
    /// Sends the form of a page with these fields.
    pub(super) async fn send(&mut self, at: usize, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let jar = std::mem::take(&mut self.places[at].jar);
        let mut browser = self.site().browser();
        browser.jar = jar;
        let answer = fill(&mut browser, page, fields).await;
        self.places[at].jar = browser.jar;
        answer
    }

    /// After a form that proves a first factor: if the program took it, it must have been right.
    async fn entered(
        &mut self,
        at: usize,
        tab: &Tab,
        who: (usize, First, bool),
        sent: (Option<String>, Answer),
    ) {
        let ((who, first, right), (before, answer)) = (who, sent);
        if self.secret(at) != before {
            assert!(right, "somebody signed in with nothing: {first:?}");
            self.places[at].session = Some(Proven {
                who,
                first,
                second: false,
                risky: false,
                at: self.step,
            });
        }
        self.look(at, tab.asking, answer).await;
    }

    pub(super) async fn log_in(&mut self, at: usize, number: usize) {
        let Some(tab) = self.login_page(at).await else {
            return;
        };
        let who = self.whom(number);
        let (email, password) = (self.people[who].email.clone(), self.people[who].password.clone());
        let typed = password
            .clone()
            .unwrap_or_else(|| "no password at all".to_owned());
        let before = self.secret(at);
        let answer = self
            .send(at, &tab.page, &[("email", &email), ("password", &typed)])
            .await;
        self.entered(
            at,
            &tab,
            (who, First::Password, password.is_some()),
            (before, answer),
        )
        .await;
    }

    pub(super) async fn wrong_password(&mut self, at: usize) {
        let Some(tab) = self.login_page(at).await else {
            return;
        };
        let (email, before) = (self.people[0].email.clone(), self.secret(at));
        let fields = [("email", email.as_str()), ("password", "a wrong guess")];
        let answer = self.send(at, &tab.page, &fields).await;
        self.entered(at, &tab, (0, First::Password, false), (before, answer))
            .await;
    }

    pub(super) async fn mail_code(&mut self, at: usize, number: usize, whose: Whose) {
        let Some(tab) = self.login_page(at).await else {
            return;
        };
        let who = self.whom(number);
        self.site().pass(181);
        let email = self.people[who].email.clone();
        let sent_before = self.newest(&email).await;
        let (state, csrf) = (tab.page.hidden("state"), tab.page.hidden("csrf"));
        let fields = [
            ("state", state.as_str()),
            ("csrf", &csrf),
            ("email", &email),
            ("step", "send"),
        ];
        self.submit(at, "/u/code", &fields).await;
        let mailed = self.mailed(&email, sent_before).await;
        let typed = match whose {
            Whose::Own => mailed,
            Whose::Other => {
                let other = (who + 1) % self.people.len();
                self.start("code", other, 0).await
            }
            Whose::Invented => mailed.map(|code| crate::passwordless::another(&code)),
        };
        let Some(typed) = typed else { return };
        let fields = [&fields[..3], &[("step", "enter"), ("code", typed.as_str())]].concat();
        let before = self.secret(at);
        let answer = self.submit(at, "/u/code", &fields).await;
        let right = whose == Whose::Own;
        if right && self.secret(at) != before {
            self.proves_address(who);
            self.note("signed in by mail");
        }
        self.entered(at, &tab, (who, First::MailCode, right), (before, answer))
            .await;
    }

    /// Whoever reads the mail of an address that nobody had proven gets the account, and what was set up before is gone.
    pub(super) fn proves_address(&mut self, who: usize) {
        let person = &mut self.people[who];
        if !person.mailbox {
            person.mailbox = true;
            person.password = None;
            person.lose_everything();
            for session in self.places.iter_mut().map(|place| &mut place.session) {
                session.take_if(|proven| proven.who == who);
            }
            self.refreshable.retain(|held| held.proven.who != who);
        }
    }

    /// Has a program send a code or link: what is in the mail.
    pub(super) async fn start(&mut self, what: &str, who: usize, app: usize) -> Option<String> {
        self.site().pass(181);
        let email = self.people[who].email.clone();
        let before = self.newest(&email).await;
        let body = json!({
            "client_id": CLIENTS[app].0, "connection": "email", "email": email, "send": what,
            "authParams": { "scope": "openid offline_access", "audience": API, "state": "xyz", "redirect_uri": CALLBACK, "response_type": "code",
                "code_challenge": CHALLENGE, "code_challenge_method": "S256" },
        });
        crate::passwordless::start(self.site(), body, &[]).await;
        if what == "code" {
            return self.mailed(&email, before).await;
        }
        let newest = self
            .newest(&email)
            .await
            .filter(|text| Some(text) != before.as_ref())?;
        let link = newest
            .lines()
            .find(|line| line.starts_with("https://login.example/u/link"));
        link.map(str::to_owned)
    }

    pub(super) async fn mail_link(&mut self, at: usize, number: usize, app: usize) {
        let who = self.whom(number);
        let Some(link) = self.start("link", who, app).await else {
            return;
        };
        let page = self.get(at, &link).await;
        if !page.body.contains("name=\"ticket\"") {
            return;
        }
        let (ticket, before) = (page.hidden("ticket"), self.secret(at));
        let answer = self.submit(at, "/u/link", &[("ticket", &ticket)]).await;
        if self.secret(at) != before {
            self.proves_address(who);
            self.note("signed in by mail");
        }
        let asking = Asking {
            app,
            several: false,
            since: 0,
        };
        let tab = Tab { page, asking };
        self.entered(at, &tab, (who, First::MailCode, true), (before, answer))
            .await;
    }

    /// What an authenticator answers to this page.
    pub(super) async fn signed(&mut self, who: usize, options: &Value) -> Option<String> {
        match &mut self.people[who].key {
            Some(key) => Some(key.get(options).await),
            None => None,
        }
    }

    pub(super) async fn passkey(&mut self, at: usize, number: usize) {
        let who = self.whom(number);
        let Some(tab) = self.login_page(at).await else {
            return;
        };
        let Some(response) = self.signed(who, &asked(&tab.page)).await else {
            return;
        };
        let (state, csrf) = (tab.page.hidden("state"), tab.page.hidden("csrf"));
        let challenge = tab.page.hidden("challenge");
        let fields = [
            ("state", state.as_str()),
            ("csrf", &csrf),
            ("challenge", &challenge),
            ("response", &response),
        ];
        let (before, right) = (self.secret(at), self.people[who].key_stands);
        let answer = self.submit(at, "/u/passkey", &fields).await;
        if self.secret(at) != before {
            self.note("signed in with a passkey");
        }
        self.entered(at, &tab, (who, First::Passkey, right), (before, answer))
            .await;
    }

    pub(super) async fn sign_up(&mut self, at: usize) {
        if self.people.len() >= 5 {
            return;
        }
        let Some(tab) = self.login_page(at).await else {
            return;
        };
        let state = tab.page.hidden("state");
        let form = self.get(at, &format!("/u/signup?state={state}")).await;
        let email = format!("new-{}@example.com", self.step);
        let password = "a password of somebody new";
        let before = self.secret(at);
        let answer = self
            .send(at, &form, &[("email", &email), ("password", password)])
            .await;
        if self.secret(at) != before {
            let folded = Email::parse(&email).unwrap().folded;
            let found = sekisho_store::users::by_email(&self.site().app.db, &folded)
                .await
                .unwrap();
            self.people.push(Person {
                password: Some(password.to_owned()),
                mailbox: false,
                ..Person::new(found.unwrap().id.as_str(), &email)
            });
            self.note("signed up");
        }
        let who = self.people.len() - 1;
        self.entered(at, &tab, (who, First::Password, true), (before, answer))
            .await;
    }

    /// A forgotten password: the link in the mail leads to a session of one factor, and ends all others.
    pub(super) async fn reset(&mut self, at: usize, number: usize) {
        let who = self.whom(number);
        if !self.people[who].mailbox {
            return;
        }
        self.site().pass(181);
        let email = self.people[who].email.clone();
        let sent_before = self.newest(&email).await;
        self.submit(at, "/u/reset", &[("email", &email)]).await;
        let mail = self
            .newest(&email)
            .await
            .filter(|text| Some(text) != sent_before.as_ref());
        let link = mail
            .as_ref()
            .and_then(|text| text.lines().find(|line| line.starts_with("https://")));
        let Some(link) = link else { return };
        let page = self.get(at, link).await;
        if !page.body.contains("name=\"ticket\"") {
            return;
        }
        let chosen = format!("Kirschkernweitspucken-{}", self.site().now().millis());
        let (ticket, before) = (page.hidden("ticket"), self.secret(at));
        let fields = [("ticket", ticket.as_str()), ("password", &chosen)];
        let answer = self.submit(at, "/u/password", &fields).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        self.people[who].password = Some(chosen);
        self.refreshable.retain(|held| held.proven.who != who);
        self.owing.retain(|owing| owing.proven.who != who);
        for place in &mut self.places {
            place.session.take_if(|proven| proven.who == who);
        }
        let asking = Asking {
            app: super::ACCOUNT,
            several: false,
            since: 0,
        };
        let kept = self.places[at].tab.clone();
        self.entered(
            at,
            &Tab { page, asking },
            (who, First::Password, true),
            (before, answer),
        )
        .await;
        self.places[at].tab = kept;
    }

    /// Opens a page of the application behind the gateway.
    pub(super) async fn behind(&mut self, at: usize) {
        let navigates = [
            ("x-forwarded-host", "app.example.com"),
            ("x-forwarded-uri", "/"),
            ("x-forwarded-method", "GET"),
            ("accept", "text/html"),
            ("sec-fetch-mode", "navigate"),
        ];
        // Whoever is inside stays inside until the session ends: the way in is what is looked at.
        self.places[at].gate.clear();
        let sent = self.at_gate(at, "/forward-auth", &navigates).await;
        let to = sent.location().strip_prefix(GATE_ORIGIN).unwrap().to_owned();
        let left = self.at_gate(at, &to, &[]).await;
        let asking = Asking {
            app: GATE,
            several: false,
            since: 0,
        };
        self.look(at, asking, left).await;
    }

    /// Comes back to the application's host: the code must have been earned, and opens the application to that person.
    pub(super) async fn enters_gate(&mut self, at: usize, asking: Asking, answer: &Answer) {
        self.places[at].tab = None;
        if answer.param("code").is_none() {
            return;
        }
        let proven = self.earned(at, asking);
        let to = answer.location().strip_prefix(GATE_ORIGIN).unwrap().to_owned();
        self.at_gate(at, &to, &[]).await;
        let asks = [
            ("x-forwarded-host", "app.example.com"),
            ("x-forwarded-uri", "/"),
            ("x-forwarded-method", "GET"),
        ];
        let passes = self.at_gate(at, "/forward-auth", &asks).await;
        if passes.status.is_success() {
            assert_eq!(passes.header("x-auth-request-user"), self.people[proven.who].id);
            self.note("behind the gateway");
        }
    }

    async fn at_gate(&mut self, at: usize, path: &str, headers: &[(&str, &str)]) -> Answer {
        let jar = &self.places[at].gate;
        let cookies: Vec<String> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::get(path).header(header::HOST, "app.example.com");
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.site().send(request.body(Body::empty()).unwrap()).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.places[at].gate.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}
