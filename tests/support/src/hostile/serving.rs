//! How a request is read and answered.

use super::{Access, Asked, Behaviour, File, State, lock};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// No stall lasts longer, whatever a client does.
const MAX_STALL: Duration = Duration::from_secs(120);

/// Of a longer file only so much is made a gzip stream, which has to be quick.
const MAX_GZIP_BYTES: usize = 1 << 20;

/// Bodies go out in such pieces, so that an ended download is noticed.
const PIECE_BYTES: usize = 16 * 1024;

impl State {
    /// Reads one request of a connection, answers it, and ends the connection.
    pub(super) fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
        let (method, target) = (method.to_owned(), target.to_owned());
        let (mut range, mut n_body_bytes) = (None, 0);
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
                break;
            }
            let Some((name, value)) = header.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "range" => range = parse_range(value.trim()),
                "content-length" => n_body_bytes = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (decoded(path), Some(query.to_owned())),
            None => (decoded(&target), None),
        };
        if method == "POST" && path == "/report" {
            let mut body = Vec::new();
            reader.take(n_body_bytes).read_to_end(&mut body)?;
            lock(&self.reports).push(String::from_utf8_lossy(&body).into_owned());
            return self.say(&mut stream, "204 No Content", &[], b"");
        }
        lock(&self.asked).push(Asked { method: method.clone(), target, range: range.clone() });
        if method != "GET" {
            return self.say(&mut stream, "405 Method Not Allowed", &[], b"");
        }
        let is_unsigned = lock(&self.signature).as_ref().is_some_and(|s| query.as_ref() != Some(s));
        let file = lock(&self.files).get_mut(&path).map(|file| {
            let behaviour = match file.behaviours.len() {
                0 | 1 => file.behaviours.front().cloned(),
                _ => file.behaviours.pop_front(),
            };
            (file.clone(), behaviour.unwrap_or(Behaviour::Right))
        });
        match file {
            _ if is_unsigned => self.say(&mut stream, "403 Forbidden", &[], b""),
            None => {
                let status = format!("{} Missing", *lock(&self.missing));
                self.say(&mut stream, &status, &[], b"")
            }
            Some((file, behaviour)) => self.serve(&mut stream, &path, &file, range, &behaviour),
        }
    }

    fn serve(
        &self,
        stream: &mut TcpStream,
        path: &str,
        file: &File,
        range: Option<Range<u64>>,
        behaviour: &Behaviour,
    ) -> io::Result<()> {
        let whole = file.bytes.as_slice();
        let size = whole.len() as u64;
        let mut headers = vec![format!("Content-Type: {}", kind_of(path))];
        headers.extend(file.etag.iter().map(|etag| format!("ETag: {etag}")));
        let asked = range.map(|range| range.start..range.end.min(size));
        if let Some(asked) = asked.as_ref().filter(|asked| asked.start >= asked.end)
            && *behaviour == Behaviour::Right
        {
            headers.push(format!("Content-Range: bytes */{size}"));
            let _ = asked;
            return self.say(stream, "416 Range Not Satisfiable", &headers, b"");
        }
        let part = match &asked {
            Some(asked) => whole.get(asked.start as usize..asked.end as usize).unwrap_or_default(),
            None => whole,
        };
        let right = asked.as_ref().map(|asked| {
            format!("Content-Range: bytes {}-{}/{size}", asked.start, asked.end.saturating_sub(1))
        });
        let status = if asked.is_some() { "206 Partial Content" } else { "200 OK" };
        match behaviour {
            Behaviour::Right => {
                headers.extend(right);
                self.say(stream, status, &headers, part)
            }
            Behaviour::NoRanges => self.say(stream, "200 OK", &headers, whole),
            Behaviour::NoRangesChunked => {
                self.head(stream, "200 OK", &headers, None)?;
                self.chunks(stream, whole)?;
                stream.write_all(b"0\r\n\r\n")
            }
            Behaviour::ContentRange(value) => {
                headers.push(format!("Content-Range: {value}"));
                self.say(stream, status, &headers, part)
            }
            Behaviour::NoContentRange => self.say(stream, status, &headers, part),
            Behaviour::Gzip => {
                headers.extend(right);
                headers.push("Content-Encoding: gzip".to_owned());
                let stream_of = gzip(whole.get(..MAX_GZIP_BYTES).unwrap_or(whole));
                let part = asked.and_then(|a| stream_of.get(a.start as usize..a.end as usize));
                self.say(stream, status, &headers, part.unwrap_or(&stream_of))
            }
            Behaviour::Multipart => {
                headers.remove(0);
                headers.push("Content-Type: multipart/byteranges; boundary=x".to_owned());
                let mut body = format!("--x\r\n{}\r\n\r\n", right.unwrap_or_default()).into_bytes();
                body.extend_from_slice(part);
                body.extend_from_slice(b"\r\n--x--\r\n");
                self.say(stream, status, &headers, &body)
            }
            Behaviour::Truncated(n_bytes) => {
                headers.extend(right);
                self.head(stream, status, &headers, Some(part.len()))?;
                self.send(stream, part.get(..*n_bytes).unwrap_or(part))
            }
            Behaviour::Endless => {
                headers.extend(right);
                self.head(stream, status, &headers, None)?;
                while !self.is_stopped.load(Ordering::Relaxed) {
                    self.chunks(stream, &[7; PIECE_BYTES])?;
                }
                Ok(())
            }
            Behaviour::Silent => self.stall(stream),
            Behaviour::Stalled(n_bytes) => {
                headers.extend(right);
                self.head(stream, status, &headers, Some(part.len()))?;
                self.send(stream, part.get(..*n_bytes).unwrap_or(part))?;
                self.stall(stream)
            }
            Behaviour::Dribbled(interval_ms) => {
                headers.extend(right);
                self.head(stream, status, &headers, Some(part.len()))?;
                for byte in part {
                    std::thread::sleep(Duration::from_millis(*interval_ms));
                    self.send(stream, &[*byte])?;
                }
                Ok(())
            }
            Behaviour::Status(status, retry_after) => {
                if !retry_after.is_empty() {
                    headers.push(format!("Retry-After: {retry_after}"));
                }
                self.say(stream, &format!("{status} Told"), &headers, b"as told")
            }
            Behaviour::Reset => Ok(()),
        }
    }

    fn say(
        &self,
        stream: &mut TcpStream,
        status: &str,
        headers: &[String],
        body: &[u8],
    ) -> io::Result<()> {
        self.head(stream, status, headers, Some(body.len()))?;
        self.send(stream, body)
    }

    fn head(
        &self,
        stream: &mut TcpStream,
        status: &str,
        headers: &[String],
        n_bytes: Option<usize>,
    ) -> io::Result<()> {
        let mut head =
            format!("HTTP/1.1 {status}\r\nConnection: close\r\nAccept-Ranges: bytes\r\n");
        match *lock(&self.access) {
            Access::Open => head.push_str(
                "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: Range\r\n\
                 Access-Control-Expose-Headers: Content-Range, Content-Encoding, ETag, Retry-After\r\n",
            ),
            Access::Hidden => head.push_str("Access-Control-Allow-Origin: *\r\n"),
            Access::Closed => {}
        }
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        match n_bytes {
            Some(n_bytes) => head.push_str(&format!("Content-Length: {n_bytes}\r\n\r\n")),
            None => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
        }
        stream.write_all(head.as_bytes())
    }

    fn send(&self, stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
        for piece in body.chunks(PIECE_BYTES) {
            stream.write_all(piece)?;
            self.n_sent_bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        stream.flush()
    }

    fn chunks(&self, stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
        for piece in body.chunks(PIECE_BYTES) {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
            self.send(stream, piece)?;
            stream.write_all(b"\r\n")?;
        }
        Ok(())
    }

    /// Waits until the client goes.
    fn stall(&self, stream: &mut TcpStream) -> io::Result<()> {
        let started = Instant::now();
        stream.set_read_timeout(Some(Duration::from_millis(50)))?;
        while started.elapsed() < MAX_STALL && !self.is_stopped.load(Ordering::Relaxed) {
            match stream.read(&mut [0]) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A gzip stream of blocks that are stored as they are; whoever reads it to its end finds the checksum
/// wrong.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    for block in bytes.chunks(0xffff) {
        let n_bytes = block.len() as u16;
        stream.push(0);
        stream.extend_from_slice(&n_bytes.to_le_bytes());
        stream.extend_from_slice(&(!n_bytes).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(&[1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    stream
}

fn parse_range(value: &str) -> Option<Range<u64>> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    Some(first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?)
}

fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| char::from(byte?).to_digit(16);
        bytes.push(match byte {
            b'%' => match (hex(rest.next()), hex(rest.next())) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => b'%',
            },
            byte => byte,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}
