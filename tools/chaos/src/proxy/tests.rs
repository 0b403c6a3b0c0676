//! Against a broker that answers every request with its correlation id and no error.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::*;
use crate::frame::END_TXN;
use crate::link::{Injection, Observation};

const LONG: Duration = Duration::from_secs(10);
const METADATA: i16 = 3;

struct Setting {
    link: Arc<Link>,
    address: SocketAddr,
    /// Correlation ids of the requests that reached the broker.
    reached: mpsc::UnboundedReceiver<i32>,
    _proxies: Proxies,
}

async fn setting() -> Setting {
    let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = broker.local_addr().unwrap();
    let (reaches, reached) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = broker.accept().await {
            tokio::spawn(answer(stream, reaches.clone()));
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let link = Arc::new(Link::default());
    let route = Route { broker: 1, listen: address, upstream };
    let proxies = Proxies::accepting(&link, vec![(listener, route)]);
    Setting { link, address, reached, _proxies: proxies }
}

async fn answer(mut stream: TcpStream, reaches: mpsc::UnboundedSender<i32>) {
    while let Some(request) = read(&mut stream).await {
        let id = i32::from_be_bytes(request[4..8].try_into().unwrap());
        let _ = reaches.send(id);
        let mut answer = id.to_be_bytes().to_vec();
        answer.extend([0; 6]);
        write(&mut stream, &answer).await;
    }
}

async fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let length = stream.read_u32().await.ok()?;
    let mut frame = vec![0; length as usize];
    stream.read_exact(&mut frame).await.ok()?;
    Some(frame)
}

async fn write(stream: &mut TcpStream, frame: &[u8]) {
    let mut bytes = (frame.len() as u32).to_be_bytes().to_vec();
    bytes.extend(frame);
    stream.write_all(&bytes).await.unwrap();
}

async fn request(stream: &mut TcpStream, api_key: i16, id: i32) {
    let mut frame = api_key.to_be_bytes().to_vec();
    frame.extend(1_i16.to_be_bytes());
    frame.extend(id.to_be_bytes());
    write(stream, &frame).await;
}

async fn answered(stream: &mut TcpStream) -> Option<i32> {
    let frame = timeout(LONG, read(stream)).await.expect("an answer, or an end")?;
    Some(i32::from_be_bytes(frame[..4].try_into().unwrap()))
}

async fn next<T>(channel: &mut mpsc::UnboundedReceiver<T>) -> T {
    timeout(LONG, channel.recv()).await.expect("something in time").expect("an open channel")
}

#[tokio::test]
async fn requests_and_answers_pass() {
    let setting = setting().await;
    let mut client = TcpStream::connect(setting.address).await.unwrap();
    for id in 1..100 {
        request(&mut client, if id % 2 == 0 { END_TXN } else { METADATA }, id).await;
        assert_eq!(answered(&mut client).await, Some(id));
    }
}

#[tokio::test]
async fn a_held_end_txn_is_delivered_when_its_client_has_long_gone() {
    let mut setting = setting().await;
    let mut observations =
        setting.link.order(Injection::Hold { time: Duration::from_millis(300), cut: false });
    let mut client = TcpStream::connect(setting.address).await.unwrap();
    let begun = Instant::now();
    request(&mut client, METADATA, 1).await;
    assert_eq!(answered(&mut client).await, Some(1));
    request(&mut client, END_TXN, 2).await;
    assert_eq!(next(&mut observations).await, Observation::Seen);
    drop(client);
    // Another connection, and another EndTxn, are not concerned.
    let mut again = TcpStream::connect(setting.address).await.unwrap();
    request(&mut again, END_TXN, 3).await;
    assert_eq!(answered(&mut again).await, Some(3));

    assert_eq!(next(&mut observations).await, Observation::Delivered { given_up: true });
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(next(&mut observations).await, Observation::Answered(Some(0)));
    let mut reached = Vec::new();
    for _ in 0..3 {
        reached.push(next(&mut setting.reached).await);
    }
    assert_eq!(reached, [1, 3, 2], "the broker saw the held one last");
}

#[tokio::test]
async fn an_end_txn_that_is_cut_off_and_held_is_overtaken_by_the_next() {
    let mut setting = setting().await;
    let mut observations =
        setting.link.order(Injection::Hold { time: Duration::from_millis(300), cut: true });
    let mut client = TcpStream::connect(setting.address).await.unwrap();
    request(&mut client, END_TXN, 2).await;
    assert_eq!(answered(&mut client).await, None, "the connection ends");
    let mut again = TcpStream::connect(setting.address).await.unwrap();
    request(&mut again, END_TXN, 3).await;
    assert_eq!(answered(&mut again).await, Some(3));
    assert_eq!(next(&mut observations).await, Observation::Seen);
    assert_eq!(next(&mut observations).await, Observation::Delivered { given_up: true });
    assert_eq!(next(&mut observations).await, Observation::Answered(Some(0)));
    assert_eq!((next(&mut setting.reached).await, next(&mut setting.reached).await), (3, 2));
}

#[tokio::test]
async fn an_answer_that_gets_lost_was_one_that_the_broker_gave() {
    let mut setting = setting().await;
    let mut observations = setting.link.order(Injection::LoseAnswer);
    let mut client = TcpStream::connect(setting.address).await.unwrap();
    request(&mut client, END_TXN, 7).await;
    assert_eq!(answered(&mut client).await, None, "the connection ends instead");
    assert_eq!(next(&mut setting.reached).await, 7);
    assert_eq!(next(&mut observations).await, Observation::Seen);
    assert_eq!(next(&mut observations).await, Observation::Delivered { given_up: false });
    assert_eq!(next(&mut observations).await, Observation::Answered(Some(0)));
}

#[tokio::test]
async fn a_cut_ends_connections_and_lets_new_ones_through() {
    let setting = setting().await;
    let mut client = TcpStream::connect(setting.address).await.unwrap();
    request(&mut client, METADATA, 1).await;
    assert_eq!(answered(&mut client).await, Some(1));
    assert_eq!(setting.link.cut(), 1);
    assert_eq!(answered(&mut client).await, None);
    let mut again = TcpStream::connect(setting.address).await.unwrap();
    request(&mut again, METADATA, 2).await;
    assert_eq!(answered(&mut again).await, Some(2));
}

#[tokio::test]
async fn what_a_blackhole_swallowed_arrives_when_it_is_over() {
    let mut setting = setting().await;
    let mut client = TcpStream::connect(setting.address).await.unwrap();
    setting.link.swallow([1]);
    request(&mut client, METADATA, 1).await;
    let nothing = timeout(Duration::from_millis(200), setting.reached.recv()).await;
    assert!(nothing.is_err(), "the broker saw {nothing:?}");
    setting.link.restore();
    assert_eq!(answered(&mut client).await, Some(1));
}

#[tokio::test]
async fn a_slow_line_delays_every_frame_but_not_one_after_the_other() {
    let setting = setting().await;
    let mut client = TcpStream::connect(setting.address).await.unwrap();
    setting.link.slow_down(Duration::from_millis(100));
    let begun = Instant::now();
    for id in 0..50 {
        request(&mut client, METADATA, id).await;
    }
    for id in 0..50 {
        assert_eq!(answered(&mut client).await, Some(id));
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(200), "there and back: {took:?}");
    assert!(took < Duration::from_secs(5), "50 frames do not wait for each other: {took:?}");
}
