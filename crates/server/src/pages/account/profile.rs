//! The section of the profile.

use askama::Template;
use sekisho_rules::profile::{Field, NAME_CHARACTERS, Problem, Profile};

use super::AccountFrame;
use crate::pages::{Asset, Chrome};
use crate::text::Language;

/// What a person says about themselves. The form posts `csrf`, `name`, `given_name`, `family_name`, `nickname`, `picture` and `locale` to
/// `action`.
#[derive(Debug, Template)]
#[template(path = "account/profile.html")]
pub struct AccountProfilePage {
    /// The frame.
    pub chrome: Chrome,
    /// The frame of the section.
    pub frame: AccountFrame,
    /// Where the form is sent.
    pub action: String,
    /// What the fields hold.
    pub profile: Profile,
    /// What was wrong with the last attempt.
    pub problems: Vec<Problem>,
}

/// A line of text to be filled in.
struct Line {
    id: &'static str,
    label: &'static str,
    value: String,
    rule: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    wrong: String,
}

impl AccountProfilePage {
    /// The fields, the names in the order in which the language says them.
    fn lines(&self) -> [Line; 5] {
        let [name, family, given, nickname, picture] = self.family_first();
        match self.chrome.text.language {
            Language::Ja => [name, family, given, nickname, picture],
            Language::En => [name, given, family, nickname, picture],
        }
    }

    fn family_first(&self) -> [Line; 5] {
        let text = &self.chrome.text.account_profile;
        let held = |value: &'_ Option<String>| value.clone().unwrap_or_default();
        let line = |field, id, label, autocomplete| Line {
            id,
            label,
            value: String::new(),
            rule: "",
            kind: "text",
            autocomplete,
            wrong: self.wrong(field),
        };
        let profile = &self.profile;
        [
            Line {
                value: profile.name.clone(),
                rule: text.name_rule,
                ..line(Field::Name, "name", text.name, "name")
            },
            Line {
                value: held(&profile.family_name),
                ..line(Field::FamilyName, "family_name", text.family_name, "family-name")
            },
            Line {
                value: held(&profile.given_name),
                ..line(Field::GivenName, "given_name", text.given_name, "given-name")
            },
            Line {
                value: held(&profile.nickname),
                ..line(Field::Nickname, "nickname", text.nickname, "nickname")
            },
            Line {
                value: held(&profile.picture),
                rule: text.picture_rule,
                kind: "url",
                ..line(Field::Picture, "picture", text.picture, "photo")
            },
        ]
    }

    fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    fn has_chosen(&self, language: &Language) -> bool {
        self.profile.locale.as_deref() == Some(language.tag())
    }

    fn wrong_locale(&self) -> String {
        self.wrong(Field::Locale)
    }

    /// What is wrong with a field, in words; empty when nothing is.
    fn wrong(&self, field: Field) -> String {
        let text = &self.chrome.text.account_profile;
        let said = self.problems.iter().find_map(|problem| match problem {
            Problem::TooLong(of) if *of == field => Some((text.too_long)(NAME_CHARACTERS)),
            Problem::Unprintable(of) if *of == field => Some(text.unprintable.to_owned()),
            Problem::NotSecure if field == Field::Picture => Some(text.not_secure.to_owned()),
            Problem::UnknownLocale if field == Field::Locale => Some(text.unknown_locale.to_owned()),
            _ => None,
        });
        said.unwrap_or_default()
    }
}
