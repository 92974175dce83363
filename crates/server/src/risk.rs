//! How a login looks beside the ones before: reads the facts, lets the rule judge, and writes to the person when it looks wrong.

use crate::attempts;
use crate::config::{Attacks, Networks, SuspiciousLogins};
use crate::http::cookie::Cookie;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::jobs::{Draft, mail};
use crate::mail::letters;
use crate::notices;
use crate::text::{Attacks as Words, Language};
use crate::tickets;
use anyhow::{Context as _, Result};
use maxminddb::{Reader, geoip2};
use sekisho_rules::factor::Risk;
use sekisho_rules::id::SessionId;
use sekisho_rules::identity::Email;
use sekisho_rules::login::attempts::{Bucket, mails_about};
use sekisho_rules::login::risk::{self as rules, Facts, Point, Sign, Through};
use sekisho_rules::secret::SecretHash;
use sekisho_rules::ticket::Errand;
use sekisho_rules::user::User;
use sekisho_store::browsers::{self, Browser};
use sekisho_store::{Fault, audit, counters};
use std::net::IpAddr;

/// What is known of addresses: where they are, and which are bad. Read once, at the start.
#[derive(Default)]
pub struct Addresses {
    places: Option<Reader<Vec<u8>>>,
    bad: Networks,
}

/// Where an address is.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The country (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Its name in English.
    english: Option<String>,
    /// Its name in Japanese.
    japanese: Option<String>,
    point: Option<Point>,
}

impl Place {
    fn name(&self, language: Language) -> Option<&str> {
        let name = match language {
            Language::En => &self.english,
            Language::Ja => &self.japanese,
        };
        name.as_deref().or(self.country.as_deref())
    }
}

impl Addresses {
    /// Reads the files the operator named.
    ///
    /// # Errors
    /// One sentence that names the setting.
    pub fn load(attacks: &Attacks) -> Result<Self> {
        let places = match &attacks.geoip_file {
            None => None,
            Some(file) => Some(Reader::open_readfile(file).with_context(|| {
                format!("`attacks.geoip_file`: {} is not a MaxMind file", file.display())
            })?),
        };
        let bad = match &attacks.bad_networks_file {
            None => Networks::default(),
            Some(file) => {
                let named = || format!("`attacks.bad_networks_file`: {}", file.display());
                let text = std::fs::read_to_string(file).with_context(named)?;
                Networks::from_lines(&text)
                    .map_err(|line| anyhow::anyhow!("{}: line {line} is not a network", named()))?
            }
        };
        Ok(Self { places, bad })
    }

    /// Whether an address is on the operator's list.
    pub fn is_bad(&self, address: IpAddr) -> bool {
        self.bad.contains(address)
    }

    /// Where an address is, as far as the file knows.
    pub fn place(&self, address: IpAddr) -> Place {
        let Some(reader) = &self.places else {
            return Place::default();
        };
        let found = reader.lookup(address).ok();
        let city: Option<geoip2::City<'_>> = found.and_then(|found| found.decode().ok().flatten());
        let Some(city) = city else {
            return Place::default();
        };
        let text = |text: Option<&str>| text.map(|text| text.chars().take(100).collect());
        Place {
            country: text(city.country.iso_code),
            english: text(city.country.names.english),
            japanese: text(city.country.names.japanese),
            point: city
                .location
                .latitude
                .zip(city.location.longitude)
                .map(|(latitude, longitude)| Point { latitude, longitude }),
        }
    }
}

/// A login, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What is not like before.
    pub signs: Vec<Sign>,
    /// How much that counts where a second factor is adaptive.
    pub risk: Risk,
    /// From where.
    pub place: Place,
}

impl Judged {
    /// The words of its signs, for the session and the audit log.
    pub fn reasons(&self) -> String {
        rules::words_of(&self.signs)
    }
}

/// Judges a login of this user, right now and from here. Only a browser can be known.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn judge(visit: &Visit, user: &User, through: Through) -> Result<Judged, Fault> {
    let (app, attacks) = (&visit.app, &visit.app.config.attacks);
    let place = app.addresses.place(visit.ip);
    if attacks.suspicious_logins == SuspiciousLogins::Off {
        return Ok(Judged {
            signs: Vec::new(),
            risk: Risk::Low,
            place,
        });
    }
    let history = browsers::latest(&app.db, &user.id).await?;
    let known = match visit
        .cookie(Cookie::Browser)
        .filter(|_| through == Through::Browser)
    {
        Some(held) => browsers::find(&app.db, &user.id, &SecretHash::of(&held)).await?,
        None => None,
    };
    let point_of = |browser: &Browser| app.addresses.place(browser.ip.parse().ok()?).point;
    let mut countries: Vec<String> = history
        .iter()
        .filter_map(|browser| browser.country.clone())
        .collect();
    if let Some(country) = &place.country
        && !countries.is_empty()
        && !countries.contains(country)
    {
        // A browser knows where it was last; somebody may go to and fro.
        let before = audit::login_addresses(&app.db, &user.id).await?;
        let before = before.iter().filter_map(|address| address.parse().ok());
        countries.extend(before.filter_map(|address| app.addresses.place(address).country));
    }
    let failed = Email::parse(&user.email)
        .ok()
        .and_then(|email| attacks.limits.account(&email.folded));
    let facts = Facts {
        now: visit.moment.now,
        through,
        known_browser: known.is_some(),
        has_history: !history.is_empty(),
        country: place.country.clone(),
        countries,
        here: place.point,
        last: history
            .first()
            .and_then(|browser| Some((browser.last_seen, point_of(browser)?))),
        bad_network: app.addresses.is_bad(visit.ip),
        many_accounts: attempts::tries_many(visit).await?,
        failures: match &failed {
            Some(bucket) => counters::missing(&app.db, bucket, visit.moment.now).await?,
            None => 0,
        },
        travel_kmh: attacks.travel_kmh,
    };
    let signs = rules::signs(&facts);
    for sign in &signs {
        app.metrics.suspicious(sign.word());
    }
    Ok(Judged {
        risk: match attacks.suspicious_logins {
            SuspiciousLogins::Challenge => rules::weigh(&signs),
            SuspiciousLogins::Notify | SuspiciousLogins::Off => Risk::Low,
        },
        signs,
        place,
    })
}

/// The mail about a login that looks wrong, with the counter that keeps such mails few. `None` when it looks as ever, or no mail can be
/// sent.
///
/// # Errors
/// [`Trouble`] when it cannot be written.
pub fn letter(
    visit: &Visit,
    user: &User,
    session: &SessionId,
    judged: &Judged,
) -> Result<Option<(Bucket, Draft)>, Trouble> {
    if judged.signs.is_empty() || !visit.app.post.is_open() {
        return Ok(None);
    }
    let errand = Errand::NotMe {
        user: user.id.clone(),
        epoch: user.epoch,
        session: session.clone(),
    };
    let text = visit.text_for(user);
    let link = tickets::link(visit, text.language, errand, None)?;
    let words = &text.attacks;
    let tenant = &visit.app.config.name;
    let mut envelope = letters::with_link(text, &words.sign_in_mail, tenant, &user.email, &link);
    let reasons: Vec<&str> = judged.signs.iter().map(|sign| said(*sign, words)).collect();
    envelope.letter.facts = notices::facts(visit, text, judged.place.name(text.language));
    let why = (words.why)(&reasons.join(words.and));
    envelope.letter.paragraphs.push(why);
    let draft = mail::draft(&visit.app, &envelope, visit.moment)?;
    Ok(Some((mails_about(&format!("sign-ins {}", user.id)), draft)))
}

fn said(sign: Sign, words: &Words) -> &'static str {
    match sign {
        Sign::NewDevice => words.new_device,
        Sign::NewCountry => words.new_country,
        Sign::ImpossibleTravel => words.impossible_travel,
        Sign::BadNetwork => words.bad_network,
        Sign::RecentFailures => words.recent_failures,
        Sign::ManyAccounts => words.many_accounts,
    }
}
