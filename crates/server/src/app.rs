//! The state of one running issuer. Nothing is global: a process could hold several.

use crate::api_token::Gate;
use crate::bot_check::BotCheck;
use crate::breached::Breached;
use crate::config::Config;
use crate::egress::Egress;
use crate::failures::Failures;
use crate::feed::Feed;
use crate::gateway::Gateway;
use crate::http::cookie::CookieNames;
use crate::http::moment::Moment;
use crate::http::origins::Origins;
use crate::jobs::Bell;
use crate::keys::Keys;
use crate::mail::Post;
use crate::passkeys::RelyingParty;
use crate::passwords::Passwords;
use crate::risk::Addresses;
use crate::rows::Rows;
use crate::seal::Sealer;
use crate::telemetry::metrics::Metrics;
use crate::upstream::Documents;
use anyhow::Result;
use sekisho_rules::time::Timestamp;
use sekisho_store::Db;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Everything a request needs.
pub struct App {
    /// What the operator decided.
    pub config: Config,
    /// Hosts we answer to, as they come in `Host`.
    pub hosts: Vec<String>,
    /// The database.
    pub db: Db,
    /// Seals what rests.
    pub sealer: Sealer,
    /// The signing keys.
    pub keys: Keys,
    /// Who we are to authenticators; `None` where the issuer can have no passkeys.
    pub relying_party: Option<RelyingParty>,
    /// The password queue.
    pub passwords: Passwords,
    /// What is known of leaked passwords.
    pub breached: Breached,
    /// The clock.
    pub clock: Clock,
    /// The names of our cookies.
    pub cookies: CookieNames,
    /// What was revoked, told to everybody who listens.
    pub feed: Feed,
    /// Guards the Management API.
    pub management: Gate,
    /// Rows that are kept in memory.
    pub rows: Rows,
    /// Which origins may call us from a browser.
    pub origins: Origins,
    /// Calls to others.
    pub egress: Egress,
    /// What other services publish.
    pub upstream: Documents,
    /// Wakes the workers.
    pub jobs: Bell,
    /// Where mail goes.
    pub post: Post,
    /// What the gateway remembers.
    pub gateway: Gateway,
    /// What is known of addresses.
    pub addresses: Addresses,
    /// The bot check, where it is switched on.
    pub bot_check: Option<BotCheck>,
    /// What went wrong and waits to be written.
    pub failures: Failures,
    /// What is counted.
    pub metrics: Metrics,
}

impl App {
    /// Opens the database, brings its schema up to date, and loads the keys.
    ///
    /// # Errors
    /// One sentence that says what is missing and what to do.
    pub async fn open(config: Config, clock: Clock) -> Result<Arc<Self>> {
        config.make_data_dir()?;
        let db = config.database.open().await?;
        crate::builtin::ensure(&config, &db, &clock).await?;
        let sealer = config.keys.load()?;
        let moment = Moment { now: clock.now() };
        let keys = Keys::open(&db, &sealer, config.keys.algorithms(), moment).await?;
        let feed = Feed::open(&db, &sealer, &config, moment).await?;
        Ok(Arc::new(Self {
            hosts: config.hosts(),
            relying_party: RelyingParty::of(&config),
            passwords: Passwords::new(&config.passwords)?,
            breached: Breached::open(&config.password_rule)?,
            cookies: CookieNames::new(config.issuer.url()),
            feed,
            management: Gate::new(crate::builtin::management(&config.issuer)),
            rows: Rows::default(),
            origins: Origins::default(),
            gateway: Gateway::default(),
            egress: Egress::new(config.egress.clone()),
            upstream: Documents::default(),
            jobs: Bell::default(),
            post: Post::open(&config)?,
            addresses: Addresses::load(&config.attacks)?,
            bot_check: BotCheck::open(&config)?,
            failures: Failures::default(),
            metrics: Metrics::new(),
            config,
            db,
            sealer,
            keys,
            clock,
        }))
    }
}

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that tests move; unix milliseconds.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "the edge: the one place that reads the clock"
            )]
            Self::System => Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
            Self::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }
}
