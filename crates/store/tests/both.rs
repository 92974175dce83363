//! The tests of `store`. Every law runs on SQLite and on a real PostgreSQL, each time on an empty database of its own:
//!
//! ```ignore
//! on_both!(
//!     async fn a_law(site) { site.db.run(..) }
//! );
//! ```
//!
//! makes `a_law::sqlite` and `a_law::postgres`. Without PostgreSQL they fail and say what to install.

#![expect(clippy::unwrap_used, reason = "tests")]

use sekisho_store::{Db, Options};

/// An empty database of one test.
pub(crate) struct Site {
    pub(crate) db: Db,
    pub(crate) options: Options,
    folder: Option<tempfile::TempDir>,
}

impl Site {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::open(Options::sqlite(folder.path().join("sekisho.db")), Some(folder))
    }

    pub(crate) fn postgres() -> Self {
        Self::open(
            Options::parse(&sekisho_test_postgres::fresh_database()).unwrap(),
            None,
        )
    }

    fn open(options: Options, folder: Option<tempfile::TempDir>) -> Self {
        Self {
            db: Db::open(&options).unwrap(),
            options,
            folder,
        }
    }

    /// Another empty database on the same engine.
    pub(crate) fn another(&self) -> Self {
        match self.folder {
            Some(_) => Self::sqlite(),
            None => Self::postgres(),
        }
    }

    /// Another handle on the same database, as another node has it.
    pub(crate) fn node(&self) -> Db {
        Db::open(&self.options).unwrap()
    }
}

macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($site:ident) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn law($site: Site) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                law(Site::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                law(Site::postgres()).await;
            }
        }
    )+};
}

/// Waits until a condition holds; the test fails when it never does.
macro_rules! until {
    ($condition:expr) => {
        tokio::time::timeout(std::time::Duration::from_secs(30), async {
            while !$condition {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        })
        .await
        .expect("waited too long")
    };
}

mod every_statement;
mod families;
mod feed_outages;
mod jobs;
mod migrations;
mod outages;
mod passwords;
mod revocations;
mod statements;
mod tls;
mod transactions;
