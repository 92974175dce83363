//! The bot check: when a form needs one, and what the answer of the service that made it is worth.

/// Failures in a row at one account from one network after which a check is due.
const FAILED_HERE: i64 = 3;
/// Failures from one network at any accounts after which it is.
const FAILED_FROM_NETWORK: i64 = 5;
/// Failures at one account from everywhere after which it is, in a browser that is not the owner's.
const FAILED_AT_ACCOUNT: i64 = 10;
/// From this score on somebody is taken for a person, where a service gives scores: 0 is a program, 1 a person.
const LEAST_SCORE: f64 = 0.5;

/// When a check is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// On every form.
    Always,
    /// After failures, and for networks that attacks come from.
    Risky,
}

/// What is known of an attempt before anything is checked. Where nothing is counted, it is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Failures in a row at the account from this network.
    pub failed_here: i64,
    /// Failures from this network at any accounts, lately.
    pub failed_from_network: i64,
    /// Failures at the account from everywhere, lately.
    pub failed_at_account: i64,
    /// Whether the owner of the account signed in in this browser before.
    pub known_browser: bool,
    /// Whether the network tries one account after another.
    pub many_accounts: bool,
    /// Whether the address is on the operator's list.
    pub bad_network: bool,
}

/// Decides whether a form needs a check.
pub fn is_due(when: When, facts: &Facts) -> bool {
    match when {
        When::Always => true,
        When::Risky => {
            facts.bad_network
                || facts.many_accounts
                || facts.failed_here >= FAILED_HERE
                || facts.failed_from_network >= FAILED_FROM_NETWORK
                || (facts.failed_at_account >= FAILED_AT_ACCOUNT && !facts.known_browser)
        }
    }
}

/// What the service says of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Whether it is one, and was not shown before.
    pub success: bool,
    /// On which host it was given; `None` where the service does not say.
    pub hostname: Option<String>,
    /// How much like a person, from 0 to 1, where the service says.
    pub score: Option<f64>,
    /// Why it is none.
    pub codes: Vec<String>,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A person gave it, here.
    Person,
    /// It proves nothing: absent, wrong, too old, shown before, or given elsewhere. The words are for the operator.
    Nobody(&'static str),
    /// The service does not work, or does not know us: nothing is known. The words are for the operator.
    Unknown(&'static str),
}

/// Decides what an answer is worth. `hosts` are ours; empty where an answer from anywhere is good enough, for a developer's keys.
///
/// Only what nobody at a browser can bring about counts as a service that does not work: else a made-up answer would be a way around it.
pub fn judge(answer: &Answer, hosts: &[String]) -> Outcome {
    let says = |code: &str| answer.codes.iter().any(|said| said == code);
    if says("missing-input-secret") || says("invalid-input-secret") {
        return Outcome::Unknown("the service does not know our secret");
    }
    if says("internal-error") {
        return Outcome::Unknown("the service says that it does not work");
    }
    if !answer.success {
        return Outcome::Nobody(match answer.codes.iter().any(|code| is_used(code)) {
            true => "the answer is too old or was shown before",
            false => "the answer is none",
        });
    }
    if let Some(given_on) = &answer.hostname
        && !hosts.is_empty()
        && !hosts.iter().any(|ours| ours.eq_ignore_ascii_case(given_on))
    {
        return Outcome::Nobody("the answer was given on another host");
    }
    match answer.score {
        Some(score) if score < LEAST_SCORE || score.is_nan() => {
            Outcome::Nobody("the score is that of a program")
        }
        _ => Outcome::Person,
    }
}

fn is_used(code: &str) -> bool {
    matches!(
        code,
        "timeout-or-duplicate"
            | "expired-input-response"
            | "already-seen-response"
            | "invalid-or-already-seen-response"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Answer {
        Answer {
            success: true,
            hostname: Some("Login.example".to_owned()),
            ..Answer::default()
        }
    }

    fn failed(code: &str) -> Answer {
        Answer {
            codes: vec![code.to_owned()],
            ..Answer::default()
        }
    }

    #[test]
    fn risk_alone_makes_a_check_due_and_one_slip_does_not() {
        let calm = Facts {
            failed_here: 2,
            failed_from_network: 4,
            failed_at_account: 9,
            ..Facts::default()
        };
        assert!(!is_due(When::Risky, &calm) && is_due(When::Always, &calm));
        let due = [
            Facts {
                failed_here: 3,
                ..calm
            },
            Facts {
                failed_from_network: 5,
                ..calm
            },
            Facts {
                failed_at_account: 10,
                ..calm
            },
            Facts {
                many_accounts: true,
                ..calm
            },
            Facts {
                bad_network: true,
                ..calm
            },
        ];
        for facts in due {
            assert!(is_due(When::Risky, &facts), "{facts:?}");
        }
        let owner = Facts {
            failed_at_account: 500,
            known_browser: true,
            ..Facts::default()
        };
        assert!(!is_due(When::Risky, &owner), "strangers do not trouble the owner");
    }

    #[test]
    fn an_answer_counts_only_when_it_was_given_here_and_once() {
        let hosts = ["login.example".to_owned()];
        assert_eq!(judge(&person(), &hosts), Outcome::Person);
        let elsewhere = Answer {
            hostname: Some("evil.example".to_owned()),
            ..person()
        };
        assert!(matches!(judge(&elsewhere, &hosts), Outcome::Nobody(_)));
        assert_eq!(judge(&elsewhere, &[]), Outcome::Person, "a developer's keys");
        for code in [
            "timeout-or-duplicate",
            "invalid-input-response",
            "missing-input-response",
            "",
            "bad-request",
        ] {
            assert!(
                matches!(judge(&failed(code), &hosts), Outcome::Nobody(_)),
                "{code}"
            );
        }
        let scored = |score| Answer {
            score: Some(score),
            ..person()
        };
        assert!(matches!(judge(&scored(0.3), &hosts), Outcome::Nobody(_)));
        assert!(matches!(judge(&scored(f64::NAN), &hosts), Outcome::Nobody(_)));
        assert_eq!(judge(&scored(0.5), &hosts), Outcome::Person);
    }

    #[test]
    fn threat_10_nothing_a_visitor_sends_looks_like_a_service_that_is_down() {
        for code in ["sitekey-secret-mismatch", "bad-request", "invalid-input-response"] {
            assert!(
                !matches!(judge(&failed(code), &[]), Outcome::Unknown(_)),
                "{code}"
            );
        }
        for code in ["invalid-input-secret", "missing-input-secret", "internal-error"] {
            assert!(matches!(judge(&failed(code), &[]), Outcome::Unknown(_)), "{code}");
        }
    }
}
