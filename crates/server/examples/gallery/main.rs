//! Renders every hosted page in every state and every mail, in each language, into `target/gallery`, with its assets, so that a
//! browser can look at them without a server: `cargo run -p sekisho --example gallery`, then
//! `node e2e/gallery.mjs`.

mod letters;
mod states;

use std::path::Path;
use std::{env, fs};

use sekisho::pages::{Asset, asset};
use sekisho::text::Language;

fn main() -> anyhow::Result<()> {
    let folder = env::args().nth(1).unwrap_or_else(|| "target/gallery".to_owned());
    let folder = Path::new(&folder);
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder.join("assets"))?;
    for served in Asset::ALL.into_iter().filter_map(|wanted| asset(wanted.url())) {
        fs::write(folder.join(served.url.trim_start_matches('/')), &served.body)?;
    }
    for language in Language::ALL {
        for (state, page) in states::every(language.text()) {
            fs::write(folder.join(format!("{state}-{}.html", language.tag())), page?)?;
        }
        for (name, mail) in letters::every(language.text()) {
            fs::write(folder.join(format!("{name}-{}.html", language.tag())), mail?)?;
        }
        for (name, mail) in letters::plain(language.text()) {
            fs::write(folder.join(format!("{name}-{}.txt", language.tag())), mail?)?;
        }
    }
    Ok(())
}
