use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{
    base::clock::Moment,
    egress::{lease_guard::Term, origin::Origin},
};

const LIMITS: Limits =
    Limits { connect: Duration::from_secs(5), total: Duration::from_secs(5), body_bytes_max: 64 };

/// A server that answers every request of a connection with the same bytes, or closes when they are empty.
async fn server(answer: &'static str, requests_per_connection: usize) -> (Route, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let route = Route::direct(Origin::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                for _ in 0..requests_per_connection {
                    if stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                }
            });
        }
    });
    (route, connections)
}

fn request(method: Method, body: &'static str) -> Request<Bytes> {
    Request::builder().method(method).uri("http://x/path?q=1").header("host", "x").body(body.into()).unwrap()
}

fn open_gate() -> Gate {
    Gate::new(Duration::from_secs(3_600), None)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn reads_share_a_connection_and_writes_never_do() {
    let (route, connections) = server(OK, 100).await;
    let client = Client::default();
    for _ in 0..3 {
        assert_eq!(
            client.send(&route, request(Method::GET, ""), LIMITS, &open_gate()).await.unwrap().body(),
            "ok"
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    for _ in 0..3 {
        client.send(&route, request(Method::POST, "{}"), LIMITS, &open_gate()).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_read_survives_a_quiet_connection_that_was_closed() {
    let (route, connections) = server(OK, 1).await;
    let client = Client::default();
    for _ in 0..4 {
        client.send(&route, request(Method::GET, ""), LIMITS, &open_gate()).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn failures_tell_their_stage() {
    let cases: [(&str, SendError); 4] = [
        ("", SendError::Timeout),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", SendError::TooLarge),
        ("no http at all\r\n\r\n", SendError::Protocol),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ncut", SendError::Terminated),
    ];
    for (answer, expected) in cases {
        let filler: &'static str = if expected == SendError::TooLarge {
            "HTTP/1.1 200 OK\r\ncontent-length: 70\r\n\r\n0123456789012345678901234567890123456789012345678901234567890123456789"
        } else {
            answer
        };
        // One request per connection: the server closes after its answer, but for the silent one, which is asked twice.
        let (route, _) = server(filler, if answer.is_empty() { 2 } else { 1 }).await;
        let limits = Limits { total: Duration::from_millis(200), ..LIMITS };
        let error = Client::default()
            .send(&route, request(Method::POST, "{}"), limits, &open_gate())
            .await
            .unwrap_err();
        assert_eq!(error, expected);
        assert!(error.may_have_been_sent());
    }
}

#[tokio::test]
async fn what_never_left_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::default();
    let refused = Route::direct(Origin::parse(&format!("http://{address}")).unwrap());
    assert_eq!(
        client.send(&refused, request(Method::POST, "{}"), LIMITS, &open_gate()).await.unwrap_err(),
        SendError::Refused
    );

    // A plain server behind https: the handshake fails before the request.
    let (route, _) = server("HTTP/1.1 400 Bad Request\r\n\r\n", 1).await;
    let https = Route::direct(Origin::parse(&route.origin.to_string().replace("http:", "https:")).unwrap());
    let error = client.send(&https, request(Method::POST, "{}"), LIMITS, &open_gate()).await.unwrap_err();
    assert_eq!(error, SendError::Tls);
    assert!(!error.may_have_been_sent());
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel() {
    // Answers CONNECT and the request inside with the same line.
    let (proxy, _) = server(OK_EMPTY, 2).await;
    let route =
        Route { origin: Origin::parse("http://kaspi.example:8080").unwrap(), proxy: Some(proxy.origin) };
    let answer =
        Client::default().send(&route, request(Method::GET, ""), LIMITS, &open_gate()).await.unwrap();
    assert_eq!(answer.status(), 200);
}

const OK_EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn what_is_too_late_to_send_never_leaves() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let route = Route::direct(Origin::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap());
    let client = Client::default();
    let over = Moment { wall: std::time::SystemTime::now() - Duration::from_secs(7_200), ..Moment::now() };

    // Its run held the connection when it began, and stood still while the connection was made.
    let term = Term::new(Duration::from_secs(3_600), Moment::now());
    let gate = Gate::new(LIMITS.total, Some(term.clone()));
    let mut sending = Box::pin(client.send(&route, request(Method::POST, "{}"), LIMITS, &gate));
    let begun = std::future::poll_fn(|cx| std::task::Poll::Ready(sending.as_mut().poll(cx))).await;
    assert!(begun.is_pending());
    term.renew(over);
    let (answer, accepted) = tokio::join!(sending, listener.accept());
    assert_eq!(answer.unwrap_err(), SendError::RunOver);
    let mut received = Vec::new();
    accepted.unwrap().0.read_to_end(&mut received).await.unwrap();
    assert!(received.is_empty(), "{received:?}");

    let lost = Term::new(LIMITS.total, over);
    for (gate, why) in [
        (Gate::new(Duration::ZERO, None), SendError::TooLate),
        (Gate::new(LIMITS.total, Some(lost)), SendError::RunOver),
    ] {
        let answer = client.send(&route, request(Method::GET, ""), LIMITS, &gate).await;
        assert_eq!(answer.unwrap_err(), why);
        assert!(!why.may_have_been_sent());
    }
}
