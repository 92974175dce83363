//! How a login looks beside the ones before it: which signs it bears, and how much they weigh together.

use crate::client::words;
use crate::factor::Risk;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

words! {
    /// Something about a login that is not like the ones before.
    Sign {
        /// In a browser this person never used here, though they have others.
        NewDevice = "new_device",
        /// From a country this person never signed in from.
        NewCountry = "new_country",
        /// Farther from the last login than anybody travels in the time between.
        ImpossibleTravel = "impossible_travel",
        /// From an address on the operator's list.
        BadNetwork = "bad_network",
        /// After many failures at this account, in a browser that is not known.
        RecentFailures = "recent_failures",
        /// From a network that tries one account after another, in a browser that is not known.
        ManyAccounts = "many_accounts",
    }
}

/// Through what somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// A browser, which may be known.
    Browser,
    /// A program of theirs: it has no cookies, so it is never new, and is where they are.
    Program,
    /// A server of the application: where it is says nothing about them.
    Server,
}

/// A place on earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// North is positive.
    pub latitude: f64,
    /// East is positive.
    pub longitude: f64,
}

/// What is known of a login and of those before it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When it happens.
    pub now: Timestamp,
    /// Through what.
    pub through: Through,
    /// Whether the person signed in in this browser before.
    pub known_browser: bool,
    /// Whether they ever signed in in any.
    pub has_history: bool,
    /// From which country (ISO 3166-1 alpha-2), where that is known.
    pub country: Option<String>,
    /// From which countries they signed in before.
    pub countries: Vec<String>,
    /// From where on earth.
    pub here: Option<Point>,
    /// When and from where they signed in last.
    pub last: Option<(Timestamp, Point)>,
    /// Whether the address is on the operator's list.
    pub bad_network: bool,
    /// Whether the network tries one account after another.
    pub many_accounts: bool,
    /// Failures at the account in the last hour, from everywhere.
    pub failures: i64,
    /// Kilometres an hour a person can travel.
    pub travel_kmh: i64,
}

/// Places nearer than this are one place: addresses are not known more exactly, in kilometres.
const SAME_PLACE_KM: f64 = 300.0;

/// So many failures in an hour are no slip of the fingers.
const MANY_FAILURES: i64 = 10;

/// The mean radius of the earth in kilometres.
const EARTH_KM: f64 = 6371.0;

/// Decides which signs a login bears. Somebody's first login is not compared with anything.
pub fn signs(facts: &Facts) -> Vec<Sign> {
    let mut signs = Vec::new();
    let is_there = facts.through != Through::Server;
    if facts.through == Through::Browser && facts.has_history && !facts.known_browser {
        signs.push(Sign::NewDevice);
    }
    let elsewhere = |country: &String| !facts.countries.is_empty() && !facts.countries.contains(country);
    if is_there && facts.country.as_ref().is_some_and(elsewhere) {
        signs.push(Sign::NewCountry);
    }
    if let (Some(here), Some((then, there))) = (facts.here, facts.last)
        && is_there
        && !is_possible(there, then, here, facts)
    {
        signs.push(Sign::ImpossibleTravel);
    }
    if facts.bad_network {
        signs.push(Sign::BadNetwork);
    }
    if facts.failures >= MANY_FAILURES && !facts.known_browser {
        signs.push(Sign::RecentFailures);
    }
    if facts.many_accounts && !facts.known_browser {
        signs.push(Sign::ManyAccounts);
    }
    signs
}

/// Decides how much the signs weigh together. A journey that nobody can make, and an address or a network that attacks come from, are
/// high each; of the others each is medium alone, and three are high.
pub fn weigh(signs: &[Sign]) -> Risk {
    let grave = |sign: &Sign| {
        matches!(
            sign,
            Sign::ImpossibleTravel | Sign::BadNetwork | Sign::ManyAccounts
        )
    };
    match signs.len() {
        0 => Risk::Low,
        _ if signs.iter().any(grave) => Risk::High,
        1 | 2 => Risk::Medium,
        _ => Risk::High,
    }
}

/// The words of the signs, with commas.
pub fn words_of(signs: &[Sign]) -> String {
    let words: Vec<&str> = signs.iter().map(|sign| sign.word()).collect();
    words.join(",")
}

fn is_possible(there: Point, then: Timestamp, here: Point, facts: &Facts) -> bool {
    let far = distance(there, here);
    // A clock that went back makes nobody faster.
    let hours = facts.now.millis_since(then).max(0) as f64 / 3_600_000.0;
    far <= SAME_PLACE_KM || far <= hours * facts.travel_kmh as f64
}

/// Kilometres along the surface (haversine).
fn distance(a: Point, b: Point) -> f64 {
    let (from, to) = (a.latitude.to_radians(), b.latitude.to_radians());
    let north = ((to - from) / 2.0).sin().powi(2);
    let east = ((b.longitude - a.longitude).to_radians() / 2.0).sin().powi(2);
    let chord = (north + from.cos() * to.cos() * east).clamp(0.0, 1.0);
    2.0 * EARTH_KM * chord.sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKYO: Point = Point {
        latitude: 35.68,
        longitude: 139.69,
    };
    const LONDON: Point = Point {
        latitude: 51.51,
        longitude: -0.13,
    };

    fn usual() -> Facts {
        Facts {
            now: Timestamp::from_seconds(1_000_000),
            through: Through::Browser,
            known_browser: true,
            has_history: true,
            country: Some("JP".to_owned()),
            countries: vec!["JP".to_owned()],
            here: Some(TOKYO),
            last: Some((Timestamp::from_seconds(990_000), TOKYO)),
            bad_network: false,
            many_accounts: false,
            failures: 0,
            travel_kmh: 1000,
        }
    }

    #[test]
    fn a_login_like_the_ones_before_bears_no_sign() {
        assert_eq!(signs(&usual()), []);
        assert_eq!(weigh(&[]), Risk::Low);
        let attacked = Facts {
            failures: 500,
            ..usual()
        };
        assert_eq!(
            signs(&attacked),
            [],
            "an attack on somebody does not make them suspicious"
        );
    }

    #[test]
    fn a_program_is_never_new_and_a_server_is_nowhere() {
        let abroad = Facts {
            known_browser: false,
            country: Some("GB".to_owned()),
            here: Some(LONDON),
            ..usual()
        };
        let through = |through| {
            signs(&Facts {
                through,
                ..abroad.clone()
            })
        };
        let moved = [Sign::NewCountry, Sign::ImpossibleTravel];
        assert_eq!(
            through(Through::Browser),
            [&[Sign::NewDevice], &moved[..]].concat()
        );
        assert_eq!(through(Through::Program), moved);
        assert_eq!(through(Through::Server), []);
        let attacked = Facts {
            through: Through::Server,
            bad_network: true,
            failures: 10,
            many_accounts: true,
            ..abroad.clone()
        };
        let all = [Sign::BadNetwork, Sign::RecentFailures, Sign::ManyAccounts];
        assert_eq!(signs(&attacked), all);
        let owner = Facts {
            many_accounts: true,
            ..usual()
        };
        assert_eq!(
            signs(&owner),
            [],
            "a neighbour's attack does not make the owner suspicious"
        );
        assert_eq!(weigh(&[Sign::ManyAccounts]), Risk::High);
    }

    #[test]
    fn a_first_login_is_not_new() {
        let first = Facts {
            known_browser: false,
            has_history: false,
            countries: Vec::new(),
            last: None,
            ..usual()
        };
        assert_eq!(signs(&first), []);
    }

    #[test]
    fn each_sign_is_seen_alone() {
        let cases = [
            (
                Facts {
                    known_browser: false,
                    ..usual()
                },
                Sign::NewDevice,
                Risk::Medium,
            ),
            (
                Facts {
                    country: Some("GB".to_owned()),
                    ..usual()
                },
                Sign::NewCountry,
                Risk::Medium,
            ),
            (
                Facts {
                    here: Some(LONDON),
                    ..usual()
                },
                Sign::ImpossibleTravel,
                Risk::High,
            ),
            (
                Facts {
                    bad_network: true,
                    ..usual()
                },
                Sign::BadNetwork,
                Risk::High,
            ),
        ];
        for (facts, sign, risk) in cases {
            assert_eq!(signs(&facts), [sign]);
            assert_eq!(weigh(&[sign]), risk, "{sign:?}");
        }
        assert_eq!(weigh(&[Sign::NewDevice, Sign::NewCountry]), Risk::Medium);
        let three = [Sign::NewDevice, Sign::NewCountry, Sign::RecentFailures];
        assert_eq!(weigh(&three), Risk::High);
    }

    #[test]
    fn a_journey_is_possible_when_there_was_time_for_it() {
        assert!(
            (distance(TOKYO, LONDON) - 9560.0).abs() < 60.0,
            "{}",
            distance(TOKYO, LONDON)
        );
        let after = |hours: i64| Facts {
            here: Some(LONDON),
            last: Some((Timestamp::from_seconds(1_000_000 - hours * 3600), TOKYO)),
            ..usual()
        };
        assert_eq!(signs(&after(9)), [Sign::ImpossibleTravel]);
        assert_eq!(signs(&after(10)), []);
        assert_eq!(
            signs(&after(-1)),
            [Sign::ImpossibleTravel],
            "a clock that went back"
        );
        let opposite = Point {
            latitude: -35.68,
            longitude: -40.31,
        };
        assert!((distance(TOKYO, opposite) - EARTH_KM * std::f64::consts::PI).abs() < 1.0);
    }
}
