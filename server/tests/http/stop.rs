//! Real sockets: a port in use, a stop that lets requests end, and one that does not wait forever.

use super::fixture::World;
use server::listen::{BindError, Stopped, bind, serve};
use std::fs::File;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const LARGE_BYTES: u64 = 64 << 20;
const MINUTE: Duration = Duration::from_secs(60);

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A server on a free port, and what stops it.
struct Running {
    world: World,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Stopped>,
}

async fn start(drain: Duration) -> Running {
    let world = World::new();
    // Larger than what the sockets hold, so that an answer lasts until the client has read it.
    File::create(world.lake().join("large.parquet")).unwrap().set_len(LARGE_BYTES).unwrap();
    let listener = bind(loopback()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap() };
    let served = tokio::spawn(serve(listener, world.router.clone(), stopped, drain));
    Running { world, address, stop, served }
}

impl Running {
    /// Asks for the large file and reads the head of the answer.
    async fn begin_download(&self) -> TcpStream {
        let cookie = self.world.cookie().await;
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request =
            format!("GET /lake/large.parquet HTTP/1.1\r\nhost: x\r\ncookie: {cookie}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains(&format!("content-length: {LARGE_BYTES}\r\n")), "{head}");
        stream
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let held = bind(loopback()).await.unwrap();
    let address = held.local_addr().unwrap();
    let error = bind(address).await.unwrap_err();
    assert!(matches!(error, BindError::PortInUse { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("port {} is in use on 127.0.0.1", address.port()));
    let elsewhere = bind(SocketAddr::from(([192, 0, 2, 1], 0))).await;
    assert!(matches!(elsewhere, Err(BindError::Refused { .. })));
}

#[tokio::test]
async fn a_stop_lets_a_request_end() {
    let running = start(MINUTE).await;
    let mut download = running.begin_download().await;
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    idle.read_u8().await.unwrap();

    running.stop.send(()).unwrap();
    // The idle connection is closed, which shows that stopping has begun.
    idle.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
    let mut body = Vec::new();
    download.read_to_end(&mut body).await.unwrap();
    assert_eq!(body.len() as u64, LARGE_BYTES);
    assert_eq!(running.served.await.unwrap(), Stopped::Drained);
}

#[tokio::test]
async fn a_stop_does_not_wait_forever() {
    let running = start(Duration::from_millis(10)).await;
    let mut download = running.begin_download().await;
    running.stop.send(()).unwrap();
    assert_eq!(running.served.await.unwrap(), Stopped::CutOff);
    let mut body = Vec::new();
    // Cut off shows as an error or as fewer bytes than announced, never as a whole answer.
    let read = download.read_to_end(&mut body).await;
    assert!(read.is_err() || (body.len() as u64) < LARGE_BYTES);
}

#[tokio::test]
async fn a_file_that_shrinks_is_cut_off_and_not_padded() {
    let running = start(MINUTE).await;
    let mut download = running.begin_download().await;
    let path = running.world.lake().join("large.parquet");
    File::options().write(true).open(path).unwrap().set_len(LARGE_BYTES / 2).unwrap();
    let mut body = Vec::new();
    let read = download.read_to_end(&mut body).await;
    assert!(read.is_err() || (body.len() as u64) < LARGE_BYTES);
    running.stop.send(()).unwrap();
    assert_eq!(running.served.await.unwrap(), Stopped::Drained);
}

#[tokio::test]
async fn what_is_not_http_does_no_harm() {
    let running = start(MINUTE).await;
    for garbage in [&b"\x16\x03\x01\x02\x00"[..], b"GET\r\n\r\n", b"GET /\0 HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
    }
    let mut long = TcpStream::connect(running.address).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(1_000_000));
    // The server may close before it has read all of it.
    let _ = long.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = long.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\nok"), "{answer}");
}
