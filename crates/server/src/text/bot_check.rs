//! The shape of the words about the bot check.

/// The bot check of a form.
#[derive(Debug)]
pub struct BotCheckText {
    /// Names its place to who cannot see it.
    pub label: &'static str,
    /// Said where scripts are off; the blank is the host the check comes from.
    pub needs_script: fn(&str) -> String,
    /// The form came without an answer.
    pub missing: &'static str,
    /// The answer was wrong, too old, or used before.
    pub refused: &'static str,
}
