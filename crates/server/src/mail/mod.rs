//! Mail: a letter in the reader's language, rendered as HTML and as text, on its way through a relay or into the mailbox page of a
//! development server. What is written in it is `text`'s; when it is sent is the features'.

pub mod letters;
mod mailbox;
mod smtp;

use crate::config::{Config, Mail};
use crate::pages::{Letter, LetterHtml, LetterText};
use crate::text::Language;
use anyhow::{Context as _, Result};
use askama::Template as _;
use lettre::message::{Mailbox as Address, MultiPart};
use lettre::{Address as Route, Message};
use serde::{Deserialize, Serialize};

pub use mailbox::{Kept, Mailbox};
use smtp::Relay;

/// Where mail goes.
pub enum Post {
    /// Nowhere: nothing is configured.
    None,
    /// Into the mailbox page.
    Mailbox(Mailbox),
    /// Through a relay.
    Relay(Box<Relay>),
}

/// One mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// To whom, an address alone.
    pub to: String,
    /// What it says.
    pub letter: Letter,
    /// In which language.
    pub language: Language,
}

impl Post {
    /// Opens what the settings say. A relay is not called until there is mail.
    ///
    /// # Errors
    /// When the relay's certificate file cannot be read.
    pub fn open(config: &Config) -> Result<Self> {
        Ok(match &config.mail {
            Mail::None => Self::None,
            Mail::Mailbox => Self::Mailbox(Mailbox::default()),
            Mail::Smtp(settings) => Self::Relay(Box::new(Relay::open(settings)?)),
        })
    }

    /// Whether mail can be sent at all.
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// The page that shows the mails, where they are not sent.
    pub fn mailbox_url(&self) -> Option<String> {
        matches!(self, Self::Mailbox(_)).then(|| "/dev/mailbox".to_owned())
    }

    /// Sends one mail. `id` names it, so that a mail sent twice can be told (RFC 5322 section 3.6.4).
    ///
    /// # Errors
    /// When it cannot be written, or the relay does not take it; trying again later may help.
    pub async fn send(&self, tenant: &str, id: &str, envelope: &Envelope) -> Result<()> {
        let html = LetterHtml::new(tenant, envelope.language, &envelope.letter).render()?;
        let text = LetterText::new(tenant, &envelope.letter).render()?;
        match self {
            Self::None => anyhow::bail!("no mail relay is configured"),
            Self::Mailbox(mailbox) => {
                mailbox.keep(Kept {
                    to: envelope.to.clone(),
                    subject: envelope.letter.subject.clone(),
                    html,
                    text,
                });
                Ok(())
            }
            Self::Relay(relay) => {
                let to: Route = envelope.to.parse().context("the address cannot be written to")?;
                let message = Message::builder()
                    .from(relay.from().clone())
                    .to(Address::new(None, to))
                    .message_id(Some(format!("<{id}@{}>", relay.from().email.domain())))
                    .subject(&envelope.letter.subject)
                    // So that no absence note answers (RFC 3834 section 5).
                    .header(AutoSubmitted)
                    .multipart(MultiPart::alternative_plain_html(text, html))?;
                relay.send(message).await
            }
        }
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
