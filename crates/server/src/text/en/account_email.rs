//! The account page's section of the address, in English.

use crate::text::{AccountEmail, Around};

pub(super) const EMAIL: AccountEmail = AccountEmail {
    present: Around {
        before: "Your address is ",
        after: ".",
    },
    change: "Use another address",
    submit: "Send a link to it",
    what_happens: "We write to the new address. Nothing changes until you open the link there. Then you are signed out everywhere but in \
                   the browser that opened it, and both addresses are told.",
    sent: "We have written to the new address. Open the link in that mail within an hour.",
    same: "That is your address already.",
};
