//! How mail leaves.

use lettre::message::Mailbox;

use super::value::{ConfigError, Setting, Value};

/// How mail leaves: through a relay of yours, which also signs it (DKIM).
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct MailSection {
    /// The relay. `smtps://user:password@host` speaks TLS from the start (port 465), `smtp://user:password@host` must
    /// be able to switch to TLS (STARTTLS, port 587). `smtp+plain://host` never encrypts and is for a relay on this
    /// machine only. `mailbox` sends nothing and shows the mails at /dev/mailbox, on a loopback issuer only. Without it,
    /// people cannot prove addresses or reset passwords.
    #[config(env = "SEKISHO_MAIL_RELAY")]
    pub(super) relay: Option<Value>,

    /// Who the mails are from, such as "Example <no-reply@example.com>".
    #[config(env = "SEKISHO_MAIL_FROM")]
    pub(super) from: Option<Value>,

    /// A PEM file with the certificate authority of the relay, when it is not a public one.
    #[config(env = "SEKISHO_MAIL_CA")]
    pub(super) ca: Option<Value>,
}

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mail {
    /// Not at all.
    None,
    /// Kept in memory and shown on a page: for development.
    Mailbox,
    /// Through a relay.
    Smtp(Smtp),
}

/// A relay.
#[derive(Clone, PartialEq, Eq)]
pub struct Smtp {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// A certificate authority of one's own.
    pub ca: Option<std::path::PathBuf>,
    /// Who the mails are from.
    pub from: Mailbox,
}

/// How a connection to a relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the start (RFC 8314).
    Tls,
    /// Plain until STARTTLS, which must succeed (RFC 3207).
    StartTls,
    /// Never; loopback only.
    Plain,
}

/// Never shows the password.
impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?} {}:{} from {}",
            self.security, self.host, self.port, self.from
        )
    }
}

impl MailSection {
    pub(super) fn resolve(&self, issuer: &super::Issuer) -> Result<Mail, ConfigError> {
        let relay = Setting::new("mail.relay", self.relay.as_ref());
        let Some(written) = relay.text()? else {
            return Ok(Mail::None);
        };
        if written == "mailbox" {
            return match issuer.is_loopback() {
                true => Ok(Mail::Mailbox),
                false => Err(relay.mistake("is \"mailbox\", which shows everybody's mail; name a relay")),
            };
        }
        // The address may hold a password: no sentence repeats it.
        let wrong =
            || relay.mistake("is no relay; write smtps://user:password@host or smtp://user:password@host");
        let url = url::Url::parse(written).map_err(|_| wrong())?;
        let (security, usual) = match url.scheme() {
            "smtps" => (Security::Tls, 465),
            "smtp" => (Security::StartTls, 587),
            "smtp+plain" => (Security::Plain, 25),
            _ => return Err(wrong()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        if security == Security::Plain && !matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
            return Err(relay.mistake("would send passwords and mails in the clear; use smtps:// or smtp://"));
        }
        let decoded = |text: &str| -> Result<String, ConfigError> {
            let plain = percent_decoded(text).ok_or_else(wrong)?;
            Ok(plain)
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some((decoded(user)?, decoded(password)?)),
            _ => return Err(relay.mistake("names a user or a password but not both")),
        };
        let from = Setting::new("mail.from", self.from.as_ref());
        let sender = from.text()?.ok_or_else(|| {
            from.mistake(
                "is missing; write who the mails are from, such as \"Example <no-reply@example.com>\"",
            )
        })?;
        let sender: Mailbox = sender
            .parse()
            .map_err(|_| from.mistake("is no address; write \"Example <no-reply@example.com>\""))?;
        Ok(Mail::Smtp(Smtp {
            host: host.to_owned(),
            port: url.port().unwrap_or(usual),
            security,
            credentials,
            ca: Setting::new("mail.ca", self.ca.as_ref()).path()?,
            from: sender,
        }))
    }
}

/// Undoes `%40` and its like; `None` when that is no text.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}
