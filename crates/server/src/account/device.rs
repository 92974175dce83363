//! What a `User-Agent` says about a device, as far as it helps a person to know it again. It is a claim of the browser, no fact.

/// Browser and system, as they call themselves; either may be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) browser: Option<String>,
    pub(super) system: Option<String>,
}

impl Device {
    /// Reads a `User-Agent`.
    pub(super) fn of(user_agent: &str) -> Self {
        let known = |name: &str| (name != woothee::woothee::VALUE_UNKNOWN).then(|| name.to_owned());
        match woothee::parser::Parser::new().parse(user_agent) {
            None => Self {
                browser: None,
                system: None,
            },
            Some(read) => Self {
                browser: known(read.name),
                system: known(read.os),
            },
        }
    }
}
