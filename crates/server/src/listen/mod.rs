//! Listening: sockets, connections, time-outs, and letting go of them when the program is asked to stop.
//!
//! Owns what happens below a request: how many connections there may be, how long a peer may take to say what it
//! wants, TLS, and draining. The body of a request is `limits`; what is answered is not its business.
//!
//! Plain sockets speak HTTP/1.1. TLS sockets speak HTTP/2 or HTTP/1.1, whichever ALPN (RFC 7301) settles on.

pub mod limits;
pub mod tls;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::config::Server;
use tls::Certificates;

/// The largest head of a request in bytes, HTTP/1.1 and HTTP/2: request line and headers.
/// The HTTP/1.1 parser looks at what arrived before it counts, so a head of up to about twice this may still pass.
pub const MAX_HEAD_BYTES: usize = 65_536;
/// The most headers of an HTTP/1.1 request.
pub const MAX_HEADERS: usize = 100;
/// The most requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// How long a peer may leave untaken what was sent to it (RFC 5482).
#[cfg(target_os = "linux")]
const UNTAKEN: Duration = Duration::from_secs(30);
/// A pause after the system refused to accept (too many open files), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Open connections at once, over all sockets.
    pub max_connections: usize,
    /// For the TLS handshake, and for the head of every request, the first and the later ones.
    pub header_timeout: Duration,
    /// What open requests get to finish after a stop.
    pub drain: Duration,
}

impl From<&Server> for Patience {
    fn from(server: &Server) -> Self {
        Self {
            max_connections: server.max_connections,
            header_timeout: server.header_timeout,
            drain: server.drain,
        }
    }
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every open request was answered.
    All,
    /// This many connections were cut when the time was over.
    Cut(usize),
}

/// Sockets that are bound but not served yet.
pub struct Listener {
    sockets: Vec<TcpListener>,
    tls: Option<Certificates>,
}

impl Listener {
    /// Binds every address.
    ///
    /// # Errors
    /// The first address that could not be bound, with the system's reason.
    pub async fn bind(addresses: &[SocketAddr], tls: Option<Certificates>) -> Result<Self, BindError> {
        let mut sockets = Vec::with_capacity(addresses.len());
        for address in addresses {
            let socket = TcpListener::bind(address).await;
            sockets.push(socket.map_err(|reason| BindError {
                address: *address,
                reason,
            })?);
        }
        Ok(Self { sockets, tls })
    }

    /// Binds 127.0.0.1 and, if this machine has IPv6, ::1, both to the same port. Port 0 finds one that is free on
    /// both.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn bind_loopback(port: u16, tls: Option<Certificates>) -> Result<Self, BindError> {
        let v4 = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let v6 = |port| SocketAddr::from((Ipv6Addr::LOCALHOST, port));
        let mut last = None;
        for _ in 0..16 {
            let socket = TcpListener::bind(v4(port)).await;
            let first = socket.map_err(|reason| BindError {
                address: v4(port),
                reason,
            })?;
            let chosen = first.local_addr().map_or(port, |address| address.port());
            match TcpListener::bind(v6(chosen)).await {
                Ok(second) => {
                    return Ok(Self {
                        sockets: vec![first, second],
                        tls,
                    });
                }
                Err(reason) if reason.kind() == io::ErrorKind::AddrInUse => {
                    last = Some(BindError {
                        address: v6(chosen),
                        reason,
                    });
                    if port != 0 {
                        break;
                    }
                }
                Err(_) => {
                    return Ok(Self {
                        sockets: vec![first],
                        tls,
                    });
                }
            }
        }
        Err(last.unwrap_or_else(|| BindError {
            address: v6(port),
            reason: io::ErrorKind::AddrInUse.into(),
        }))
    }

    /// The addresses that are bound, with the ports the system chose.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets
            .iter()
            .filter_map(|socket| socket.local_addr().ok())
            .collect()
    }

    /// The port of the first socket.
    pub fn port(&self) -> u16 {
        self.addresses().first().map_or(0, SocketAddr::port)
    }

    /// Serves until `stop` is true, then lets open requests finish for `patience.drain`.
    pub async fn serve(self, router: Router, patience: Patience, stop: watch::Receiver<bool>) -> Drained {
        let room = Arc::new(Semaphore::new(patience.max_connections));
        let mut loops = JoinSet::new();
        for socket in self.sockets {
            let door = Door {
                tls: self.tls.clone(),
                router: router.clone(),
                room: Arc::clone(&room),
                header_timeout: patience.header_timeout,
                stop: stop.clone(),
            };
            loops.spawn(door.accept(socket));
        }
        while loops.join_next().await.is_some() {}
        let everybody = u32::try_from(patience.max_connections).unwrap_or(u32::MAX);
        match timeout(patience.drain, room.acquire_many(everybody)).await {
            Ok(_) => Drained::All,
            Err(_) => Drained::Cut(patience.max_connections.saturating_sub(room.available_permits())),
        }
    }
}

/// An address that could not be bound.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {address}: {reason}; choose another address in `server.listen` (SEKISHO_LISTEN) or `--port`"
)]
pub struct BindError {
    /// Which address.
    pub address: SocketAddr,
    /// What the system says.
    pub reason: io::Error,
}

/// One socket's way in.
#[derive(Clone)]
struct Door {
    tls: Option<Certificates>,
    router: Router,
    room: Arc<Semaphore>,
    header_timeout: Duration,
    stop: watch::Receiver<bool>,
}

impl Door {
    async fn accept(mut self, socket: TcpListener) {
        loop {
            let next = async {
                // Accepted first: a socket that nobody calls must not hold a place that another socket needs.
                let accepted = socket.accept().await;
                (Arc::clone(&self.room).acquire_owned().await, accepted)
            };
            let (place, accepted) = tokio::select! {
                biased;
                _ = stopped(self.stop.clone()) => return,
                next = next => next,
            };
            let Ok(place) = place else { return };
            match accepted {
                Ok((stream, peer)) => {
                    let door = self.clone();
                    tokio::spawn(async move {
                        let _place = place;
                        door.connection(stream, peer).await;
                    });
                }
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::select! {
                        _ = stopped(self.stop.clone()) => return,
                        () = tokio::time::sleep(ACCEPT_PAUSE) => {}
                    }
                }
            }
            self.stop.borrow_and_update();
        }
    }

    async fn connection(self, stream: TcpStream, peer: SocketAddr) {
        // Answers are small; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        // A peer that is gone, or that takes nothing, must not keep its place until the system's own quarter of an hour is over:
        // streams are written to, never read from.
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNTAKEN));
        match &self.tls {
            None => self.http(stream, peer, Protocol::Http1).await,
            Some(certificates) => {
                let handshake = certificates.acceptor().accept(stream);
                let Ok(Ok(stream)) = timeout(self.header_timeout, handshake).await else {
                    return;
                };
                let protocol = match stream.get_ref().1.alpn_protocol() {
                    Some(b"h2") => Protocol::Http2,
                    _ => Protocol::Http1,
                };
                self.http(stream, peer, protocol).await;
            }
        }
    }

    async fn http<S>(&self, stream: S, peer: SocketAddr, protocol: Protocol)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let router = self.router.clone();
        let peer = SocketAddr::new(canonical(peer.ip()), peer.port());
        let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
            let router = router.clone();
            async move {
                let mut request = request.map(axum::body::Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                match router.oneshot(request).await {
                    Ok(response) => Ok::<_, Infallible>(response),
                    Err(never) => match never {},
                }
            }
        });
        let builder = builder(protocol, self.header_timeout);
        let mut connection =
            pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
        tokio::select! {
            result = connection.as_mut() => note(result),
            _ = stopped(self.stop.clone()) => {
                connection.as_mut().graceful_shutdown();
                note(connection.await);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

fn builder(protocol: Protocol, header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(header_timeout)
        .keep_alive_timeout(header_timeout);
    match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    }
}

/// A peer that misbehaves or goes away is its own business: worth a line for somebody who debugs, nothing more.
fn note(result: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = result {
        tracing::debug!(%error, "connection ended");
    }
}

/// Ends once `stop` is true.
pub(crate) async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone asks to stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The IPv4 address that a socket for both families shows in IPv6 clothes.
fn canonical(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
