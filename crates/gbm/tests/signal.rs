//! How hosting ends. Alone in its program, since a signal is for the whole of it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may panic as the test does")]

mod support;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;

use mlpp_gbm::{ServeEnvironment, run_serve};
use support::Job;

#[test]
fn sigterm_ends_hosting_though_a_client_holds_its_connection() {
    let job = Job::new("{'target': 'y'}", &[("ntrees", "2")]).with_training("x,y\n1,a\n2,b\n");
    job.train().unwrap();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let environment =
        ServeEnvironment { model_directory: job.environment().model_directory.clone(), address: free };
    let program = thread::spawn(move || run_serve(Ok(environment), &mut Vec::new()));

    let mut client = connect(free);
    client.write_all(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; 15];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    // It answers, so it listens for signals too.
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
    assert_eq!(program.join().unwrap(), ExitCode::SUCCESS);
    assert!(TcpStream::connect(free).is_err());
    drop(client);
}

/// Connects as soon as there is something to connect to.
fn connect(address: SocketAddr) -> TcpStream {
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(_) => thread::yield_now(),
        }
    }
}
