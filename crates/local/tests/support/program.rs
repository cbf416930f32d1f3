//! Stands for other programs in this crate's tests: the supervisor (`supervise`), an algorithm (`train`, `serve`), and a
//! process that runs an execution and is killed (`drive`).

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mlpp_local::{Local, LocalOptions, StateMachines, state_machine_arn};
use mlpp_provider::{StartExecution, Workflows as _};
use mlpp_sagemaker::{Algorithm, supervise};
use rustix::process::Signal;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let word = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let outcome = match word.to_str() {
        Some("supervise") => std::process::exit(supervise(rest)),
        Some("train") => train(),
        Some("serve") => serve(),
        Some("drive") => drive(&rest),
        _ => Err("supervise, train, serve or drive".into()),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Notes its start in the file of the hyperparameter `notes`, and reports the hyperparameter `x`.
fn train() -> Outcome {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let mut notes = OpenOptions::new().create(true).append(true).open(variable("SM_HP_NOTES")?)?;
    writeln!(notes, "{}", variable("TRAINING_JOB_NAME")?)?;
    std::fs::write(Path::new(&variable("SM_MODEL_DIR")?).join("model.txt"), variable("SM_HP_X")?)?;
    writeln!(io::stdout(), "score={};", variable("SM_HP_X")?)?;
    Ok(())
}

/// Answers every request.
fn serve() -> Outcome {
    let port: u16 = std::env::var("SAGEMAKER_BIND_TO_PORT")?.parse()?;
    for stream in TcpListener::bind(("127.0.0.1", port))?.incoming() {
        let stream = stream?;
        std::thread::spawn(move || answer(&stream));
    }
    Ok(())
}

fn answer(mut stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    io::copy(&mut reader.take(length), &mut io::sink())?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// `drive <folder> <state machine> <input> [<count>]`: opens what is in `<folder>/.mlpp` with `<folder>/algorithm.toml`; starts
/// the execution `e`, or goes on with what runs; prints the end of `e`. With a count it is killed once that many changes are
/// on disk.
fn drive(arguments: &[OsString]) -> Outcome {
    let text = |at: usize| arguments.get(at).and_then(|word| word.to_str());
    let folder = PathBuf::from(text(0).ok_or("a folder")?);
    let kill_after: Option<u64> = text(3).map(str::parse).transpose()?;
    let machines = StateMachines::compile(&std::collections::BTreeMap::new(), &substitutions())?;
    let mut options = LocalOptions::new(folder.join(".mlpp"), std::env::current_exe()?, machines);
    let algorithm = folder.join("algorithm.toml");
    options.algorithms = vec![Algorithm::parse(&std::fs::read_to_string(&algorithm)?, &algorithm)?];
    options.max_processes = 1;
    if let Some(kill_after) = kill_after {
        let count = AtomicU64::new(0);
        options.after_commit = Some(Arc::new(move || {
            if count.fetch_add(1, Ordering::SeqCst) + 1 >= kill_after {
                let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
            }
        }));
    }
    let local = Local::open(options)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let request = StartExecution {
            state_machine_arn: state_machine_arn(text(1).ok_or("a state machine")?),
            name: "e".to_owned(),
            input: text(2).ok_or("an input")?.to_owned(),
        };
        let started = local.workflows().start(request).await?;
        if started.already {
            match local.workflows().resume(&started.execution_arn) {
                Ok(()) | Err(mlpp_local::ResumeError::Ended(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let end = local.workflows().wait(&started.execution_arn).await?;
        local.shutdown().await;
        let mut line = serde_json::json!({
            "status": mlpp_local::status_text(end.status), "error": end.error, "cause": end.cause,
        });
        line["output"] = end.output.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        writeln!(io::stdout(), "{line}")?;
        Ok(())
    })
}

fn substitutions() -> std::collections::BTreeMap<String, String> {
    [("Environment".to_owned(), "test".to_owned())].into()
}
