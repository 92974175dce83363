//! The bot check: what a form shows of it, and whether what came back lets an attempt go on. Every form that anybody can fill in meets
//! here, and so do the endpoints behind which there are no forms of ours. It is off unless the operator names a provider.
//!
//! It stands before the limits of attempts and takes the place of none of them: so when the provider is down, going on without it is the
//! default.

use crate::app::App;
use crate::attempts;
use crate::config::{self, BotProvider, Config, Outage};
use crate::egress::{Answer as Answered, Question};
use crate::http::guard::{self, Foreign};
use crate::http::reply;
use crate::http::visit::Visit;
use crate::pages::BotWidget;
use crate::throttle;
use anyhow::Result;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use sekisho_rules::login::bot_check::{self as rules, Answer, Outcome};
use sekisho_store::Fault;
use serde_json::Value;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Semaphore;
use url::Url;
use zeroize::Zeroizing;

/// The longest answer that is looked at, in bytes. Turnstile's have up to 2,048.
const LONGEST_ANSWER: usize = 8192;
/// How many answers one node verifies at once.
const AT_ONCE: usize = 64;
/// Milliseconds after an answer of the provider's in which it is taken to be up.
const IS_UP: i64 = 60_000;
/// Milliseconds after a call that failed in which it is not asked again.
const IS_DOWN: i64 = 5_000;

/// A bot check that is switched on.
pub struct BotCheck {
    settings: config::BotCheck,
    secret: Zeroizing<String>,
    /// Which hosts an answer may have been given on; empty for an issuer on this machine.
    hosts: Vec<String>,
    policy: HeaderValue,
    slots: Semaphore,
    answered_at: AtomicI64,
    failed_at: AtomicI64,
}

/// Whether an attempt may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It may: no check is due, a person passed it, or nobody can say.
    Open,
    /// A check is due and there is no answer.
    Missing,
    /// The answer proves nothing.
    Refused,
    /// Too many answers came from this network.
    TooMany,
    /// No answer can be verified at the moment.
    Busy,
}

/// What is published of a provider.
struct Provider {
    script: &'static str,
    verify: &'static str,
    /// The class by which its script finds its place.
    class: &'static str,
    /// The field it adds to the form.
    field: &'static str,
}

fn provider(of: BotProvider) -> Provider {
    match of {
        BotProvider::Turnstile => Provider {
            script: "https://challenges.cloudflare.com/turnstile/v0/api.js",
            verify: "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            class: "cf-turnstile",
            field: "cf-turnstile-response",
        },
        BotProvider::HCaptcha => Provider {
            script: "https://js.hcaptcha.com/1/api.js",
            verify: "https://api.hcaptcha.com/siteverify",
            class: "h-captcha",
            field: "h-captcha-response",
        },
        BotProvider::ReCaptcha => Provider {
            script: "https://www.google.com/recaptcha/api.js",
            verify: "https://www.google.com/recaptcha/api/siteverify",
            class: "g-recaptcha",
            field: "g-recaptcha-response",
        },
    }
}

/// What a page must allow, as each provider publishes it.
fn foreign(of: BotProvider) -> Foreign {
    let list = |places: &[&str]| places.iter().map(|place| (*place).to_owned()).collect();
    match of {
        BotProvider::Turnstile => Foreign {
            scripts: list(&["https://challenges.cloudflare.com"]),
            frames: list(&["https://challenges.cloudflare.com"]),
            ..Foreign::default()
        },
        BotProvider::HCaptcha => {
            let all: Vec<String> = list(&["https://hcaptcha.com", "https://*.hcaptcha.com"]);
            Foreign {
                scripts: all.clone(),
                frames: all.clone(),
                styles: all.clone(),
                calls: all,
            }
        }
        BotProvider::ReCaptcha => Foreign {
            scripts: list(&[
                "https://www.google.com/recaptcha/",
                "https://www.gstatic.com/recaptcha/",
            ]),
            frames: list(&[
                "https://www.google.com/recaptcha/",
                "https://recaptcha.google.com/recaptcha/",
            ]),
            ..Foreign::default()
        },
    }
}

impl BotCheck {
    /// As the operator set it up; `None` when they did not.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn open(config: &Config) -> Result<Option<Self>> {
        let Some(settings) = config.attacks.bot_check.clone() else {
            return Ok(None);
        };
        let mut foreign = foreign(settings.provider);
        if let Some(script) = &settings.script {
            let origin = script.origin().ascii_serialization();
            foreign.scripts.push(origin.clone());
            foreign.frames.push(origin);
        }
        let policy = guard::with_foreign(&foreign);
        let hosts = config
            .hosts()
            .into_iter()
            .map(|host| match host.rsplit_once(':') {
                Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
                _ => host,
            });
        Ok(Some(Self {
            secret: settings.secret.load()?,
            hosts: match config.issuer.is_loopback() {
                true => Vec::new(),
                false => hosts.collect(),
            },
            policy: policy
                .ok_or_else(|| anyhow::anyhow!("`attacks.bot_check.script` is no address for a header"))?,
            settings,
            slots: Semaphore::new(AT_ONCE),
            answered_at: AtomicI64::new(i64::MIN),
            failed_at: AtomicI64::new(i64::MIN),
        }))
    }

    /// The field of the form with the answer.
    fn field(&self) -> &'static str {
        provider(self.settings.provider).field
    }

    fn widget(&self, language: &str) -> BotWidget {
        let known = provider(self.settings.provider);
        let usual = || Url::parse(known.script).ok();
        let script = self.settings.script.clone().or_else(usual);
        let host = script
            .as_ref()
            .and_then(Url::host_str)
            .unwrap_or_default()
            .to_owned();
        let script = script.map(|mut script| {
            // Turnstile reads the language beside the key.
            if self.settings.provider != BotProvider::Turnstile {
                script.query_pairs_mut().append_pair("hl", language);
            }
            script.to_string()
        });
        BotWidget {
            script: script.unwrap_or_default(),
            class: known.class,
            site_key: self.settings.site_key.clone(),
            host,
        }
    }

    /// Asks the provider. `None` when too many answers are being verified.
    async fn ask(&self, visit: &Visit, answer: &str) -> Option<Outcome> {
        let now = visit.moment.now.millis();
        if now.saturating_sub(self.failed_at.load(Ordering::Relaxed)) < IS_DOWN {
            return Some(Outcome::Unknown("the provider did not answer a moment ago"));
        }
        let _slot = self.slots.try_acquire().ok()?;
        let known = provider(self.settings.provider);
        let verify = self.settings.verify.as_ref().map_or(known.verify, Url::as_str);
        let ip = visit.ip.to_string();
        let fields = [
            ("secret", self.secret.as_str()),
            ("response", answer),
            ("remoteip", &ip),
            ("sitekey", &self.settings.site_key),
        ];
        // Only hCaptcha compares the site key.
        let fields = match self.settings.provider {
            BotProvider::HCaptcha => &fields[..],
            BotProvider::Turnstile | BotProvider::ReCaptcha => &fields[..3],
        };
        let question = Question::Form { fields, basic: None };
        let answered = visit.app.egress.ask(verify, question).await;
        let read = answered
            .map_err(|error| error.to_string())
            .and_then(|answered| self.read(&answered));
        Some(match read {
            Ok(answer) => {
                self.answered_at.store(now, Ordering::Relaxed);
                rules::judge(&answer, &self.hosts)
            }
            Err(why) => {
                self.failed_at.store(now, Ordering::Relaxed);
                tracing::error!(why, "the provider of the bot check does not answer");
                Outcome::Unknown("the provider does not answer")
            }
        })
    }

    fn read(&self, answered: &Answered) -> Result<Answer, String> {
        let said: Value = serde_json::from_slice(&answered.body)
            .map_err(|_| format!("it answered {} and no JSON", answered.status))?;
        let success = said["success"]
            .as_bool()
            .filter(|_| answered.status < 500)
            .ok_or_else(|| format!("it answered {} and does not say whether", answered.status))?;
        let codes = said["error-codes"].as_array().into_iter().flatten();
        Ok(Answer {
            success,
            hostname: said["hostname"]
                .as_str()
                .filter(|host| !host.is_empty() && *host != "not-provided")
                .map(str::to_owned),
            // hCaptcha's counts the other way round, and is its customers' to interpret.
            score: said["score"]
                .as_f64()
                .filter(|_| self.settings.provider == BotProvider::ReCaptcha),
            codes: codes
                .filter_map(|code| code.as_str().map(str::to_owned))
                .collect(),
        })
    }
}

/// What a form shows, where a check is due of it. `account` is the address that was typed before, if one was.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn widget(
    visit: &Visit,
    account: Option<&str>,
    language: &str,
) -> Result<Option<BotWidget>, Fault> {
    match &visit.app.bot_check {
        Some(check) if is_due(visit, check, account).await? => Ok(Some(check.widget(language))),
        _ => Ok(None),
    }
}

/// A page that may hold a bot check: the policy is opened for the provider when it does.
pub fn html(visit: &Visit, page: &impl Template, status: StatusCode, widget: Option<&BotWidget>) -> Response {
    let mut response = reply::html(page, status);
    if let (Some(check), Some(_)) = (&visit.app.bot_check, widget) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, check.policy.clone());
    }
    response
}

/// The field of a form of ours with the answer.
pub fn field(app: &App) -> &'static str {
    app.bot_check.as_ref().map_or("captcha", BotCheck::field)
}

/// Whether an attempt at an account may go on. Asked before the attempt is counted and before anything is looked at, and after the form
/// was found to be complete: an answer works once.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn passes(visit: &Visit, account: &str, answer: Option<&str>) -> Result<Passage, Fault> {
    let app = &visit.app;
    let Some(check) = &app.bot_check else {
        return Ok(Passage::Open);
    };
    if !is_due(visit, check, Some(account)).await? {
        return Ok(Passage::Open);
    }
    let passage = pass(visit, check, answer.filter(|answer| is_written_like_one(answer))).await?;
    app.metrics.bot_check(match passage {
        Passage::Open => "passed",
        Passage::Missing => "missing",
        Passage::Refused => "refused",
        Passage::TooMany => "too_many",
        Passage::Busy => "busy",
    });
    Ok(passage)
}

async fn pass(visit: &Visit, check: &BotCheck, answer: Option<&str>) -> Result<Passage, Fault> {
    let since = visit
        .moment
        .now
        .millis()
        .saturating_sub(check.answered_at.load(Ordering::Relaxed));
    // Where the provider is down nobody has an answer, so one that is missing is asked about too.
    if answer.is_none() && since < IS_UP {
        return Ok(Passage::Missing);
    }
    let trusted = visit.app.config.attacks.trusted_networks.contains(visit.ip);
    if !trusted && !throttle::allow(visit, throttle::BOT_CHECKS_FROM_NETWORK, &visit.network()).await? {
        return Ok(Passage::TooMany);
    }
    Ok(match check.ask(visit, answer.unwrap_or_default()).await {
        None => Passage::Busy,
        Some(Outcome::Person) if answer.is_some() => Passage::Open,
        Some(Outcome::Person) => Passage::Missing,
        Some(Outcome::Nobody(why)) => {
            tracing::info!(why, "bot check refused");
            match answer {
                Some(_) => Passage::Refused,
                None => Passage::Missing,
            }
        }
        Some(Outcome::Unknown(why)) => {
            visit.app.metrics.bot_check("unknown");
            tracing::warn!(why, "a bot check could not be verified");
            match check.settings.outage {
                Outage::Allow => Passage::Open,
                Outage::Refuse => Passage::Busy,
            }
        }
    })
}

/// Whether a text could be an answer. What could not is never sent: nobody shall make the provider stumble to get past it.
fn is_written_like_one(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+/=:|".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST_ANSWER && text.bytes().all(is_plain)
}

async fn is_due(visit: &Visit, check: &BotCheck, account: Option<&str>) -> Result<bool, Fault> {
    match check.settings.when {
        rules::When::Always => Ok(true),
        when => Ok(rules::is_due(when, &attempts::held(visit, account).await?)),
    }
}
