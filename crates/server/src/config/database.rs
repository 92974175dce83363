//! Which database holds the data.

use sekisho_store::{Db, Fault, Options};
use std::path::{Path, PathBuf};

use super::value::{ConfigError, Setting, Value};

/// Where the data is.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct DatabaseSection {
    /// `sqlite:FILE`, or `postgres://user:password@host/name` for more than one node. The default is the file
    /// `sekisho.db` in `data_dir`.
    #[config(env = "DATABASE_URL")]
    pub(super) url: Option<Value>,

    /// Connections to PostgreSQL.
    #[config(env = "SEKISHO_DATABASE_CONNECTIONS", default = 10)]
    pub(super) connections: Value,
}

/// Which database.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// One file on this machine.
    Sqlite {
        /// The file; it is made when missing.
        path: PathBuf,
    },
    /// A PostgreSQL server, for more than one node.
    Postgres {
        /// `postgres://...`, with the password in it: never log it.
        url: String,
        /// Connections to keep.
        connections: usize,
    },
}

impl Database {
    /// How the door opens it.
    pub fn options(&self) -> Options {
        match self {
            Self::Sqlite { path } => Options::sqlite(path),
            Self::Postgres { url, connections } => Options::postgres(url, *connections),
        }
    }

    /// Opens it and brings its schema up to date.
    ///
    /// # Errors
    /// A sentence that names the key, the place and the remedy.
    pub async fn open(&self) -> Result<Db, ConfigError> {
        let opened = async {
            let db = Db::open(&self.options())?;
            db.migrate().await?;
            Ok(db)
        };
        opened.await.map_err(|fault| self.unusable(&fault))
    }

    fn unusable(&self, fault: &Fault) -> ConfigError {
        let remedy = match (self, fault) {
            (_, Fault::SchemaTooNew { .. }) => "or restore the backup made before it",
            (_, Fault::Full) => "make room on its disk",
            (Self::Sqlite { .. }, _) => "name a file that this user may read and write",
            (Self::Postgres { .. }, Fault::Unavailable(_)) => {
                "start PostgreSQL, or correct the address, user or password"
            }
            (Self::Postgres { .. }, _) => "name an empty database, or one that Sekisho made",
        };
        let what = format!("{} cannot be used ({fault}); {remedy}", self.shown());
        Setting::new("database.url", None).mistake(&what)
    }

    /// What may be shown: the file, or the server without user and password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite { path } => format!("SQLite {}", path.display()),
            Self::Postgres { url, .. } => match url::Url::parse(url) {
                Ok(url) => format!("PostgreSQL {}{}", url.host_str().unwrap_or(""), url.path()),
                Err(_) => "PostgreSQL".to_owned(),
            },
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl DatabaseSection {
    pub(super) fn resolve(&self, data_dir: &Path) -> Result<Database, ConfigError> {
        let setting = Setting::new("database.url", self.url.as_ref());
        let connections = Setting::new("database.connections", Some(&self.connections))
            .number(1..=1000, "connections")?
            .unwrap_or(10);
        let Some(text) = setting.text()? else {
            return Ok(Database::Sqlite {
                path: data_dir.join("sekisho.db"),
            });
        };
        if let Some(file) = text.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            if file.is_empty() || file.contains('?') {
                return Err(setting.mistake(
                    "names no plain file; write for example \"sqlite:/var/lib/sekisho/sekisho.db\"",
                ));
            }
            return Ok(Database::Sqlite {
                path: PathBuf::from(file),
            });
        }
        let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        if is_postgres && url::Url::parse(text).is_ok() {
            return Ok(Database::Postgres {
                url: text.to_owned(),
                connections,
            });
        }
        // The text may hold a password, so it is not repeated here.
        Err(setting.mistake("is not a database Sekisho knows; write \"sqlite:FILE\" or \"postgres://user:password@host/name\""))
    }
}
