//! The two programs of the container contract: what they leave behind and how they end.

use std::fs;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::environment::{EnvironmentError, ServeEnvironment, TrainEnvironment};
use crate::serve::{ServeError, serve};
use crate::train::{TrainError, train_until};

/// Trains as a program does: metrics go to `out`; on failure the reason goes to `err` and into the file `failure` of the
/// output directory, where SageMaker takes its `FailureReason` from ("How Amazon SageMaker AI Processes Training Output"),
/// and the code is 1.
///
/// SIGTERM ends the training after the round of trees that grows then, and the model so far is saved: SageMaker keeps what
/// a job has that is stopped, early or by hand, and gives it 120 seconds ("Stop Training Jobs Early").
pub fn run_train(environment: &TrainEnvironment, out: &mut dyn Write, err: &mut dyn Write) -> ExitCode {
    let trained = terminated()
        .map_err(TrainError::from)
        .and_then(|flag| train_until(environment, out, &|| flag.load(Ordering::Relaxed)));
    let Err(error) = trained else { return ExitCode::SUCCESS };
    let reason = format!("failed to train: {error}");
    // Where standard error is gone nobody is left to tell.
    let _ = writeln!(err, "{reason}");
    let directory = &environment.output_directory;
    let path = directory.join("failure");
    if let Err(error) = fs::create_dir_all(directory).and_then(|()| fs::write(&path, &reason)) {
        let _ = writeln!(err, "failed to write {}: {error}", path.display());
    }
    ExitCode::FAILURE
}

/// A flag that SIGTERM raises from now on.
#[cfg(unix)]
fn terminated() -> std::io::Result<Arc<AtomicBool>> {
    use tokio::signal::unix::{SignalKind, signal};

    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut terminate = {
        let _within = runtime.enter();
        signal(SignalKind::terminate())?
    };
    // It waits until the process ends.
    std::thread::spawn(move || {
        runtime.block_on(async {
            while terminate.recv().await.is_some() {
                raised.store(true, Ordering::Relaxed);
            }
        });
    });
    Ok(flag)
}

/// Only Unix has the signal.
#[cfg(not(unix))]
fn terminated() -> std::io::Result<Arc<AtomicBool>> {
    Ok(Arc::default())
}

/// Hosts as a program does, until SIGTERM or SIGINT: on failure the reason goes to `err`, and the code is 1. The environment
/// may be the error of reading it.
///
/// It brings its own asynchronous runtime, so it must not be called from within one; use [`serve`] there.
pub fn run_serve(environment: Result<ServeEnvironment, EnvironmentError>, err: &mut dyn Write) -> ExitCode {
    let run = || -> Result<(), ServeError> {
        let environment = environment?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(ServeError::Serve)?.block_on(serve(&environment))
    };
    let Err(error) = run() else { return ExitCode::SUCCESS };
    let _ = writeln!(err, "failed to host the model: {error}");
    ExitCode::FAILURE
}
