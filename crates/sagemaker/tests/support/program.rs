//! Stands for other programs in this crate's tests: the supervisor (`supervise`), an algorithm's server (`serve`), one
//! whose port is taken by another program at first (`lose-port`), and front ends that are killed (`run`, `drive`).

mod folders;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mlpp_sagemaker::{Algorithm, Config, SageMaker, Service, Waitable, passed_environment};
use rustix::process::Signal;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let word = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let outcome = match word.to_str() {
        Some("supervise") => std::process::exit(mlpp_sagemaker::supervise(rest)),
        Some("serve") => serve(),
        Some("lose-port") => lose_port(),
        Some("run") => run(&rest),
        Some("drive") => drive(&rest),
        _ => Err("supervise, serve, lose-port, run or drive".into()),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Answers `/ping` with 200 (or `PING_STATUS`), and `/invocations` with the model's file, the content type and the
/// body; a body `bad` gets 415, a body `slow` waits for the file `go` in the model's folder, a body `wait` for ever and says
/// so by a file `asked…`. Prints `SAY` first.
fn serve() -> Outcome {
    let port: u16 = std::env::var("SAGEMAKER_BIND_TO_PORT")?.parse()?;
    let model = PathBuf::from(std::env::var("SM_MODEL_DIR")?);
    if let Ok(text) = std::env::var("SAY") {
        writeln!(io::stdout(), "{text}")?;
    }
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    for stream in listener.incoming() {
        let (stream, model) = (stream?, model.clone());
        std::thread::spawn(move || answer(&stream, &model).map_err(|error| error.to_string()));
    }
    Ok(())
}

fn answer(stream: &TcpStream, model: &Path) -> Outcome {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut content_type) = (0, String::new());
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "content-type" => value.trim().clone_into(&mut content_type),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body)?;
    let (status, text) = match (path.as_str(), body.as_str()) {
        ("/ping", _) => (std::env::var("PING_STATUS").unwrap_or("200".to_owned()), String::new()),
        (_, "bad") => ("415".to_owned(), "not that".to_owned()),
        (_, "die") => std::process::exit(7),
        (_, "wait") => {
            std::fs::write(model.join(format!("asked-{}", stream.peer_addr()?.port())), "")?;
            loop {
                std::thread::park();
            }
        }
        (_, body) => {
            if body == "slow" {
                std::fs::write(model.join("busy"), "")?;
            }
            while body == "slow" && !model.join("go").exists() {
                std::thread::yield_now();
            }
            let content = std::fs::read_to_string(model.join("model.txt"))?;
            ("200".to_owned(), format!("{} {content} {content_type} {body}", std::env::var("NAME")?))
        }
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )?;
    Ok(())
}

/// At first leaves its port to a program that does not belong to it (its process id goes to the file `squatter` beside
/// the model) and fails; later serves.
fn lose_port() -> Outcome {
    use std::os::unix::process::CommandExt;
    let squatter = PathBuf::from(std::env::var("SM_MODEL_DIR")?).with_file_name("squatter");
    if squatter.exists() {
        return serve();
    }
    let port = std::env::var("SAGEMAKER_BIND_TO_PORT")?;
    let mut other = std::process::Command::new(std::env::current_exe()?);
    let other = other.arg("serve").env("PING_STATUS", "503").process_group(0).spawn()?;
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        std::thread::yield_now();
    }
    std::fs::write(squatter, format!("{}\n", other.id()))?;
    Err("the port is taken".into())
}

/// Opens the platform in `<folder>/platform`, whose buckets are in `<folder>/buckets`, with `<folder>/algorithm.toml`.
/// With a number it is killed once that many changes are on record.
fn open(folder: &Path, kill_after: Option<u64>) -> Result<SageMaker, Box<dyn std::error::Error>> {
    let me = std::env::current_exe()?;
    let buckets = Arc::new(folders::Folders(folder.join("buckets")));
    let supervisor = vec![me.clone().into(), "supervise".into()];
    let mut config = Config::new(folder.join("platform"), supervisor, me, buckets);
    config.grace = Duration::from_millis(200);
    config.environment = passed_environment(std::env::vars_os());
    let algorithm = folder.join("algorithm.toml");
    config.algorithms = vec![Algorithm::parse(&std::fs::read_to_string(&algorithm)?, &algorithm)?];
    if let Some(kill_after) = kill_after {
        config.after_commit = Some(Arc::new(move |count| {
            if count >= kill_after {
                let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
            }
        }));
    }
    Ok(SageMaker::open(config)?)
}

/// `run <folder> <request>`: creates the training job and waits for ever.
fn run(arguments: &[OsString]) -> Outcome {
    let [folder, request] = arguments else { return Err("folder, request".into()) };
    let platform = open(Path::new(folder), None)?;
    let request = serde_json::from_str(request.to_str().ok_or("not UTF-8")?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        platform.call(Service::SageMaker, "CreateTrainingJob", request).await?;
        std::future::pending::<Outcome>().await
    })
}

/// `drive <folder> <action> <request> [<changes>]`: what a front end does that may have been killed before. Goes on with
/// what is there, creates the job unless it has been created, waits for its end.
fn drive(arguments: &[OsString]) -> Outcome {
    let [folder, action, request, rest @ ..] = arguments else {
        return Err("folder, action, request".into());
    };
    let text = |word: &OsString| word.to_str().map(str::to_owned).ok_or("not UTF-8");
    let kill_after = rest.first().map(text).transpose()?.map(|count| count.parse()).transpose()?;
    let platform = open(Path::new(folder), kill_after)?;
    let request: serde_json::Value = serde_json::from_str(&text(request)?)?;
    let (what, member) = match text(action)?.as_str() {
        "CreateTrainingJob" => (Waitable::TrainingJob, "TrainingJobName"),
        "CreateHyperParameterTuningJob" => (Waitable::HyperParameterTuningJob, "HyperParameterTuningJobName"),
        "CreateTransformJob" => (Waitable::TransformJob, "TransformJobName"),
        _ => return Err("an action that creates a job".into()),
    };
    let name = request[member].as_str().ok_or("no name")?.to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        platform.resume().await?;
        platform.call_again(Service::SageMaker, &text(action)?, request).await?;
        platform.wait(what, &name).await?;
        platform.shutdown().await;
        Ok(())
    })
}
