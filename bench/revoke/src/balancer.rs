//! A balancer in front of the nodes: each connection goes to the next node. It counts the bytes that go to the callers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

/// A running balancer; it ends with the program.
pub struct Balancer {
    /// Where it listens.
    pub port: u16,
    sent: Arc<AtomicU64>,
}

impl Balancer {
    /// Opens a port; nodes are told later, for they are named by it.
    pub async fn open() -> Result<(Self, TcpListener)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let sent = Arc::new(AtomicU64::new(0));
        Ok((Self { port, sent }, listener))
    }

    /// Begins to pass connections on.
    pub fn serve(&self, listener: TcpListener, nodes: Vec<SocketAddr>) {
        let sent = Arc::clone(&self.sent);
        tokio::spawn(async move {
            let turn = AtomicUsize::new(0);
            while let Ok((caller, _)) = listener.accept().await {
                let node = nodes[turn.fetch_add(1, Ordering::Relaxed) % nodes.len()];
                tokio::spawn(pass(caller, node, Arc::clone(&sent)));
            }
        });
    }

    /// Bytes sent to callers so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

async fn pass(caller: TcpStream, node: SocketAddr, sent: Arc<AtomicU64>) -> Result<()> {
    let node = TcpStream::connect(node).await?;
    caller.set_nodelay(true)?;
    node.set_nodelay(true)?;
    let (mut from_caller, mut to_caller) = caller.into_split();
    let (mut from_node, mut to_node) = node.into_split();
    let up = tokio::spawn(async move {
        let _ = copy(&mut from_caller, &mut to_node).await;
        let _ = to_node.shutdown().await;
    });
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from_node.read(&mut buffer).await?;
        if read == 0 {
            break;
        }
        to_caller.write_all(&buffer[..read]).await?;
        sent.fetch_add(read as u64, Ordering::Relaxed);
    }
    to_caller.shutdown().await?;
    let _ = up.await;
    Ok(())
}
