//! The pages that set a second factor up: an authenticator application or codes by mail, and the recovery codes that come with it.

use askama::Template;
use qrcode::{Color, EcLevel, QrCode};

use super::{AddPasskeyProblem, Asset, Chrome, FactorProblem, FactorWay, PasskeyPrompt};

/// Set a second factor up. The form posts `csrf`, `kind`, `setup` and `code` to `action`, with `state` where there is a journey; the one
/// that has a code mailed posts `send` in place of `code`.
#[derive(Debug, Template)]
#[template(path = "enrol.html")]
pub struct EnrolPage {
    /// The frame.
    pub chrome: Chrome,
    /// The name of the application that asked, where one did.
    pub app: Option<String>,
    /// Where the form is sent.
    pub action: String,
    /// The journey, sealed; empty when there is none.
    pub state: String,
    /// The form token.
    pub csrf: String,
    /// What is set up.
    pub offers: EnrolOffer,
    /// What else could be.
    pub others: Vec<FactorWay>,
    /// Why the last try did not count.
    pub problem: Option<EnrolProblem>,
    /// Back to the section of the account page that led here.
    pub back_url: Option<String>,
    /// Where somebody else signs in, while a sign-in waits.
    pub login_url: Option<String>,
}

/// What is set up.
#[derive(Debug)]
pub enum EnrolOffer {
    /// An authenticator application.
    Totp(TotpOffer),
    /// Codes by mail, before the first was sent.
    EmailUnsent {
        /// The address.
        address: String,
    },
    /// A passkey.
    Passkey(PasskeyPrompt),
    /// Codes by mail: the first was sent.
    EmailSent {
        /// The address.
        address: String,
    },
}

/// What an authenticator application needs.
#[derive(Debug)]
pub struct TotpOffer {
    /// The picture of `uri`.
    pub picture: QrPicture,
    /// The `otpauth:` address.
    pub uri: String,
    /// The secret in base32.
    pub secret: String,
    /// What the form sends back.
    pub sealed: String,
}

/// Why a try did not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolProblem {
    /// The code.
    Code(FactorProblem),
    /// The passkey.
    Passkey(AddPasskeyProblem),
    /// The set-up is too old.
    SetUpExpired,
}

impl EnrolPage {
    fn problem(&self) -> &'static str {
        let (text, factor) = (&self.chrome.text.enrolment, &self.chrome.text.factor);
        let by_mail = !matches!(self.offers, EnrolOffer::Totp(_));
        match self.problem {
            None => "",
            Some(EnrolProblem::SetUpExpired) => text.expired,
            Some(EnrolProblem::Passkey(problem)) => problem.said(&self.chrome.text.passkeys),
            Some(EnrolProblem::Code(FactorProblem::Missing)) => factor.missing,
            Some(EnrolProblem::Code(FactorProblem::Wrong)) if by_mail => factor.email_wrong,
            Some(EnrolProblem::Code(FactorProblem::Wrong)) => factor.totp_wrong,
            Some(EnrolProblem::Code(FactorProblem::Expired)) => factor.email_expired,
            Some(EnrolProblem::Code(FactorProblem::TooManyAttempts)) => {
                self.chrome.text.shell.too_many_attempts
            }
            Some(EnrolProblem::Code(FactorProblem::TooManyMails)) => factor.email_too_many,
        }
    }

    /// What is wrong with the field; empty when nothing is.
    fn wrong(&self) -> &'static str {
        match self.problem {
            Some(EnrolProblem::Code(
                FactorProblem::Missing | FactorProblem::Wrong | FactorProblem::Expired,
            )) => self.problem(),
            _ => "",
        }
    }
}

impl TotpOffer {
    /// The secret in groups of four.
    fn grouped(&self) -> Vec<&str> {
        let mut groups = Vec::new();
        let mut rest = self.secret.as_str();
        while let Some((group, left)) = rest.split_at_checked(4) {
            groups.push(group);
            rest = left;
        }
        groups.extend((!rest.is_empty()).then_some(rest));
        groups
    }
}

/// A picture of squares for a camera (ISO/IEC 18004): the path that draws its dark ones, one unit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrPicture {
    /// Width and height, with the quiet zone around.
    pub size: usize,
    /// The SVG path data.
    pub path: String,
}

/// Light squares around the picture, so that a camera finds it.
const QUIET: usize = 4;

impl QrPicture {
    /// Draws a text. `None` when it is too long for any such picture.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (row, colors) in code.to_colors().chunks(width).enumerate() {
            let mut at = 0;
            for run in colors.chunk_by(|a, b| a == b) {
                if run.first() == Some(&Color::Dark) {
                    let (x, y, length) = (at + QUIET, row + QUIET, run.len());
                    path.push_str(&format!("M{x} {y}h{length}v1h-{length}z"));
                }
                at += run.len();
            }
        }
        Some(Self {
            size: width + 2 * QUIET,
            path,
        })
    }
}

/// The recovery codes, shown once.
#[derive(Debug, Template)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodesPage {
    /// The frame.
    pub chrome: Chrome,
    /// Of which account.
    pub account: String,
    /// The codes.
    pub codes: Vec<String>,
    /// Where to go on.
    pub go_on: String,
}

impl RecoveryCodesPage {
    /// The file that the link saves, as an address that holds it.
    fn file(&self) -> String {
        let heading = self.heading();
        let text = format!("{heading}\r\n\r\n{}\r\n", self.codes.join("\r\n"));
        let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        format!("data:text/plain;charset=utf-8,{}", encoded.replace('+', "%20"))
    }

    /// What stands above the codes on paper.
    fn heading(&self) -> String {
        (self.chrome.text.enrolment.codes_heading)(&self.chrome.tenant, &self.account)
    }

    fn file_name(&self) -> String {
        (self.chrome.text.enrolment.codes_file)(&self.chrome.tenant)
    }
}
