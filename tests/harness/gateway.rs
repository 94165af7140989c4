//! A way to a server that can be cut: to a browser the network is away then, and the server lives on.

use anyhow::Context;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A port that leads to a server.
pub struct Gateway {
    /// Such as `http://127.0.0.1:8080`.
    pub origin: String,
    target: SocketAddr,
    place: SocketAddr,
    way: Option<Way>,
}

/// The way while it is open.
struct Way {
    is_cut: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    accepting: JoinHandle<()>,
}

impl Gateway {
    /// Opens a way to the server at `origin`.
    ///
    /// # Errors
    /// When the origin has no address or there is no port.
    pub fn open(origin: &str) -> anyhow::Result<Gateway> {
        let authority = origin.strip_prefix("http://").context("an origin begins with http://")?;
        let target = authority.parse().with_context(|| format!("{authority} is no address"))?;
        let place = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut gateway = Gateway { origin: format!("http://{place}"), target, place, way: None };
        gateway.restore()?;
        Ok(gateway)
    }

    /// Cuts the way: connections break, and new ones are refused.
    pub fn cut(&mut self) {
        let Some(way) = self.way.take() else { return };
        way.is_cut.store(true, Ordering::SeqCst);
        // Wakes the thread, which drops the port.
        drop(TcpStream::connect(self.place));
        let _ended = way.accepting.join();
        for stream in way.streams.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Opens the way again, at the same place.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn restore(&mut self) -> anyhow::Result<()> {
        self.cut();
        let listener = TcpListener::bind(self.place)?;
        let (is_cut, streams) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let accepting = {
            let (is_cut, streams, target) =
                (Arc::clone(&is_cut), Arc::clone(&streams), self.target);
            std::thread::spawn(move || {
                for client in listener.incoming().map_while(Result::ok) {
                    if is_cut.load(Ordering::SeqCst) {
                        return;
                    }
                    // A server that refuses is a connection that breaks.
                    let _ = join(client, target, &streams);
                }
            })
        };
        self.way = Some(Way { is_cut, streams, accepting });
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Carries bytes both ways until one side ends.
fn join(client: TcpStream, target: SocketAddr, streams: &Mutex<Vec<TcpStream>>) -> io::Result<()> {
    let server = TcpStream::connect(target)?;
    let mut known = streams.lock().unwrap_or_else(PoisonError::into_inner);
    known.extend([client.try_clone()?, server.try_clone()?]);
    let pairs = [(client.try_clone()?, server.try_clone()?), (server, client)];
    for (mut from, mut to) in pairs {
        std::thread::spawn(move || {
            // A side that breaks off ends both.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn a_way_is_cut_and_opened_again() -> anyhow::Result<()> {
        let server = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", server.local_addr()?);
        std::thread::spawn(move || {
            for mut stream in server.incoming().map_while(Result::ok) {
                let mut byte = [0];
                while matches!(stream.read(&mut byte), Ok(1)) {
                    let _ = stream.write_all(&byte);
                }
            }
        });
        let mut gateway = Gateway::open(&origin)?;
        let ask = |place: SocketAddr| -> io::Result<TcpStream> {
            let mut stream = TcpStream::connect(place)?;
            stream.write_all(b"x")?;
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            Ok(stream)
        };
        let mut open = ask(gateway.place)?;
        gateway.cut();
        assert_eq!(open.read(&mut [0])?, 0, "the connection is still there");
        assert!(ask(gateway.place).is_err(), "a new connection is not refused");
        gateway.restore()?;
        ask(gateway.place)?;
        Ok(())
    }
}
