use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::{
    demo,
    fault::{Fault, Rule},
};

/// Sends raw bytes and reads whatever comes until the other side closes or the deadline passes.
async fn exchange(address: SocketAddr, head: &str) -> Result<String, &'static str> {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    let mut answer = Vec::new();
    match tokio::time::timeout(Duration::from_millis(700), stream.read_to_end(&mut answer)).await {
        // A connection that is reset has closed as well.
        Ok(_) => Ok(String::from_utf8_lossy(&answer).into_owned()),
        Err(_) => Err("still open"),
    }
}

const ACCOUNT: &str = "GET /api/v4/account HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer amo-test-token\r\n\
                       Connection: close\r\n\r\n";
const ORDERS: &str = "GET /shop/api/v2/orders?filter%5Borders%5D%5Bcode%5D=1000100001 HTTP/1.1\r\nHost: x\r\n\
                      X-Auth-Token: kaspi-test-token\r\nAccept: application/vnd.api+json\r\n\
                      Content-Type: application/vnd.api+json\r\nUser-Agent: tests/1\r\n\
                      Connection: close\r\n\r\n";

fn body(answer: &str) -> Option<Value> {
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

async fn served(rule: Option<Rule>) -> (Server, Arc<Mutex<World>>) {
    let mut world = demo::demo_world(wall_clock_ms());
    if let Some(rule) = rule {
        world.amo.faults.rule(rule);
    }
    let world = Arc::new(Mutex::new(world));
    let server = serve(Arc::clone(&world), 0).await.expect("a free port");
    (server, world)
}

#[tokio::test]
async fn both_apis_answer_on_one_port() {
    let (server, world) = served(None).await;
    let orders = exchange(server.address(), ORDERS).await.expect("an answer");
    assert!(orders.starts_with("HTTP/1.1 200 OK\r\n"), "{orders}");
    assert_eq!(body(&orders).expect("JSON")["data"][0]["attributes"]["code"], "1000100001");
    let account = exchange(server.address(), ACCOUNT).await.expect("an answer");
    assert_eq!(body(&account).expect("JSON")["subdomain"], "demo");
    assert_eq!(account.matches("\r\ndate: ").count(), 1, "one date, the simulated one");
    let world = world.lock().expect("no panic");
    assert_eq!((world.kaspi.requests().len(), world.amo.requests().len()), (1, 1));
    assert!(server.kaspi_base_url().ends_with("/shop/api/v2"));
}

#[tokio::test]
async fn cut_answers_promise_more_than_they_bring() {
    let (server, _world) = served(Some(Rule::new(Fault::CutAfterCommit(10)))).await;
    let answer = exchange(server.address(), ACCOUNT).await.expect("closed");
    let (head, rest) = answer.split_once("\r\n\r\n").expect("a whole head");
    let promised = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    assert!(promised.parse::<usize>().expect("a number") > 100, "{head}");
    assert_eq!(rest.len(), 10);
}

#[tokio::test]
async fn lost_answers_are_a_closed_connection() {
    let (server, world) = served(Some(Rule::new(Fault::LostAfterCommit))).await;
    assert_eq!(exchange(server.address(), ACCOUNT).await, Ok(String::new()));
    assert_eq!(world.lock().expect("no panic").amo.requests().len(), 1);
}

#[tokio::test]
async fn hanging_answers_hold_the_connection() {
    let (server, _world) = served(Some(Rule::new(Fault::HangAfterCommit))).await;
    assert_eq!(exchange(server.address(), ACCOUNT).await, Err("still open"));
}

#[tokio::test]
async fn dropping_the_server_frees_the_port() {
    let (server, _world) = served(None).await;
    let address = server.address();
    drop(server);
    // The task ends at its next turn.
    for _ in 0..100 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{address} still answers");
}
