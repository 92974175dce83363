//! Caddy with `examples/caddy`, with all its files in the deployment's folder.

use super::{EXAMPLE_APP, EXAMPLE_SEKISHO, Front, Settings};
use std::fs;
use std::process::Command;

const EXAMPLE: &str = include_str!("../../../../../examples/caddy/Caddyfile");

fn command(settings: &Settings<'_>) -> Command {
    let site = EXAMPLE
        .replace(
            "\napp.example.com {",
            &format!("\nhttp://localhost:{} {{\n\tbind 127.0.0.1", settings.port),
        )
        .replace(EXAMPLE_SEKISHO, &settings.sekisho.to_string())
        .replace(EXAMPLE_APP, &settings.app.to_string());
    let file = settings.folder.join("Caddyfile");
    let global = "{\n\tadmin off\n\tauto_https off\n\tlog {\n\t\tlevel ERROR\n\t}\n}\n";
    fs::write(&file, format!("{global}{site}")).unwrap();
    let mut caddy = Command::new("caddy");
    caddy
        .env("HOME", settings.folder)
        .env("XDG_DATA_HOME", settings.folder)
        .env("XDG_CONFIG_HOME", settings.folder)
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(file);
    caddy
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threat_42_caddy_with_the_example_configuration_keeps_its_promises() {
    super::threat_42_keeps_its_promises(Front::start(command).await).await;
}
