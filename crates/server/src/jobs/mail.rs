//! Mail on its way. All of a mail is sealed: it may hold a link that is as good as a password.

use super::{Draft, Ended, Kind};
use crate::app::App;
use crate::http::moment::Moment;
use crate::http::reply::Trouble;
use crate::mail::Envelope;
use sekisho_rules::job::RetryPolicy;
use sekisho_store::jobs::Job;
use sekisho_store::{Fault, Tx};

/// Ten tries over 3 to 5.5 hours: a relay may be down for an evening, and few links live longer.
pub(super) const RETRIES: RetryPolicy = RetryPolicy {
    tries: 10,
    first: 5,
    longest: 7200,
};

/// A relay has 20 seconds for each of a few steps.
pub(super) const LEASE_SECONDS: i64 = 180;

/// Makes the job that sends a mail.
///
/// # Errors
/// [`Trouble`] when it cannot be written or sealed.
pub fn draft(app: &App, envelope: &Envelope, moment: Moment) -> Result<Draft, Trouble> {
    let plain = serde_json::to_vec(envelope).map_err(|_| Trouble::Internal("a mail cannot be written"))?;
    let draft = Draft::new(Kind::Mail, &(), moment)?;
    let sealed = draft.with_secret(&app.sealer, &plain);
    sealed.map_err(|_| Trouble::Internal("a mail cannot be sealed"))
}

/// Adds a mail, if there is one, in the transaction of what it tells about.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn enqueue(tx: &mut Tx, draft: Option<&Draft>, moment: Moment) -> Result<(), Fault> {
    match draft {
        Some(draft) => super::enqueue(tx, draft, moment).await,
        None => Ok(()),
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Ended, Fault> {
    let plain = super::secret(job, &app.sealer).ok().flatten();
    let envelope = plain.and_then(|plain| serde_json::from_slice::<Envelope>(&plain).ok());
    let Some(envelope) = envelope else {
        return Ok(Ended::Failed("the mail cannot be opened".to_owned()));
    };
    // An account without an address cannot be told anything by mail.
    if envelope.to.is_empty() {
        return Ok(Ended::Done("there is no address to send it to".to_owned()));
    }
    // The chain of causes names the relay's answer, never the mail.
    Ok(match app.post.send(&app.config.name, &job.id, &envelope).await {
        Ok(()) => Ended::Done("sent".to_owned()),
        Err(error) => Ended::Again(format!("{error:#}")),
    })
}
