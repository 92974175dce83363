//! The buttons of other services on the sign-in and sign-up pages, and what came of the last try.

use super::Open;
use crate::http::visit::Visit;
use crate::pages::{Setback, SocialBlock, SocialButton, SocialTrouble};

/// What these pages show of other services.
pub(super) fn block(visit: &Visit, open: &Open) -> SocialBlock {
    let offered = &open.offered;
    let back_from = visit.query.hint("at");
    let service = offered
        .iter()
        .find(|connection| Some(connection.name.as_str()) == back_from)
        .map(|connection| connection.display_name().to_owned());
    let what = visit.query.hint("upstream").and_then(Setback::from_word);
    SocialBlock {
        buttons: offered
            .iter()
            .map(|connection| SocialButton {
                name: connection.display_name().to_owned(),
                // The name needs no escaping: letters, digits, hyphens and underscores.
                href: format!(
                    "{}&connection={}",
                    visit.link("/u/upstream", &open.handle),
                    connection.name
                ),
            })
            .collect(),
        trouble: what.map(|what| SocialTrouble { what, service }),
    }
}
