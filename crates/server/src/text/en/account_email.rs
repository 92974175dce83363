//! The account page's section of the address, in English.

use crate::text::{AccountEmail, Around};

pub(super) const EMAIL: AccountEmail = AccountEmail {
    present: Around {
        before: "Your address is ",
        after: ".",
    },
    none: "Your account has no e-mail address yet.",
    change: "Use another address",
    new: "New e-mail address",
    submit: "Send the link",
    what_happens: "We send a link to the new address. Nothing changes until you open it. Then you are signed out everywhere but in the \
                   browser that opened it, and both addresses are told.",
    sent: "We have written to the new address. Open the link in that mail within an hour.",
    same: "That is your address already.",
    too_many: "Too many mails were asked for from here. Wait an hour, then try again.",
};
