//! `GET /revocations`: what is revoked from now on, as server-sent events or, for clients without streams, as a long poll.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use sekisho_rules::time::Timestamp;
use sekisho_verify::feed::{Batch, Heartbeat};
use sekisho_verify::record::{HashedSubject, hits};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

use super::acks::{Presence, Who};
use super::ask::{Ask, Unserved};
use super::event::{self, Event, Records, Why};
use super::places::Place;
use super::{NotHere, Subscription, hub};
use crate::api_token::{Admitted, Denied};
use crate::app::App;
use crate::http::visit::Visit;

/// How long a stream whose token has ended goes on: time to get another one. So the red button does not blind verifiers.
const REAUTH_SECONDS: i64 = 60;
/// How long a reader may take nothing before it is let go.
const STALL: Duration = Duration::from_secs(10);
/// Events between the stream's task and its connection.
const IN_FLIGHT: usize = 8;
/// How long a verifier counts as one that listens after a long poll was answered.
const BETWEEN_POLLS: Duration = Duration::from_secs(5);
/// How long a node that lags behind another one has to catch up with its reader.
const CATCH_UP: Duration = Duration::from_secs(1);

/// `GET /revocations`.
pub async fn listen(visit: Visit) -> Response {
    let app = &visit.app;
    let admitted = match app.feed.admit(&visit) {
        Ok(admitted) => admitted,
        Err(denied) => return app.feed.deny(&denied),
    };
    let streams = visit
        .header(header::ACCEPT)
        .is_some_and(|accepts| accepts.to_ascii_lowercase().contains("text/event-stream"));
    let served = match Ask::read(&visit.query) {
        Ok(ask) if streams => stream(app, ask, admitted).await,
        Ok(ask) => poll(app, ask, admitted).await,
        Err(unserved) => Err(unserved.into()),
    };
    match served {
        Ok(response) => response,
        Err(Refused::Unserved(unserved)) => unserved.into_response(),
        Err(Refused::Denied(denied)) => app.feed.deny(&denied),
    }
}

enum Refused {
    Unserved(Unserved),
    Denied(Denied),
}

impl From<Unserved> for Refused {
    fn from(unserved: Unserved) -> Self {
        Self::Unserved(unserved)
    }
}

/// A reader that was let in: it takes one place, and counts as a verifier that listens.
struct Reader {
    token: Admitted,
    subscription: Subscription,
    place: (Place, Presence),
}

async fn enter(app: &App, ask: &Ask, token: Admitted) -> Result<Reader, Refused> {
    let client = token.claims.client_id.clone().unwrap_or_default();
    let place = app.feed.places.take(&client).map_err(|_| Unserved::Full)?;
    let subscription = subscribe(app, ask).await.map_err(Unserved::from)?;
    // Records that came between the check of the token and the subscription are in the tables by now.
    if app.feed.is_revoked(&token.subject(), app.clock.now()) == Some(true) {
        return Err(Refused::Denied(Denied::Revoked));
    }
    let who = Who::new(&client, super::verifier_name(ask.verifier.as_deref(), &token));
    let presence = app.feed.acks.join(who, ask.after);
    Ok(Reader {
        token,
        subscription,
        place: (place, presence),
    })
}

/// A reader may come from a node that is ahead of this one, so a number that is not known here is looked up first. If the
/// database does not know it either, revocations were lost.
async fn subscribe(app: &App, ask: &Ask) -> Result<Subscription, NotHere> {
    let subscribe = || app.feed.subscribe(&ask.feed_id, ask.after, app.clock.now());
    let first = subscribe();
    if !matches!(first, Err(NotHere::Snapshot(Why::Ahead))) {
        return first;
    }
    if !app.feed.pulse.next(CATCH_UP).await {
        return Err(NotHere::Unready);
    }
    let again = subscribe();
    if matches!(again, Err(NotHere::Snapshot(Why::Ahead))) {
        hub::alarm(app, &ask.feed_id, ask.after, "a verifier");
    }
    again
}

async fn stream(app: &Arc<App>, ask: Ask, token: Admitted) -> Result<Response, Refused> {
    let reader = enter(app, &ask, token).await?;
    let (out, events) = mpsc::channel(IN_FLIGHT);
    tokio::spawn(serve(Arc::clone(app), reader, out));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Proxies must not gather events (nginx).
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((headers, Body::new(Events(events))).into_response())
}

/// The body of a stream: what its task hands over, until the task ends.
struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0
            .poll_recv(context)
            .map(|text| text.map(|text| Ok(Frame::data(text))))
    }
}

/// Hands events to one connection until one of both ends it.
async fn serve(app: Arc<App>, reader: Reader, out: mpsc::Sender<Bytes>) {
    let Reader {
        token,
        subscription,
        place,
    } = reader;
    let Subscription { missed, mut events } = subscription;
    let mut stream = Stream {
        app: &app,
        subject: HashedSubject::new(app.feed.hash_key(), &token.subject()),
        expires_at: token.claims.exp,
        out,
        closes_at: None,
    };
    let ended = async {
        stream.greet(missed).await?;
        loop {
            let event = tokio::select! {
                () = app.feed.stopped() => return Err(Ended),
                () = stream.out.closed() => return Err(Ended),
                event = events.recv() => event,
            };
            stream.tell(event).await?;
        }
    };
    let _: Result<(), Ended> = ended.await;
    drop(place);
}

/// The stream is over.
struct Ended;

struct Stream<'a> {
    app: &'a App,
    /// Of its token.
    subject: HashedSubject,
    expires_at: u64,
    out: mpsc::Sender<Bytes>,
    /// After its token has ended.
    closes_at: Option<Timestamp>,
}

impl Stream<'_> {
    /// What the reader has missed, and that it is fresh now.
    async fn greet(&mut self, missed: Batch) -> Result<(), Ended> {
        let beat = Heartbeat::new(
            missed.feed_id.clone(),
            missed.seq,
            missed.as_of,
            missed.jwks_etag.clone(),
        );
        if !missed.records.is_empty() {
            self.records(&Records::new(missed)).await?;
        }
        self.send(event::heartbeat(&beat)).await
    }

    async fn tell(&mut self, event: Result<Event, RecvError>) -> Result<(), Ended> {
        match event {
            Ok(Event::Records(records)) => self.records(&records).await?,
            Ok(Event::Heartbeat(text)) => self.send(text).await?,
            Ok(Event::Tick) => {}
            Ok(Event::Snapshot(why)) => return self.last(event::snapshot(why)).await,
            Err(RecvError::Lagged(_)) => {
                self.app.metrics.feed_dropped();
                return self.last(event::snapshot(Why::Slow)).await;
            }
            Err(RecvError::Closed) => return Err(Ended),
        }
        let now = self.app.clock.now();
        let expired = u64::try_from(now.seconds()).unwrap_or(0) >= self.expires_at;
        if expired {
            self.reauthenticate().await?;
        }
        match self.closes_at {
            Some(at) if now >= at => Err(Ended),
            _ => Ok(()),
        }
    }

    /// Records first, even those that end the stream's own token.
    async fn records(&mut self, records: &Records) -> Result<(), Ended> {
        self.send(records.text.clone()).await?;
        let hit = records.records.iter().any(|record| hits(record, &self.subject));
        match hit {
            true => self.reauthenticate().await,
            false => Ok(()),
        }
    }

    /// Asks for another token, once.
    async fn reauthenticate(&mut self) -> Result<(), Ended> {
        if self.closes_at.is_some() {
            return Ok(());
        }
        self.closes_at = Some(self.app.clock.now().plus_seconds(REAUTH_SECONDS));
        self.send(event::reauth()).await
    }

    async fn last(&mut self, text: Bytes) -> Result<(), Ended> {
        self.send(text).await?;
        Err(Ended)
    }

    /// Waits for the reader, but not for ever: others wait for its place.
    async fn send(&mut self, text: Bytes) -> Result<(), Ended> {
        match self.out.send_timeout(text, STALL).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                self.app.metrics.feed_dropped();
                Err(Ended)
            }
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Ended),
        }
    }
}

/// The long poll: an answer as soon as there is something new, or when the time is over.
async fn poll(app: &Arc<App>, ask: Ask, token: Admitted) -> Result<Response, Refused> {
    let reader = enter(app, &ask, token).await?;
    let Subscription { missed, mut events } = reader.subscription;
    let batch = match missed.records.is_empty() && ask.wait > 0 {
        false => missed,
        true => {
            let news = news(&mut events);
            let over = tokio::time::sleep(Duration::from_secs(ask.wait));
            tokio::select! {
                () = app.feed.stopped() => missed,
                () = over => again(app, &ask)?,
                why = news => match why {
                    None => again(app, &ask)?,
                    Some(why) => return Err(Unserved::Snapshot(why).into()),
                },
            }
        }
    };
    let (place, presence) = reader.place;
    drop(place);
    // It listens also while it gets ready to ask again.
    tokio::spawn(async move {
        tokio::time::sleep(BETWEEN_POLLS).await;
        drop(presence);
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, batch.to_json()).into_response())
}

/// Waits for records; or says why a snapshot is needed.
async fn news(events: &mut broadcast::Receiver<Event>) -> Option<Why> {
    loop {
        match events.recv().await {
            Ok(Event::Heartbeat(_) | Event::Tick) => {}
            Ok(Event::Snapshot(why)) => return Some(why),
            // However much was missed, it is asked for by its number.
            Ok(Event::Records(_)) | Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
        }
    }
}

fn again(app: &App, ask: &Ask) -> Result<Batch, Unserved> {
    Ok(app.feed.after(&ask.feed_id, ask.after, app.clock.now())?)
}

#[cfg(test)]
mod tests {
    use super::{IN_FLIGHT, Stream};
    use crate::app::{App, Clock};
    use crate::config::{Config, Environment};
    use crate::feed::BEHIND;
    use crate::feed::event::{self, Event, Why};
    use sekisho_verify::record::{HashedSubject, Subject};
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn a_reader_that_is_too_slow_is_told_to_take_a_snapshot_and_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let settings: Environment = [
            ("SEKISHO_ISSUER", "http://localhost:4000/"),
            ("SEKISHO_DATA_DIR", folder.path().to_str().unwrap()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let config = Config::from_environment(&settings).unwrap();
        let app = App::open(config, Clock::System).await.unwrap();
        let (out, mut said) = mpsc::channel(IN_FLIGHT);
        let mut stream = Stream {
            app: &app,
            subject: HashedSubject::new(app.feed.hash_key(), &Subject::default()),
            expires_at: u64::MAX,
            out,
            closes_at: None,
        };
        let mut events = app.feed.events.subscribe();
        for _ in 0..BEHIND {
            assert!(app.feed.events.send(Event::Tick).is_ok());
        }
        assert!(stream.tell(events.recv().await).await.is_ok(), "just in time");
        for _ in 0..2 {
            assert!(app.feed.events.send(Event::Tick).is_ok());
        }
        assert!(stream.tell(events.recv().await).await.is_err());
        assert_eq!(said.recv().await.unwrap(), event::snapshot(Why::Slow));
        // And one whose connection is gone.
        drop(said);
        assert!(stream.tell(Ok(Event::Heartbeat(event::reauth()))).await.is_err());
    }
}
