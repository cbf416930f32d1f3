//! How training is stopped. Alone in its program, since a signal is for the whole of it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may panic as the test does")]

mod support;

use std::io::{self, Write};
use std::process::ExitCode;

use mlpp_gbm::run_train;
use support::Job;

/// Sends SIGTERM to this process after the third line of metrics.
#[derive(Default)]
struct Impatient {
    text: String,
}

impl Write for Impatient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let before = self.text.matches('\n').count();
        self.text.push_str(&String::from_utf8_lossy(bytes));
        if before < 3 && self.text.matches('\n').count() >= 3 {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn sigterm_ends_training_with_the_model_so_far() {
    let job = Job::new("{'target': 'y'}", &[("ntrees", "10000"), ("score_tree_interval", "1")])
        .with_training("x,y\n1,a\n2,b\n3,a\n4,b\n");
    let mut out = Impatient::default();
    let mut err = Vec::new();
    let code = run_train(job.environment(), &mut out, &mut err);
    assert_eq!(code, ExitCode::SUCCESS, "{}", String::from_utf8_lossy(&err));
    let last = out.text.lines().last().unwrap();
    assert!(last.contains("stopped early"), "{last}");
    // The last metrics are those of the model.
    let rounds: usize = last.strip_prefix("model of ").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(
        out.text.lines().rev().nth(1).unwrap().starts_with(&format!("[{rounds}] ")),
        "{}",
        out.text.len()
    );
    assert!(job.environment().model_directory.join("gbm-model.json").is_file());
}
