//! What stands around every section of the account page: who it is, the way to the other sections, and what was just done.

use crate::text::Account;

/// A part of the account page, each at an address of its own, in the order of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Where the person is signed in.
    Overview,
    /// Name, picture, language.
    Profile,
    /// The address.
    Email,
    /// The password.
    Password,
    /// Authenticator applications and recovery codes.
    Factors,
    /// Passkeys.
    Passkeys,
    /// Accounts elsewhere that open this one.
    Connections,
    /// Applications that were let in.
    Apps,
    /// What is stored about the person, and the end of it.
    Data,
}

impl Section {
    /// What the navigation calls it.
    pub fn label(self, text: &Account) -> &'static str {
        let names = &text.sections;
        match self {
            Self::Overview => names.overview,
            Self::Profile => names.profile,
            Self::Email => names.email,
            Self::Password => names.password,
            Self::Factors => names.factors,
            Self::Passkeys => names.passkeys,
            Self::Connections => names.connections,
            Self::Apps => names.apps,
            Self::Data => names.data,
        }
    }
}

/// A line of the navigation.
#[derive(Clone, Debug)]
pub struct SectionLink {
    /// Where it leads.
    pub section: Section,
    /// Its address.
    pub href: String,
}

/// A page that a section leads to.
#[derive(Clone, Debug)]
pub struct BelowSection {
    /// Its title.
    pub title: &'static str,
    /// The address of the section, to go back to.
    pub back: String,
}

/// The frame of a section. Its template extends `account/frame.html`, and fills in its block `section`.
#[derive(Clone, Debug)]
pub struct AccountFrame {
    /// Which section this is.
    pub here: Section,
    /// The sections there are.
    pub sections: Vec<SectionLink>,
    /// The address of the first one, which a phone goes back to.
    pub home: String,
    /// The person's name.
    pub name: String,
    /// Their address; the name where they have none.
    pub email: String,
    /// Whether they have an address.
    pub has_address: bool,
    /// What they have just done: one of our own sentences, never text from a request.
    pub notice: Option<&'static str>,
    /// Why that could not be done.
    pub refused: Option<&'static str>,
    /// A page below the section.
    pub below: Option<BelowSection>,
    /// The form token.
    pub csrf: String,
}

impl AccountFrame {
    /// The same, where the notice says why something could not be done.
    #[must_use]
    pub fn refused(mut self) -> Self {
        self.refused = self.notice.take();
        self
    }

    /// The same for a page below the section.
    #[must_use]
    pub fn below(mut self, title: &'static str, back: String) -> Self {
        self.below = Some(BelowSection { title, back });
        self
    }

    /// The heading, which is the title too.
    pub(in crate::pages) fn title(&self, text: &Account) -> &'static str {
        match &self.below {
            Some(page) => page.title,
            None if self.is_home() => text.title,
            None => self.here.label(text),
        }
    }

    pub(in crate::pages) fn is_home(&self) -> bool {
        self.here == Section::Overview
    }

    pub(in crate::pages) fn is_here(&self, link: &SectionLink) -> bool {
        self.here == link.section
    }
}
