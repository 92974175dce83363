//! The landing page in English.

use crate::text::Home;

pub(super) const HOME: Home = Home {
    title: "Identity provider",
    what: "This is where people sign in.",
    visitors: "There is nothing to do on this page. To sign in, start from the application you want to use.",
    issuer: "Issuer",
    developers: "For developers",
    discovery: "OpenID Connect discovery",
    keys: "Public keys (JWKS)",
};
