//! nginx with `examples/nginx`, in one process, with all its files in the deployment's folder.

use super::{EXAMPLE_APP, EXAMPLE_SEKISHO, Front, Settings};
use std::fs;
use std::process::Command;

const EXAMPLE: &str = include_str!("../../../../../examples/nginx/app.example.com.conf");

fn command(settings: &Settings<'_>) -> Command {
    let folder = settings.folder.display();
    let listens = format!("listen 127.0.0.1:{};", settings.port);
    let server: Vec<_> = EXAMPLE
        .lines()
        .filter(|line| !line.contains("ssl_certificate"))
        .collect();
    let server = server
        .join("\n")
        .replace("listen 443 ssl;", &listens)
        .replace("server_name app.example.com;", "server_name localhost;")
        .replace(EXAMPLE_SEKISHO, &settings.sekisho.to_string())
        .replace(EXAMPLE_APP, &settings.app.to_string());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|what| format!("{what}_temp_path {folder}/nginx-{what};\n"))
        .collect();
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log stderr warn;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{server}\n}}\n"
    );
    let file = settings.folder.join("nginx.conf");
    fs::write(&file, whole).unwrap();
    let mut nginx = Command::new("nginx");
    nginx.env("PATH", "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin");
    nginx
        .args(["-e", "stderr", "-p"])
        .arg(settings.folder)
        .arg("-c")
        .arg(file);
    nginx
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threat_42_nginx_with_the_example_configuration_keeps_its_promises() {
    super::threat_42_keeps_its_promises(Front::start(command).await).await;
}
