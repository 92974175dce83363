//! How old a proof at a provider is, and how a new one is asked for.
//!
//! A provider in which somebody is signed in already sends them back at once: they proved nothing just now. What `prompt=login` and
//! `max_age` promise to an application, and what the account page asks for before it changes anything, is handed on to it, and what it
//! says about the time of its own login is believed over our clock. Providers differ; one table is here, from their documentation:
//!
//! | provider | a new proof is asked for by | when it tells no time |
//! |---|---|---|
//! | OpenID Connect | `max_age`, `prompt=login` | it is not believed to be new |
//! | LINE | `max_age`, `disable_auto_login` | it is not believed to be new |
//! | Microsoft | `prompt=login` | new when it was asked for |
//! | Google, GitHub | `prompt=select_account`, which is less | taken as new |
//! | Apple, X, OAuth 2 | nothing | taken as new |

use super::Strategy;
use super::id_token::LEEWAY;
use crate::authorize::Valid;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How fresh a proof has to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// Whatever it is.
    #[default]
    Any,
    /// At most so many seconds old.
    Within(i64),
    /// Made for this.
    Now,
}

impl Wanted {
    /// What an authorization request asks for (OpenID Connect Core section 3.1.2.1).
    pub fn by(valid: &Valid) -> Self {
        match valid.max_age {
            _ if valid.prompt.login => Self::Now,
            Some(seconds) if seconds > 0 => Self::Within(seconds),
            Some(_) => Self::Now,
            None => Self::Any,
        }
    }
}

/// What a provider is asked so that it asks the person.
pub fn parameters(strategy: Strategy, wanted: Wanted) -> Vec<(&'static str, String)> {
    let seconds = match wanted {
        Wanted::Any => return Vec::new(),
        Wanted::Within(seconds) => seconds,
        Wanted::Now => 0,
    };
    let prompt = |word: &str| vec![("prompt", word.to_owned())];
    match strategy {
        Strategy::Oidc => {
            let mut asked = vec![("max_age", seconds.to_string())];
            if wanted == Wanted::Now {
                asked.extend(prompt("login"));
            }
            asked
        }
        Strategy::Line => vec![
            ("max_age", seconds.to_string()),
            ("disable_auto_login", "true".to_owned()),
        ],
        Strategy::Microsoft => prompt("login"),
        Strategy::Google | Strategy::GitHub => prompt("select_account"),
        Strategy::Apple | Strategy::X | Strategy::OAuth2 => Vec::new(),
    }
}

/// The times of a sign-in elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When the provider says the person proved themselves there (`auth_time`).
    pub told: Option<Timestamp>,
    /// When the browser left for it.
    pub left: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// As old as a proof can be: what is taken where nobody knows better.
    pub oldest: Timestamp,
}

/// Decides when the person proved themselves, as far as the provider lets us know; `None` when that is not as fresh as was wanted.
///
/// OpenID Connect Core section 3.1.2.1: whoever sends `max_age` MUST check the `auth_time` that comes back, and a provider MUST send it.
pub fn proven_at(strategy: Strategy, wanted: Wanted, times: Times) -> Option<Timestamp> {
    let Times {
        told,
        left,
        now,
        oldest,
    } = times;
    if let Some(told) = told.map(|told| told.min(now)) {
        return match wanted {
            Wanted::Any => Some(told),
            Wanted::Within(seconds) => {
                (now.millis_since(told) <= seconds.saturating_mul(1000)).then_some(told)
            }
            // Clocks differ; what was made for this is not older than the way there.
            Wanted::Now => (told.plus_seconds(LEEWAY) >= left).then_some(told.max(left)),
        };
    }
    match (strategy, wanted) {
        (Strategy::Google | Strategy::GitHub | Strategy::Apple | Strategy::X | Strategy::OAuth2, _) => {
            Some(now)
        }
        (_, Wanted::Any) => Some(oldest),
        (Strategy::Microsoft, _) => Some(now),
        (Strategy::Oidc | Strategy::Line, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn at(told: Option<i64>) -> Times {
        Times {
            told: told.map(|ago| NOW.plus_seconds(-ago)),
            left: NOW.plus_seconds(-30),
            now: NOW,
            oldest: NOW.plus_seconds(-604_800),
        }
    }

    fn age(strategy: Strategy, wanted: Wanted, told: Option<i64>) -> Option<i64> {
        proven_at(strategy, wanted, at(told)).map(|time| NOW.millis_since(time) / 1000)
    }

    #[test]
    fn oidc_core_3_1_2_1_what_the_provider_tells_is_believed() {
        for strategy in Strategy::ALL {
            assert_eq!(age(strategy, Wanted::Any, Some(86_400)), Some(86_400));
            assert_eq!(age(strategy, Wanted::Within(300), Some(300)), Some(300));
            assert_eq!(age(strategy, Wanted::Within(300), Some(301)), None);
            assert_eq!(age(strategy, Wanted::Now, Some(10)), Some(10));
            assert_eq!(age(strategy, Wanted::Now, Some(90)), Some(30), "clocks differ");
            assert_eq!(age(strategy, Wanted::Now, Some(91)), None, "{strategy:?}");
            assert_eq!(
                age(strategy, Wanted::Now, Some(-900)),
                Some(0),
                "never later than now"
            );
        }
    }

    #[test]
    fn who_tells_nothing_is_believed_as_far_as_they_do_what_they_are_asked() {
        for strategy in [Strategy::Oidc, Strategy::Line] {
            assert_eq!(age(strategy, Wanted::Now, None), None);
            assert_eq!(age(strategy, Wanted::Within(300), None), None);
            assert_eq!(age(strategy, Wanted::Any, None), Some(604_800));
        }
        assert_eq!(age(Strategy::Microsoft, Wanted::Any, None), Some(604_800));
        assert_eq!(age(Strategy::Microsoft, Wanted::Now, None), Some(0));
        for strategy in [
            Strategy::Google,
            Strategy::X,
            Strategy::GitHub,
            Strategy::OAuth2,
            Strategy::Apple,
        ] {
            for wanted in [Wanted::Any, Wanted::Within(1), Wanted::Now] {
                assert_eq!(age(strategy, wanted, None), Some(0));
            }
        }
    }

    #[test]
    fn nothing_is_asked_that_nobody_wanted() {
        for strategy in Strategy::ALL {
            assert!(parameters(strategy, Wanted::Any).is_empty());
        }
        let asked = parameters(Strategy::Oidc, Wanted::Within(300));
        assert_eq!(asked, [("max_age", "300".to_owned())]);
    }
}
