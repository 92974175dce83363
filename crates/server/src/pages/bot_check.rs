//! The part of a form where a service checks that a person fills it in. Its script is the only one of a page that is not ours.

/// A bot check. The provider's script draws it and adds a field with the answer to the form around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotWidget {
    /// The provider's script.
    pub script: String,
    /// The class by which the script finds its place.
    pub class: &'static str,
    /// The site key.
    pub site_key: String,
    /// Where the script comes from, as people may allow it in their browser.
    pub host: String,
}
