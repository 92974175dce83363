//! Which of two contradicting contracts the answers follow. Read only where answers are written and claims are chosen.

/// The contract of the wire, one setting for the whole issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// What Auth0's SDKs expect, where it differs from the specifications; the default.
    #[default]
    Auth0,
    /// What the specifications and the official conformance plans say.
    Standard,
}

impl Wire {
    /// Every value, in order.
    pub const ALL: &'static [Self] = &[Self::Auth0, Self::Standard];

    /// The word in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auth0 => "auth0",
            Self::Standard => "standard",
        }
    }

    /// From that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|wire| wire.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for wire in Wire::ALL {
            assert_eq!(Wire::from_word(wire.word()), Some(*wire));
        }
        assert_eq!(Wire::from_word("Auth0"), None);
        assert_eq!(Wire::default(), Wire::Auth0);
    }
}
