//! Stands for other programs in this crate's tests: the supervisor (`supervise`), an algorithm's server (`serve`), one
//! whose port is taken by another program at first (`lose-port`), and a front end that starts a job and is then killed
//! (`run`).

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use mlpp_sagemaker::{
    Algorithm, BucketError, Buckets, Config, Pending, SageMaker, Service, passed_environment,
};

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
        _ => Err("supervise, serve, lose-port or run".into()),
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
/// body; a body `bad` gets 415, a body `slow` waits for the file `go` in the model's folder.
fn serve() -> Outcome {
    let port: u16 = std::env::var("SAGEMAKER_BIND_TO_PORT")?.parse()?;
    let model = PathBuf::from(std::env::var("SM_MODEL_DIR")?);
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

/// Buckets without any object.
struct Empty;

impl Buckets for Empty {
    fn list<'a>(&'a self, _: &'a str, _: &'a str) -> Pending<'a, Result<Vec<String>, BucketError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn download<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        _: &'a Path,
    ) -> Pending<'a, Result<(), BucketError>> {
        Box::pin(async { Err(BucketError::NotFound { bucket: bucket.to_owned(), key: key.to_owned() }) })
    }

    fn upload<'a>(
        &'a self,
        _: &'a Path,
        bucket: &'a str,
        key: &'a str,
    ) -> Pending<'a, Result<(), BucketError>> {
        Box::pin(async { Err(BucketError::NotFound { bucket: bucket.to_owned(), key: key.to_owned() }) })
    }
}

/// `run <root> <algorithm.toml> <request>`: creates the training job and waits for ever.
fn run(arguments: &[OsString]) -> Outcome {
    let [root, algorithm, request] = arguments else { return Err("root, algorithm, request".into()) };
    let me = std::env::current_exe()?;
    let mut config =
        Config::new(root.into(), vec![me.clone().into(), "supervise".into()], me, std::sync::Arc::new(Empty));
    config.grace = std::time::Duration::from_millis(200);
    config.environment = passed_environment(std::env::vars_os());
    config.algorithms = vec![Algorithm::parse(&std::fs::read_to_string(algorithm)?, Path::new(algorithm))?];
    let platform = SageMaker::open(config)?;
    let request = serde_json::from_str(request.to_str().ok_or("not UTF-8")?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        platform.call(Service::SageMaker, "CreateTrainingJob", request).await?;
        std::future::pending::<Outcome>().await
    })
}
