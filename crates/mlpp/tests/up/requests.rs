//! Requests that are bad, slow, or too many: each gets its answer, and the others get theirs.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use serde_json::Value;

use crate::running::{address, http, served};

/// The service's limit for the body of a request.
const LARGEST: usize = 6_291_456;

/// A client that writes what it likes.
struct Client<'a> {
    address: &'a str,
}

impl Client<'_> {
    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// What comes back until the connection is closed.
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        read(stream)
    }

    /// The same for an invocation with these headers.
    fn invoke(&self, headers: &[&str], body: &[u8]) -> String {
        self.send(&request(headers, body))
    }
}

fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// An invocation with `Content-Length`, unless the headers say how the body comes.
fn request(headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head =
        "POST /endpoints/survival-endpoint/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            .to_owned();
    for header in headers {
        head.extend([header, "\r\n"]);
    }
    if !headers
        .iter()
        .any(|header| header.starts_with("Transfer-Encoding") || header.starts_with("Content-Length"))
    {
        head.extend(["Content-Length: ", &body.len().to_string(), "\r\n"]);
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// Status, error type and body of an answer.
fn parts(answer: &str) -> (u16, String, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_default();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let error = lines
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-amzn-errortype"))
        .map(|(_, code)| code.to_owned());
    (status, error.collect(), serde_json::from_str(body).unwrap_or_default())
}

const CSV: &str = "Content-Type: text/csv";
const JSON: &str = "Accept: application/json";

#[test]
fn every_request_gets_its_answer() {
    let (project, up) = served();
    let (address, rows) = (address(&project), project.read("data/rows.csv"));
    let client = Client { address: &address };
    let answers = |rows: &[u8]| {
        let (status, error, body) = parts(&client.invoke(&[CSV, JSON], rows));
        assert_eq!((status, error.as_str()), (200, ""), "{body:#}");
        body["predictions"].as_array().unwrap().len()
    };
    assert_eq!(answers(rows.as_bytes()), 3);

    // What the program refuses is told as it said it.
    for (headers, body, original) in [
        (vec!["Content-Type: text/plain"], rows.as_str(), 415),
        (vec![], rows.as_str(), 415),
        (vec![CSV], "", 400),
        (vec![CSV], "nonsense\n1\n", 400),
    ] {
        let (status, error, told) = parts(&client.invoke(&headers, body.as_bytes()));
        assert_eq!((status, error.as_str()), (424, "ModelError"), "{told:#}");
        assert_eq!(told["OriginalStatusCode"], original, "{told:#}");
        let start = format!("Received client error ({original}) from primary with message \"");
        assert!(told["Message"].as_str().unwrap().starts_with(&start), "{told:#}");
    }
    let (status, error, told) =
        parts(&client.invoke(&[CSV, "X-Amzn-SageMaker-Target-Variant: Other"], rows.as_bytes()));
    assert_eq!((status, error.as_str()), (400, "ValidationError"), "{told:#}");
    assert_eq!(told["Message"], "Variant Other not found in endpoint survival-endpoint.");
    let (head, told) = http(&project, "POST", "/endpoints/nothing/invocations", &rows);
    assert!(head.starts_with("HTTP/1.1 400") && told.contains("Endpoint nothing of account"), "{head}{told}");

    too_large(&client, &rows);
    no_requests(&client);
    many(&client, &rows);
    assert_eq!(answers(rows.as_bytes()), 3);
    up.stop();
    project.expect_nothing_left_running();
}

/// Bodies at the limit and over it, told beforehand or not.
fn too_large(client: &Client<'_>, rows: &str) {
    let over = vec![b'1'; LARGEST + 1];
    let chunked = |body: &[u8]| [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat();
    for answer in [
        client.invoke(&[CSV], &over),
        client.invoke(&[CSV, "Transfer-Encoding: chunked"], &chunked(&over)),
        // Who asks first is told before it sends.
        client.invoke(&[CSV, "Expect: 100-continue", "Content-Length: 6291457"], b""),
    ] {
        let (status, error, told) = parts(&answer);
        assert_eq!((status, error.as_str()), (413, "ValidationError"), "{answer}");
        assert_eq!(told["Message"], "HTTP content length exceeded 6291456 bytes.");
    }
    // At the limit it is the model that answers.
    let (status, error, _) = parts(&client.invoke(&[CSV], &over[1..]));
    assert_eq!((status, error.as_str()), (424, "ModelError"));
    let mut stream = client.connect();
    let length = format!("Content-Length: {}", rows.len());
    stream.write_all(&request(&[CSV, JSON, "Expect: 100-continue", &length], b"")).unwrap();
    let mut first = [0; 25];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(rows.as_bytes()).unwrap();
    assert_eq!(parts(&read(stream)).0, 200);
}

/// What is no request, or none to an endpoint.
fn no_requests(client: &Client<'_>) {
    for (bytes, expected) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"[..], 400),
        (b"HELO there\r\n\r\n", 400),
        (b"GET /endpoints/survival-endpoint/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        (b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        (b"POST /endpoints/%ff/invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 400),
    ] {
        let answer = client.send(bytes);
        assert_eq!(parts(&answer).0, expected, "{answer}");
    }
    // A client that goes in the middle.
    let mut stream = client.connect();
    stream.write_all(&request(&[CSV, "Content-Length: 1000"], b"a,b\n")).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(parts(&read(stream)).0, 400);
}

/// Clients that never finish their request, and more of them at once than have a place.
fn many(client: &Client<'_>, rows: &str) {
    let slow: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = client.connect();
            stream.write_all(b"POST /endpoints/survival-endpoint/invocations HTTP/1.1\r\nX-Slow: ").unwrap();
            stream
        })
        .collect();
    let whole = request(&[CSV, JSON], rows.as_bytes());
    let asked: Vec<TcpStream> = (0..500)
        .map(|_| {
            let mut stream = client.connect();
            stream.write_all(&whole).unwrap();
            stream
        })
        .collect();
    for stream in asked {
        let answer = read(stream);
        assert_eq!(parts(&answer).0, 200, "{answer}");
    }
    drop(slow);
}
