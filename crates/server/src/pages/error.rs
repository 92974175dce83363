//! The page for everything that went wrong before there was an application to tell.

use askama::Template;

use super::{Asset, Chrome, ReturnLink, link};
use crate::text::Explanation;

/// Say what went wrong and what to do.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The frame.
    pub chrome: Chrome,
    /// What went wrong.
    pub problem: Problem,
    /// Public facts for the application's makers, such as `redirect_uri https://... is not registered`. In
    /// English, never a secret and never a private reason.
    pub detail: Option<String>,
    /// The way back, if one is known to be safe.
    pub back: Option<ReturnLink>,
    /// The sign-in page, where it helps.
    pub sign_in: Option<String>,
}

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The request makes no sense (400).
    BadRequest,
    /// No such application, or it is disabled (400).
    UnknownClient,
    /// The redirect URI is not registered (400).
    BadRedirect,
    /// The journey is too old or was used (400).
    ExpiredJourney,
    /// A link from a mail is used up or too old (400).
    DeadLink,
    /// The journey's cookie is missing or another (400).
    OtherBrowser,
    /// Not sent from our own page (403).
    Forbidden,
    /// Nothing here (404).
    NotFound,
    /// Not with this method (405).
    MethodNotAllowed,
    /// The body did not arrive in time (408).
    TimedOut,
    /// Body or address too large (413).
    TooLarge,
    /// Unknown content type (415).
    WrongMediaType,
    /// A host that is not ours (421).
    WrongHost,
    /// Too many requests (429).
    TooManyRequests,
    /// Our fault (500).
    Fault,
    /// Not now (503).
    Unavailable,
}

impl Problem {
    /// Every problem.
    pub const ALL: [Self; 16] = [
        Self::BadRequest,
        Self::UnknownClient,
        Self::BadRedirect,
        Self::ExpiredJourney,
        Self::DeadLink,
        Self::OtherBrowser,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TimedOut,
        Self::TooLarge,
        Self::WrongMediaType,
        Self::WrongHost,
        Self::TooManyRequests,
        Self::Fault,
        Self::Unavailable,
    ];

    /// The status the page is answered with (RFC 9110 section 15).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest
            | Self::UnknownClient
            | Self::BadRedirect
            | Self::ExpiredJourney
            | Self::DeadLink
            | Self::OtherBrowser => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TimedOut => 408,
            Self::TooLarge => 413,
            Self::WrongMediaType => 415,
            Self::WrongHost => 421,
            Self::TooManyRequests => 429,
            Self::Fault => 500,
            Self::Unavailable => 503,
        }
    }
}

impl ErrorPage {
    fn explanation(&self) -> &'static Explanation {
        let problems = &self.chrome.text.problems;
        match self.problem {
            Problem::BadRequest => &problems.bad_request,
            Problem::UnknownClient => &problems.unknown_client,
            Problem::BadRedirect => &problems.bad_redirect,
            Problem::ExpiredJourney => &problems.expired_journey,
            Problem::DeadLink => &problems.dead_link,
            Problem::OtherBrowser => &problems.other_browser,
            Problem::Forbidden => &problems.forbidden,
            Problem::NotFound => &problems.not_found,
            Problem::MethodNotAllowed => &problems.method_not_allowed,
            Problem::TimedOut => &problems.timed_out,
            Problem::TooLarge => &problems.too_large,
            Problem::WrongMediaType => &problems.wrong_media_type,
            Problem::WrongHost => &problems.wrong_host,
            Problem::TooManyRequests => &problems.too_many_requests,
            Problem::Fault => &problems.fault,
            Problem::Unavailable => &problems.unavailable,
        }
    }
}
