//! The sections there are, and the frame of each.

use super::Person;
use crate::http::reply::see_other;
use crate::http::visit::Visit;
use crate::pages::{AccountFrame, Section, SectionLink};
use axum::response::Response;

/// The sections that have a page, with their paths. A section that is not here is not linked to; the order is that of the enum.
const SECTIONS: &[(Section, &str)] = &[
    (Section::Overview, "/account"),
    (Section::Factors, "/account/factors"),
    (Section::Passkeys, "/account/passkeys"),
    (Section::Profile, "/account/profile"),
    (Section::Password, "/account/password"),
    (Section::Email, "/account/email"),
    (Section::Connections, "/account/connections"),
    (Section::Apps, "/account/apps"),
    (Section::Data, "/account/data"),
];

/// The frame of a section for this person. `notice` is what they have just done, in our words.
pub(super) fn frame(
    visit: &Visit,
    person: &Person,
    here: Section,
    notice: Option<&'static str>,
) -> AccountFrame {
    let sections = SECTIONS.iter().map(|(section, path)| SectionLink {
        section: *section,
        href: visit.page(path),
    });
    let mut sections: Vec<SectionLink> = sections.collect();
    sections.sort_by_key(|link| link.section);
    AccountFrame {
        here,
        sections,
        home: visit.page("/account"),
        name: person.user.name.clone(),
        email: person.user.shown().to_owned(),
        has_address: person.user.address().is_some(),
        notice,
        refused: None,
        below: None,
        csrf: person.form_token.clone(),
    }
}

/// Back to a section after a change; `word` stands for what was done and is looked up there, never shown.
pub(super) fn done(visit: &Visit, path: &str, word: &str) -> Response {
    see_other(&visit.page(&format!("{path}?done={word}")))
}
