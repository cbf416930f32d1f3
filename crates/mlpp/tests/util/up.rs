//! A running `mlpp up`.

use std::process::{Child, Stdio};

use super::Project;

/// A command at work; ended with the test.
pub(crate) struct Up(Child);

impl Up {
    pub(crate) fn start(project: &Project) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(project.path().join("up.log"));
        let mut command = project.command(["up", "--listen", "127.0.0.1:0"]);
        Self(command.stdout(Stdio::null()).stderr(log.unwrap()).spawn().unwrap())
    }

    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Ends it as a person would; it must end well.
    pub(crate) fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something is so, as long as it takes; the test runner has the patience that there is.
pub(crate) fn until(project: &Project, is: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is() {
        assert!(start.elapsed().as_secs() < 120, "it never came:\n{}", project.read("up.log"));
        std::thread::yield_now();
    }
}

/// Where the running `mlpp up` listens.
pub(crate) fn address(project: &Project) -> String {
    let log = project.read("up.log");
    log.lines().rev().find_map(|line| line.split_once("http://")).unwrap().1.to_owned()
}

/// Head and body of an answer of the running `mlpp up`.
pub(crate) fn http(project: &Project, method: &str, path: &str, body: &str) -> (String, String) {
    use std::io::{Read as _, Write as _};
    let address = address(project);
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: text/csv\r\nAccept: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}
