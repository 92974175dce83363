//! What can go wrong, in English: what happened, then what the reader can do.

use crate::text::{Explanation, Problems};

/// What to do when only the application's makers can mend it.
const TELL_THE_MAKERS: &str = "You did nothing wrong. Please tell the people who run the application.";

pub(super) const PROBLEMS: Problems = Problems {
    detail: "Details for developers",
    go_back: "Back to the application",
    to_sign_in: "Go to sign-in",
    bad_request: Explanation {
        title: "This request can’t be understood",
        what: "Something in the address or the form is missing or malformed.",
        remedy: "Go back to the application and start again.",
    },
    unknown_client: Explanation {
        title: "Unknown application",
        what: "The application that sent you here is not registered, or has been turned off.",
        remedy: TELL_THE_MAKERS,
    },
    bad_redirect: Explanation {
        title: "This return address isn’t allowed",
        what: "The application asked us to send you to an address it has not registered, so we stopped here.",
        remedy: TELL_THE_MAKERS,
    },
    expired_journey: Explanation {
        title: "This sign-in has expired",
        what: "It was left open too long, or it has already been used.",
        remedy: "Go back to the application and sign in again.",
    },
    dead_link: Explanation {
        title: "This link no longer works",
        what: "It was used already, is too old, or was cut off in the mail.",
        remedy: "Ask for a new one on the sign-in page.",
    },
    other_browser: Explanation {
        title: "Please start again",
        what: "This sign-in was started in another browser, or this browser is blocking cookies.",
        remedy: "Allow cookies for this site, then go back to the application and sign in again.",
    },
    forbidden: Explanation {
        title: "This form couldn’t be accepted",
        what: "We couldn’t confirm that it was sent from our own page.",
        remedy: "Go back to the application and start again.",
    },
    not_found: Explanation {
        title: "Page not found",
        what: "There is nothing at this address.",
        remedy: "Check the address, or start again from the application you want to use.",
    },
    method_not_allowed: Explanation {
        title: "That isn’t possible here",
        what: "This address exists, but not for this kind of request.",
        remedy: "Start again from the application you want to use.",
    },
    timed_out: Explanation {
        title: "That took too long",
        what: "Your request didn’t arrive in time.",
        remedy: "Check your connection and try again.",
    },
    too_large: Explanation {
        title: "That was too much at once",
        what: "The request is larger than we accept.",
        remedy: "Shorten what you entered and try again.",
    },
    wrong_media_type: Explanation {
        title: "This format isn’t accepted",
        what: "The request was sent in a format this address doesn’t understand.",
        remedy: TELL_THE_MAKERS,
    },
    wrong_host: Explanation {
        title: "Wrong address",
        what: "This server isn’t responsible for the host name in the address.",
        remedy: "Check the address, or start again from the application you want to use.",
    },
    too_many_requests: Explanation {
        title: "Too many requests",
        what: "There were too many requests in a short time.",
        remedy: "Wait a few minutes and try again.",
    },
    fault: Explanation {
        title: "Something went wrong",
        what: "An error happened on our side. It isn’t your fault.",
        remedy: "Try again in a moment. If it keeps happening, tell support the request ID below.",
    },
    unavailable: Explanation {
        title: "We’ll be right back",
        what: "The service is not available at the moment.",
        remedy: "Wait a moment and try again.",
    },
};
