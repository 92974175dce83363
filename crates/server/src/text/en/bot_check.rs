//! The bot check in English.

use crate::text::BotCheckText;

pub(super) const BOT_CHECK: BotCheckText = BotCheckText {
    label: "Check that you are a person",
    needs_script: |host| {
        format!(
            "To check that you are a person, this page needs JavaScript. Switch it on here and for {host}, then load the page again."
        )
    },
    missing: "Please complete the check that you are a person, then send the form again. If you see no check, allow JavaScript on this \
              page and load it again.",
    refused: "The check that you are a person has expired or did not work. Please complete it again, then send the form.",
};
