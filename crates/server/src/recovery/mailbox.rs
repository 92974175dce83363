//! `/dev/mailbox`: the mails of a development server, as their reader would see them. It exists only where `mail.relay = mailbox`,
//! which only a loopback issuer may have.

use crate::http::reply::{Trouble, html};
use crate::http::visit::Visit;
use crate::mail::Post;
use crate::pages::{MailboxMail, MailboxPage};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

/// `GET /dev/mailbox`: all of them; with `mail=N` the N-th as HTML.
pub async fn show(visit: Visit) -> Response {
    let Post::Mailbox(mailbox) = &visit.app.post else {
        return Trouble::NotFound.page(&visit);
    };
    let mails = mailbox.mails();
    let Some(number) = visit.query.hint("mail") else {
        let listed = mails.into_iter().enumerate().map(|(number, mail)| MailboxMail {
            href: format!("/dev/mailbox?mail={number}"),
            to: mail.to,
            subject: mail.subject,
            text: mail.text,
        });
        let page = MailboxPage {
            chrome: visit.chrome(None),
            mails: listed.collect(),
        };
        return html(&page, StatusCode::OK);
    };
    match number
        .parse::<usize>()
        .ok()
        .and_then(|number| mails.into_iter().nth(number))
    {
        Some(mail) => {
            // Mail programs allow inline styles, and nothing else of a page.
            let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
            let headers = [(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))];
            (headers, Html(mail.html)).into_response()
        }
        None => Trouble::NotFound.page(&visit),
    }
}
