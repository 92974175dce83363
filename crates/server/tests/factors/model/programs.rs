//! Logins of programs at the token endpoint, and the MFA API.

use super::people::{First, Proven, Want, Whose};
use super::{CLIENTS, Walk};
use crate::browser::Answer;
use crate::factors::Phone;
use crate::site::{API, request};
use axum::body::Body;
use axum::http::{Method, header};
use sekisho_rules::factor::FactorKind;
use serde_json::{Value, json};

const OTP: &str = "http://auth0.com/oauth/grant-type/mfa-otp";
const OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
const RECOVERY: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
const PASSWORDLESS: &str = "http://auth0.com/oauth/grant-type/passwordless/otp";
const PASSKEY: &str = "urn:okta:params:oauth:grant-type:webauthn";

/// A login of a program that owes a second factor.
pub(super) struct Owing {
    pub(super) token: String,
    pub(super) app: usize,
    pub(super) proven: Proven,
    begun: Option<Begun>,
}

/// A set-up that was begun for it.
#[derive(Clone)]
struct Begun {
    phone: Option<Phone>,
    oob_code: Option<String>,
    mailed: Option<String>,
    codes: Vec<String>,
}

async fn send(walk: &Walk, path: &str, token: Option<&str>, body: &Value) -> Answer {
    let mut request = request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    walk.site()
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

impl Walk {
    /// What came of a first factor at the token endpoint.
    async fn logged_in(&mut self, app: usize, who: usize, first: First, mut body: Value) {
        body["client_id"] = CLIENTS[app].0.into();
        body["scope"] = "openid offline_access".into();
        body["audience"] = API.into();
        let answer = send(self, "/oauth/token", None, &body).await;
        let proven = Proven {
            who,
            first,
            second: false,
            risky: false,
            at: self.step,
        };
        if answer.status.is_success() {
            let want = Want {
                policy: self.policies[app].unwrap_or(self.issuer),
                several: false,
                remembered: false,
            };
            let owes = self.people[who].owes(&proven, want);
            assert!(proven.several() || !owes, "tokens too early: {want:?} {proven:?}");
            self.told(app, proven, &answer.json());
        } else if answer.error() == "mfa_required" {
            self.note("owing");
            let token = answer.json()["mfa_token"].as_str().unwrap().to_owned();
            self.owing.push(Owing {
                token,
                app,
                proven,
                begun: None,
            });
        }
    }

    pub(super) async fn by_password(&mut self, app: usize, number: usize) {
        let who = self.whom(number);
        let Some(password) = self.people[who].password.clone() else {
            return;
        };
        let body =
            json!({ "grant_type": "password", "username": self.people[who].email, "password": password });
        self.logged_in(app, who, First::Password, body).await;
    }

    pub(super) async fn by_mail_code(&mut self, app: usize, number: usize) {
        let who = self.whom(number);
        if !self.people[who].mailbox {
            return;
        }
        let Some(code) = self.start("code", who, app).await else {
            return;
        };
        let email = self.people[who].email.clone();
        let body = json!({ "grant_type": PASSWORDLESS, "realm": "email", "username": email, "otp": code });
        self.logged_in(app, who, First::MailCode, body).await;
    }

    pub(super) async fn by_passkey(&mut self, app: usize, number: usize) {
        let who = self.whom(number);
        let asked = send(
            self,
            "/passkey/challenge",
            None,
            &json!({ "client_id": CLIENTS[app].0 }),
        )
        .await;
        let asked = asked.json();
        let Some(response) = self.signed(who, &asked["authn_params_public_key"]).await else {
            return;
        };
        let stands = self.people[who].key_stands;
        let made = self.refreshable.len();
        let body = json!({
            "grant_type": PASSKEY, "auth_session": asked["auth_session"], "authn_response": response,
        });
        self.logged_in(app, who, First::Passkey, body).await;
        assert!(
            stands || self.refreshable.len() == made,
            "a passkey that is gone opened something"
        );
    }

    /// `POST /mfa/associate` for the newest login that owes something.
    pub(super) async fn begin_set_up(&mut self, kind: FactorKind) {
        let Some(owing) = self.owing.pop() else { return };
        let (who, email) = (owing.proven.who, self.people[owing.proven.who].email.clone());
        self.site().pass(61);
        let before = self.newest(&email).await;
        let body = match kind {
            FactorKind::Email => json!({ "authenticator_types": ["oob"], "oob_channels": ["email"] }),
            _ => json!({ "authenticator_types": ["otp"] }),
        };
        let answer = send(self, "/mfa/associate", Some(&owing.token), &body).await;
        let mut begun = owing.begun.clone();
        if answer.status.is_success() {
            let said = answer.json();
            assert!(
                !self.people[who].has_any(),
                "a set-up beside what there is: {said}"
            );
            assert!(
                kind != FactorKind::Email || owing.proven.gains_by(kind),
                "one mailbox twice"
            );
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let codes = said["recovery_codes"].as_array().cloned().unwrap_or_default();
            begun = Some(Begun {
                phone: text(&said["secret"]).map(Phone),
                oob_code: text(&said["oob_code"]),
                mailed: self.mailed(&email, before).await,
                codes: codes.iter().filter_map(text).collect(),
            });
        }
        self.owing.push(Owing { begun, ..owing });
    }

    /// Brings a second factor for the newest login that owes one.
    pub(super) async fn prove_by_program(&mut self, kind: FactorKind, whose: Whose) {
        let Some(owing) = self.owing.pop() else { return };
        let proven = owing.proven.clone();
        let owner = match whose {
            Whose::Other => (proven.who + 1) % self.people.len(),
            Whose::Own | Whose::Invented => proven.who,
        };
        let kind = match (whose, &owing.begun) {
            (Whose::Own, None) => self.people[owner].at_hand(kind, self.step),
            (Whose::Own, Some(begun)) if begun.phone.is_some() => FactorKind::Totp,
            _ => kind,
        };
        self.site().pass(61);
        let finishes = owing.begun.clone().filter(|_| !self.people[proven.who].has_any());
        let Some((grant, fields)) = self.brought(&owing, kind, (whose, owner)).await else {
            self.owing.push(owing);
            return;
        };
        let mut body = fields;
        body["grant_type"] = grant.into();
        body["client_id"] = CLIENTS[owing.app].0.into();
        body["mfa_token"] = owing.token.as_str().into();
        let answer = send(self, "/oauth/token", None, &body).await;
        if !answer.status.is_success() {
            self.owing.push(owing);
            return;
        }
        assert!(
            whose == Whose::Own,
            "{kind:?} of nobody here was taken ({whose:?})"
        );
        assert!(proven.gains_by(kind), "one mailbox counted twice");
        let said = answer.json();
        let person = &mut self.people[owner];
        match finishes {
            Some(begun) => {
                person.phone = begun.phone.filter(|_| kind == FactorKind::Totp);
                person.by_mail = kind == FactorKind::Email;
                person.codes = begun.codes;
                self.note("set up by a program");
            }
            None if kind == FactorKind::RecoveryCode => {
                person.codes.pop();
                person
                    .codes
                    .extend(said["recovery_code"].as_str().map(str::to_owned));
            }
            None => {}
        }
        self.note("proven by a program");
        self.told(
            owing.app,
            Proven {
                second: true,
                ..proven
            },
            &said,
        );
    }

    async fn brought(
        &mut self,
        owing: &Owing,
        kind: FactorKind,
        (whose, owner): (Whose, usize),
    ) -> Option<(&'static str, Value)> {
        let begun = owing
            .begun
            .as_ref()
            .filter(|_| whose == Whose::Own && !self.people[owner].has_any());
        match kind {
            FactorKind::Totp => {
                let phone = begun.and_then(|begun| begun.phone.as_ref());
                let phone = phone.or(self.people[owner].phone.as_ref());
                let code = match whose {
                    Whose::Invented => "000000".to_owned(),
                    _ => phone?.code(self.site()),
                };
                Some((OTP, json!({ "otp": code })))
            }
            FactorKind::RecoveryCode => {
                let code = match whose {
                    Whose::Invented => "AAAA-AAAA-AAAA-AAAA".to_owned(),
                    _ => self.people[owner].codes.last()?.clone(),
                };
                Some((RECOVERY, json!({ "recovery_code": code })))
            }
            FactorKind::Email => {
                if let Some(Begun {
                    oob_code: Some(oob),
                    mailed: Some(code),
                    ..
                }) = begun
                {
                    return Some((OOB, json!({ "oob_code": oob, "binding_code": code })));
                }
                let email = self.people[owing.proven.who].email.clone();
                let before = self.newest(&email).await;
                let body = json!({
                    "client_id": CLIENTS[owing.app].0, "mfa_token": owing.token, "challenge_type": "oob",
                });
                let asked = send(self, "/mfa/challenge", None, &body).await;
                let mut code = self.mailed(&email, before).await;
                if whose != Whose::Own {
                    // A code for another purpose, to whoever it goes.
                    code = self.start("code", owner, 0).await;
                }
                let oob = asked.json()["oob_code"].as_str()?.to_owned();
                Some((OOB, json!({ "oob_code": oob, "binding_code": code? })))
            }
            FactorKind::Passkey => None,
        }
    }

    /// A code that a page took is nothing at the token endpoint.
    pub(super) async fn replay_by_program(&mut self, who: usize, code: &str) {
        let Some(owing) = self.owing.iter().find(|owing| owing.proven.who == who) else {
            return;
        };
        let body = json!({
            "grant_type": OTP, "client_id": CLIENTS[owing.app].0, "mfa_token": owing.token, "otp": code,
        });
        let answer = send(self, "/oauth/token", None, &body).await;
        assert!(!answer.status.is_success(), "one code counted twice");
    }
}
