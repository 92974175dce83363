//! Everything at once: the red button, and what is due after a backup was restored.
//!
//! A restored database has forgotten what was revoked since the backup, so nothing it knows may be trusted. The
//! program cannot see that it happened; the operator says so.

use sekisho_store::{audit, revocations};

use super::{Actor, Refused};
use crate::app::App;
use crate::end::{self, Ending};
use crate::feed::fresh_feed_id;
use crate::http::moment::Moment;

/// Why everything ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Somebody pressed the red button.
    RedButton,
    /// A backup was restored, or a replica that lagged was promoted: the feed gets another name too, by which verifiers know that
    /// they have seen records this database has not, and keep them.
    Restored,
}

/// Ends everything that was granted: raises the issuer's epoch and voids every token issued until now.
///
/// # Errors
/// When the database does not answer.
pub async fn everything(app: &App, actor: Actor, why: Why) -> Result<(), Refused> {
    let what = match why {
        Why::RedButton => "everything granted before has ended",
        Why::Restored => "a backup was restored: everything granted before has ended",
    };
    let moment = Moment { now: app.clock.now() };
    let (by, event) = (Ending::at(app, moment.now), actor.did(moment, what));
    let (feed_id, ending) = (fresh_feed_id(moment), by.clone());
    let ended = app.db.tx(async move |tx| {
        end::issuer(tx, &ending).await?;
        if why == Why::Restored {
            revocations::restored(tx, &feed_id).await?;
        }
        audit::insert(tx, &event).await
    });
    ended.await?;
    if by.was_slow() {
        let again = Ending::at(app, app.clock.now());
        app.db.tx(async move |tx| end::issuer(tx, &again).await).await?;
    }
    Ok(())
}

/// What is due after a restore.
///
/// # Errors
/// When the database does not answer.
pub async fn restored(app: &App, actor: Actor) -> Result<(), Refused> {
    everything(app, actor, Why::Restored).await
}
