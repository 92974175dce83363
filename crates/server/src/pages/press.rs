//! Pages behind the links of mails about attacks: one button, because mail scanners open links and press nothing.

use askama::Template;

use super::{Asset, Chrome};
use crate::text::Around;

/// What the button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Lets a network try to sign in again.
    Unblock,
    /// Ends a sign-in that was not the owner's, and leads to a new password.
    NotMe,
}

/// One button. The form posts `ticket` to `action`.
#[derive(Debug, Template)]
#[template(path = "press.html")]
pub struct PressPage {
    /// The frame.
    pub chrome: Chrome,
    /// What it does.
    pub press: Press,
    /// The network, or the address of the account.
    pub about: String,
    /// Where the form is sent.
    pub action: String,
    /// The ticket from the link.
    pub ticket: String,
}

impl PressPage {
    fn title(&self) -> &'static str {
        let text = &self.chrome.text.attacks;
        match self.press {
            Press::Unblock => text.unblock_title,
            Press::NotMe => text.not_me_title,
        }
    }

    fn lead(&self) -> Around {
        let text = &self.chrome.text.attacks;
        match self.press {
            Press::Unblock => text.unblock_lead,
            Press::NotMe => text.not_me_lead,
        }
    }

    fn what(&self) -> &'static str {
        let text = &self.chrome.text.attacks;
        match self.press {
            Press::Unblock => text.unblock_only,
            Press::NotMe => text.not_me_does,
        }
    }

    /// What to do when the button is not for the reader; empty when that was said.
    fn otherwise(&self) -> &'static str {
        match self.press {
            Press::Unblock => "",
            Press::NotMe => self.chrome.text.attacks.not_me_otherwise,
        }
    }

    fn submit(&self) -> &'static str {
        let text = &self.chrome.text.attacks;
        match self.press {
            Press::Unblock => text.unblock_submit,
            Press::NotMe => text.not_me_submit,
        }
    }
}
