//! The proof that a conditional write won and is durable. A table function that consumes something wraps its value
//! in [`Pending`] when the UPDATE touched its row; [`Db::settle`](super::Db::settle) turns it into [`Settled`] only after
//! COMMIT returned. Whoever accepts nothing but `Settled<T>` cannot act on a write that lost or was rolled back.

/// A conditional write that touched its row, inside a transaction that is not committed yet. Only table functions
/// of this crate make one.
#[must_use]
pub struct Pending<T>(T);

impl<T> Pending<T> {
    /// To be called only where the conditional statement answered that it won.
    pub(crate) fn won(value: T) -> Self {
        Self(value)
    }

    /// A look at the value, to write more in the same transaction.
    pub fn peek(&self) -> &T {
        &self.0
    }

    pub(super) fn settle(self) -> Settled<T> {
        Settled(self.0)
    }
}

/// A value whose conditional write is committed and durable.
#[must_use]
pub struct Settled<T>(T);

impl<T> Settled<T> {
    /// Gives the value up; the proof is spent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> std::ops::Deref for Settled<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Pending;
    use crate::{Db, Options, Tx, args};

    #[tokio::test]
    async fn a_won_write_is_settled_once_and_its_transaction_committed() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&Options::sqlite(folder.path().join("a.db"))).unwrap();
        db.run(
            "CREATE TABLE codes (id TEXT PRIMARY KEY, used BOOLEAN NOT NULL)",
            args![],
        )
        .await
        .unwrap();
        db.run("INSERT INTO codes (id, used) VALUES ($1, $2)", args!["a", false])
            .await
            .unwrap();
        let use_it = async |tx: &mut Tx| {
            let sql = "UPDATE codes SET used = TRUE WHERE id = 'a' AND used = FALSE RETURNING id";
            Ok(tx.opt(sql, args![]).await?.map(|_| Pending::won("grant")))
        };
        assert_eq!(db.settle(use_it).await.unwrap().unwrap().into_inner(), "grant");
        assert!(db.settle(use_it).await.unwrap().is_none());
    }
}
