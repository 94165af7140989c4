//! Servers of object stores on this machine, each with a bucket, ended with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// The bucket, or container.
const BUCKET: &str = "lakefront";

/// A running server.
pub struct Server {
    child: Child,
    environment: Vec<(&'static str, String)>,
}

impl Server {
    /// The environment of a process that uses it.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// S3, by moto; `None` when there is none.
    pub fn moto() -> Option<Server> {
        let mut command = program("LAKEFRONT_MOTO")?;
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("PYTHONUNBUFFERED", "1");
        let (child, address) = start(command, "Running on http://");
        make_bucket(&address);
        let environment = vec![
            ("AWS_ENDPOINT", format!("http://{address}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "somebody".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "something".to_owned()),
        ];
        Some(Server { child, environment })
    }

    /// Azure, by Azurite; `None` when there is none.
    pub fn azurite() -> Option<Server> {
        let mut command = program("LAKEFRONT_AZURITE")?;
        command.args(["--blobHost", "127.0.0.1", "--blobPort", "0"]).args([
            "--inMemoryPersistence",
            "--skipApiVersionCheck",
            "--disableTelemetry",
        ]);
        let (child, address) = start(command, "successfully listens on http://");
        let server = Server {
            child,
            environment: vec![
                ("AZURE_STORAGE_USE_EMULATOR", "true".to_owned()),
                ("AZURITE_BLOB_STORAGE_URL", format!("http://{address}")),
            ],
        };
        let made = Command::new("node").args(["-e", MAKE_CONTAINER, &address, BUCKET]).output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program that `variable` names.
fn program(variable: &str) -> Option<Command> {
    test_support::program(variable).map(Command::new)
}

/// Starts `command` and waits until it says `sign` and, behind it, its address.
fn start(mut command: Command, sign: &str) -> (Child, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let child = command.spawn().unwrap();
    // Otherwise this end would keep the pipe open when the server is gone.
    drop(command);
    let mut lines = BufReader::new(reader).lines();
    let mut said = Vec::new();
    let address = loop {
        let Some(Ok(line)) = lines.next() else { panic!("the server ended: {said:?}") };
        if let Some((_, address)) = line.split_once(sign) {
            let is_end = |c: char| !(c.is_ascii_digit() || c == '.' || c == ':');
            break address.split(is_end).next().unwrap_or_default().to_owned();
        }
        said.push(line);
    };
    // A pipe that nobody reads would stop it when it is full.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address)
}

/// moto asks nobody for a signature.
fn make_bucket(address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
    let head = format!(
        "PUT /{BUCKET} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/eu-central-1/s3/aws4_request\r\n\r\n",
        place.len(),
    );
    stream.write_all((head + place).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Signs with the key that every Azurite has and that its documentation tells.
///
/// Source: "Authorize with Shared Key", Azure Storage documentation.
const MAKE_CONTAINER: &str = r#"
const [address, name] = process.argv.slice(1);
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const date = new Date().toUTCString();
const version = '2021-12-02';
const text = ['PUT', '', '', '', '', '', '', '', '', '', '', '', `x-ms-date:${date}`, `x-ms-version:${version}`,
  `/${account}/${account}/${name}`, 'restype:container'].join('\n');
const signature = require('crypto').createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64');
const headers = { 'x-ms-date': date, 'x-ms-version': version, 'Content-Length': 0,
  Authorization: `SharedKey ${account}:${signature}` };
const url = `http://${address}/${account}/${name}?restype=container`;
require('http').request(url, { method: 'PUT', headers }, (answer) => {
  if (answer.statusCode !== 201) { console.error(answer.statusCode); process.exit(1); }
  answer.resume();
}).end();
"#;
