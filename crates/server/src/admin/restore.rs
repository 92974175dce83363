//! After a backup was restored: everything granted before ends.
//!
//! A restored database has forgotten what was revoked since the backup, so nothing it knows may be trusted. The
//! program cannot see that it happened; the operator says so.

use sekisho_store::{Tx, audit, issuer};

use super::{Actor, Refused};
use crate::app::App;
use crate::http::moment::Moment;

/// Raises the issuer's epoch and voids every token issued until now.
///
/// # Errors
/// When the database does not answer.
pub async fn restored(app: &App, actor: Actor) -> Result<(), Refused> {
    let moment = Moment { now: app.clock.now() };
    // Three seconds cover what another node signs while this is written.
    let nbf = moment.now.seconds() + 3;
    app.db
        .tx(async move |tx: &mut Tx| issuer::raise(tx, nbf).await)
        .await?;
    let event = actor.did(
        moment,
        "a backup was restored: everything granted before has ended",
    );
    Ok(app.db.tx(async move |tx| audit::insert(tx, &event).await).await?)
}
