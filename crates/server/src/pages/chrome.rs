//! What stands around every page: the language, the name of the place, the language switch.

use super::Asset;
use crate::text::{Language, Text};

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// The words, and with them the language.
    pub text: &'static Text,
    /// The name of this identity provider as people know it: the tenant's, else "Sekisho".
    pub tenant: String,
    /// The id of this request in the logs; shown on error pages.
    pub request_id: String,
    /// What stands before the path of an asset: nothing, but on the host of an application behind the gateway, where only paths below
    /// `/.sekisho` reach us.
    pub assets_below: &'static str,
    /// Where each language shows this same page; empty on a page that a GET cannot show again.
    pub languages: Vec<LanguageLink>,
}

/// One choice of the language switch.
#[derive(Clone, Debug)]
pub struct LanguageLink {
    /// The language.
    pub language: Language,
    /// The page's own address with `ui_locales` set to it.
    pub href: String,
}

impl Chrome {
    /// The path of an asset on the host this page is shown at.
    pub(super) fn asset(&self, asset: Asset) -> String {
        format!("{}{}", self.assets_below, asset.url())
    }

    /// Whether this is the language being shown.
    pub(super) fn shows(&self, language: &Language) -> bool {
        self.text.language == *language
    }
}
