//! How a table file writes its SQL: once, named, in a `sql!` block, so that a test can prepare every statement on both engines.

/// Declares `mod sql` with one constant per statement and the list of them all.
macro_rules! sql {
    ($($name:ident = $text:expr;)+) => {
        pub(crate) mod sql {
            $(pub(super) const $name: &str = $text;)+
            pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
        }
    };
}
pub(crate) use sql;

/// Every statement of the crate: table file, name, text.
pub fn all() -> Vec<(&'static str, &'static str, &'static str)> {
    let tables = [
        ("apis", crate::apis::sql::ALL),
        ("assertions", crate::assertions::sql::ALL),
        ("audit", crate::audit::sql::ALL),
        ("browsers", crate::browsers::sql::ALL),
        ("client_grants", crate::client_grants::sql::ALL),
        ("clients", crate::clients::sql::ALL),
        ("codes", crate::codes::sql::ALL),
        ("connections", crate::connections::sql::ALL),
        ("consents", crate::consents::sql::ALL),
        ("ended_tokens", crate::ended_tokens::sql::ALL),
        ("counters", crate::counters::sql::ALL),
        ("factors", crate::factors::sql::ALL),
        ("families", crate::families::sql::ALL),
        ("flows", crate::flows::sql::ALL),
        ("gateway_apps", crate::gateway_apps::sql::ALL),
        ("identities", crate::identities::sql::ALL),
        ("imports", crate::imports::sql::ALL),
        ("issuer", crate::issuer::sql::ALL),
        ("jobs", crate::jobs::sql::ALL),
        ("keys", crate::keys::sql::ALL),
        ("mail_codes", crate::mail_codes::sql::ALL),
        ("meta", crate::meta::sql::ALL),
        ("mfa_tokens", crate::mfa_tokens::sql::ALL),
        ("nodes", crate::nodes::sql::ALL),
        ("opaque_tokens", crate::opaque_tokens::sql::ALL),
        ("passkeys", crate::passkeys::sql::ALL),
        ("revocations", crate::revocations::sql::ALL),
        ("session_clients", crate::session_clients::sql::ALL),
        ("password_history", crate::password_history::sql::ALL),
        ("refresh_tokens", crate::refresh_tokens::sql::ALL),
        ("sessions", crate::sessions::sql::ALL),
        ("sweep", crate::sweep::sql::ALL),
        ("users", crate::users::sql::ALL),
    ];
    tables
        .into_iter()
        .flat_map(|(table, list)| list.iter().map(move |(name, text)| (table, *name, *text)))
        .collect()
}
