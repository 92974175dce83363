//! The mailbox of a development server: the latest mails, in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Mails that are kept; older ones are forgotten.
const KEPT: usize = 50;

/// A mail as it would have been sent.
#[derive(Clone, Debug)]
pub struct Kept {
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its HTML part.
    pub html: String,
    /// Its text part.
    pub text: String,
}

/// The latest mails, newest first.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<VecDeque<Kept>>);

impl Mailbox {
    /// Keeps a mail.
    pub(super) fn keep(&self, mail: Kept) {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mails.push_front(mail);
        mails.truncate(KEPT);
    }

    /// The mails, newest first.
    pub fn mails(&self) -> Vec<Kept> {
        let mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().cloned().collect()
    }
}
