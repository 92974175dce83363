//! A TCP proxy between a verifier and its issuer that can be cut, hold its breath or crawl.

#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part of this"
)]

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the wire does with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Passes them.
    Open,
    /// Closes every connection, and every new one at once.
    Cut,
    /// Keeps every connection and passes nothing: a host that vanished.
    Stalled,
    /// Passes what the issuer says a few bytes at a time.
    Crawling,
}

/// The proxy; it runs until the test's runtime ends.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    flow: watch::Sender<Flow>,
    issuer: watch::Sender<SocketAddr>,
}

impl Wire {
    pub(crate) async fn before(issuer: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (flow, seen) = watch::channel(Flow::Open);
        let (issuer, leads_to) = watch::channel(issuer);
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let issuer = *leads_to.borrow();
                tokio::spawn(connection(near, issuer, seen.clone()));
            }
        });
        Self {
            address,
            flow,
            issuer,
        }
    }

    /// Leads new connections elsewhere.
    pub(crate) fn lead_to(&self, issuer: SocketAddr) {
        self.issuer.send_replace(issuer);
    }

    pub(crate) fn set(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }
}

async fn connection(near: TcpStream, issuer: SocketAddr, mut flow: watch::Receiver<Flow>) {
    let Ok(far) = TcpStream::connect(issuer).await else {
        return;
    };
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let up = pass(&mut near_in, &mut far_out, flow.clone());
    let down = pass(&mut far_in, &mut near_out, flow.clone());
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = flow.wait_for(|flow| *flow == Flow::Cut) => {}
    }
}

/// Passes bytes one way until either end is gone.
async fn pass(
    from: &mut tokio::net::tcp::OwnedReadHalf,
    to: &mut tokio::net::tcp::OwnedWriteHalf,
    mut flow: watch::Receiver<Flow>,
) {
    let mut buffer = [0; 16 * 1024];
    loop {
        if flow.wait_for(|flow| *flow != Flow::Stalled).await.is_err() {
            return;
        }
        let crawls = *flow.borrow() == Flow::Crawling;
        let room = if crawls { &mut buffer[..4] } else { &mut buffer[..] };
        let Ok(length @ 1..) = from.read(room).await else {
            return;
        };
        if crawls {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if flow.wait_for(|flow| *flow != Flow::Stalled).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
