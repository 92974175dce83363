//! The files the pages need, inside the binary. Each is served under a name that holds a hash of its content,
//! so a browser may keep it for ever and a new release is seen at once.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// The `Cache-Control` an asset is answered with.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A file the pages refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// The gate in the landscape beside every page.
    Gate,
    /// The logo, also the browser's icon.
    Mark,
    /// The one style sheet.
    Style,
    /// Show-password button and guard against sending a form twice.
    FormScript,
    /// Asks the browser for passkeys.
    PasskeyScript,
    /// Shows times in the reader's own clock.
    TimeScript,
    /// Copies and prints recovery codes.
    CodesScript,
    /// Sends the form_post answer.
    FormPostScript,
    /// Posts the web_message answer.
    WebMessageScript,
    /// Goes on from the signed-out page when its frames have loaded.
    SignedOutScript,
    /// Tells an application's page whether the person at this browser has changed.
    CheckSessionScript,
}

impl Asset {
    /// Every asset. The style sheet comes after the pictures it names.
    pub const ALL: [Self; 11] = [
        Self::Gate,
        Self::Mark,
        Self::Style,
        Self::FormScript,
        Self::PasskeyScript,
        Self::TimeScript,
        Self::CodesScript,
        Self::FormPostScript,
        Self::WebMessageScript,
        Self::SignedOutScript,
        Self::CheckSessionScript,
    ];

    /// The path a page links to, such as `/assets/sekisho-0123456789abcdef.css`.
    #[must_use]
    pub fn url(self) -> &'static str {
        match SERVED.iter().find(|served| served.asset == self) {
            Some(served) => &served.url,
            None => "",
        }
    }

    /// The file's name in `assets/`, its media type, and its content.
    const fn source(self) -> (&'static str, &'static str, &'static str) {
        const SVG: &str = "image/svg+xml";
        const CSS: &str = "text/css; charset=utf-8";
        const JS: &str = "text/javascript; charset=utf-8";
        match self {
            Self::Gate => ("gate.svg", SVG, include_str!("../../assets/gate.svg")),
            Self::Mark => ("mark.svg", SVG, include_str!("../../assets/mark.svg")),
            Self::Style => ("sekisho.css", CSS, include_str!("../../assets/sekisho.css")),
            Self::FormScript => ("form.js", JS, include_str!("../../assets/form.js")),
            Self::PasskeyScript => ("passkey.js", JS, include_str!("../../assets/passkey.js")),
            Self::TimeScript => ("time.js", JS, include_str!("../../assets/time.js")),
            Self::CodesScript => ("codes.js", JS, include_str!("../../assets/codes.js")),
            Self::FormPostScript => ("form_post.js", JS, include_str!("../../assets/form_post.js")),
            Self::CheckSessionScript => (
                "check_session.js",
                JS,
                include_str!("../../assets/check_session.js"),
            ),
            Self::SignedOutScript => ("signed_out.js", JS, include_str!("../../assets/signed_out.js")),
            Self::WebMessageScript => ("web_message.js", JS, include_str!("../../assets/web_message.js")),
        }
    }
}

/// An asset as the router answers it.
#[derive(Debug)]
pub struct Served {
    /// Which asset this is.
    pub asset: Asset,
    /// The path it is found under.
    pub url: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub body: String,
}

/// The asset under a request path (`/assets/...`), if the hash in the path is the current one.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Served> {
    SERVED.iter().find(|served| served.url == path)
}

/// The path of an asset by the name of its file (`sekisho.css`); `None` when there is no such file.
#[must_use]
pub fn asset_url(name: &str) -> Option<&'static str> {
    Asset::ALL
        .into_iter()
        .find(|asset| asset.source().0 == name)
        .map(Asset::url)
}

static SERVED: LazyLock<Vec<Served>> = LazyLock::new(|| {
    let mut served: Vec<Served> = Vec::with_capacity(Asset::ALL.len());
    for asset in Asset::ALL {
        let (name, media_type, content) = asset.source();
        let mut body = content.to_owned();
        for earlier in &served {
            // A sheet names its pictures as the files are named, so that it also works opened from disk.
            body = body.replace(
                &format!("url(\"{}\")", earlier.asset.source().0),
                &format!("url(\"{}\")", earlier.file_name()),
            );
        }
        let url = hashed_path(name, &body);
        served.push(Served {
            asset,
            url,
            media_type,
            body,
        });
    }
    served
});

impl Served {
    /// What a sheet beside it calls it.
    fn file_name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
}

/// `/assets/<stem>-<16 hex digits of SHA-256>.<extension>`.
fn hashed_path(name: &str, body: &str) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
    let mut path = format!("/assets/{stem}-");
    for byte in Sha256::digest(body.as_bytes()).iter().take(8) {
        // Writing to a String cannot fail.
        let _ = write!(path, "{byte:02x}");
    }
    path.push('.');
    path.push_str(extension);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_under_its_own_url_and_no_other() {
        for wanted in Asset::ALL {
            let found = asset(wanted.url()).map(|served| served.asset);
            assert_eq!(found, Some(wanted));
        }
        assert!(
            asset("/assets/sekisho.css").is_none(),
            "without the hash there is nothing to cache for ever"
        );
        assert!(asset("/assets/").is_none());
        assert_eq!(asset_url("sekisho.css"), Some(Asset::Style.url()));
        assert_eq!(asset_url("unknown.css"), None);
    }

    #[test]
    fn the_style_sheet_names_its_pictures_by_their_hashed_paths() {
        let sheet = asset(Asset::Style.url())
            .map(|served| served.body.as_str())
            .unwrap_or_default();
        for picture in [Asset::Gate, Asset::Mark] {
            let beside = picture.url().trim_start_matches("/assets/");
            assert!(sheet.contains(&format!("url(\"{beside}\")")), "{beside}");
        }
        assert!(!sheet.contains("url(\"gate.svg\")"));
    }
}
