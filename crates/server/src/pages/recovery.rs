//! The pages around mails: asking for one, what its link opens, and what was done.

use askama::Template;

use super::fields::Errors;
use super::{Asset, BotWidget, Chrome, SignupProblem, SocialBlock};

/// Why an address is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// To choose a new password.
    Reset,
    /// To make an account.
    Join,
}

/// Ask for an address to write to. The form posts `state`, `csrf` and `email` to `action`.
#[derive(Debug, Template)]
#[template(path = "ask.html")]
pub struct AskPage {
    /// The frame.
    pub chrome: Chrome,
    /// Why.
    pub asking: Asking,
    /// Where the form is sent.
    pub action: String,
    /// The journey, sealed; empty when there is none.
    pub state: String,
    /// The form token; empty when there is no journey.
    pub csrf: String,
    /// What was entered before.
    pub email: String,
    /// What was wrong with the last attempt.
    pub problems: Vec<SignupProblem>,
    /// Back to the sign-in page, when there is a journey.
    pub back_url: Option<String>,
    /// Other services, where an account is made.
    pub social: SocialBlock,
    /// The bot check, where one is due.
    pub bot_check: Option<BotWidget>,
}

/// A mail was asked for. The page is the same whether or not there is an account.
#[derive(Debug, Template)]
#[template(path = "sent.html")]
pub struct SentPage {
    /// The frame.
    pub chrome: Chrome,
    /// To whom.
    pub email: String,
    /// The mailbox of a development server.
    pub mailbox_url: Option<String>,
    /// Back to the sign-in page, when there is a journey.
    pub back_url: Option<String>,
}

/// What a chosen password is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choosing {
    /// A new account.
    Join,
    /// An account that had another.
    Reset,
}

/// Choose a password. The form posts `ticket` and `password` to `action`.
#[derive(Debug, Template)]
#[template(path = "choose.html")]
pub struct ChoosePage {
    /// The frame.
    pub chrome: Chrome,
    /// What for.
    pub choosing: Choosing,
    /// For whom.
    pub email: String,
    /// Where the form is sent.
    pub action: String,
    /// The ticket from the link.
    pub ticket: String,
    /// The least number of characters.
    pub shortest_password: usize,
    /// What was wrong with the last attempt.
    pub problems: Vec<SignupProblem>,
}

/// Prove an address with one press: a mail scanner that opens links presses nothing. The form posts `ticket` to `action`.
#[derive(Debug, Template)]
#[template(path = "prove.html")]
pub struct ProvePage {
    /// The frame.
    pub chrome: Chrome,
    /// Which address.
    pub email: String,
    /// Where the form is sent.
    pub action: String,
    /// The ticket from the link.
    pub ticket: String,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A password was saved.
    Password,
    /// An account was made.
    Joined,
    /// An address was proven.
    Proven,
    /// Sign-ins from a network are open again.
    Unblocked,
}

/// It is done, and there is no journey to go on with.
#[derive(Debug, Template)]
#[template(path = "done.html")]
pub struct DonePage {
    /// The frame.
    pub chrome: Chrome,
    /// What.
    pub done: Done,
    /// The account page.
    pub account_url: String,
}

impl AskPage {
    fn errors(&self) -> Errors {
        errors(&self.chrome, &self.problems, 0)
    }

    fn joins(&self) -> bool {
        self.asking == Asking::Join
    }
}

impl ChoosePage {
    fn errors(&self) -> Errors {
        errors(&self.chrome, &self.problems, self.shortest_password)
    }

    fn password_rule(&self) -> String {
        (self.chrome.text.signup.password_rule)(self.shortest_password)
    }

    fn joins(&self) -> bool {
        self.choosing == Choosing::Join
    }
}

impl DonePage {
    fn title(&self) -> &'static str {
        let text = &self.chrome.text.recovery;
        match self.done {
            Done::Password => text.done_password_title,
            Done::Joined => text.done_joined_title,
            Done::Proven => text.done_proven_title,
            Done::Unblocked => self.chrome.text.attacks.unblocked_title,
        }
    }

    fn said(&self) -> &'static str {
        let text = &self.chrome.text.recovery;
        match self.done {
            Done::Password => text.done_password,
            Done::Joined => text.done_joined,
            Done::Proven => text.done_proven,
            Done::Unblocked => self.chrome.text.attacks.unblocked,
        }
    }
}

fn errors(chrome: &Chrome, problems: &[SignupProblem], shortest: usize) -> Errors {
    Errors(
        problems
            .iter()
            .map(|problem| problem.said(chrome.text, shortest))
            .collect(),
    )
}
