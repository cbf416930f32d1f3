//! The command line of the Serverless Application Model.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use super::options::Options;
use crate::config::Config;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

const PROGRAM: &str = "sam";

/// The program, as it is called for a stack.
pub(super) struct Sam<'a> {
    /// The folder of the template, in which it runs.
    pub(super) folder: &'a Path,
    pub(super) config: &'a Config,
}

impl Sam<'_> {
    /// Checks that there is a template.
    ///
    /// # Errors
    /// `deploy/template-absent`.
    pub(super) fn check_template(&self) -> Result<(), CommandError> {
        let template = self.folder.join("template.yaml");
        if template.is_file() {
            return Ok(());
        }
        let message = format!("there is no {}", template.display());
        let help =
            "name the folder of the stack's template by --template; it is deploy in the sources of mlpp"
                .to_owned();
        Err(CommandError::one(
            ExitCode::InvalidInput,
            Plain { code: "deploy/template-absent", message, help },
        ))
    }

    /// Checks that the program can be called, before anything is done.
    ///
    /// # Errors
    /// `deploy/sam-absent`.
    pub(super) fn check_program() -> Result<(), CommandError> {
        let called =
            Command::new(PROGRAM).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status();
        called.map(|_| ()).map_err(|error| not_called(&error))
    }

    fn command(&self, action: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg(action).current_dir(self.folder);
        for (flag, value) in [("--profile", &self.config.profile), ("--region", &self.config.region)] {
            if let Some(value) = value {
                command.args([flag, value]);
            }
        }
        command
    }

    /// `sam build`
    pub(super) fn build(&self) -> Command {
        self.command("build")
    }

    /// `sam deploy` with the stack's options.
    pub(super) fn deploy(
        &self,
        stack: Option<&str>,
        options: &Options,
        yes: bool,
        more: &[String],
    ) -> Command {
        let mut command = self.command("deploy");
        if let Some(stack) = stack {
            command.args(["--stack-name", stack]);
        }
        if let Some(url) = &self.config.endpoint_url {
            command.env("AWS_ENDPOINT_URL", url);
        }
        // A stack that is as it should be is no failure.
        command.arg("--no-fail-on-empty-changeset");
        if yes {
            command.arg("--no-confirm-changeset");
        }
        command.arg("--parameter-overrides").args(options.arguments()).args(more);
        command
    }
}

/// A command as it could be typed into a shell.
pub(super) fn shown(command: &Command) -> String {
    let plain = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=@+,".contains(&byte))
    };
    let word = |text: &std::ffi::OsStr| {
        let text = text.to_string_lossy();
        if plain(&text) { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
    };
    let words: Vec<_> = std::iter::once(command.get_program()).chain(command.get_args()).map(word).collect();
    let folder = command.get_current_dir().map(|folder| word(folder.as_os_str())).unwrap_or_default();
    format!("(cd {folder} && {})", words.join(" "))
}

/// Runs it to its end; what it says goes to standard error, since standard output is for data.
///
/// # Errors
/// `deploy/sam-absent`, `deploy/sam-failed`.
pub(super) fn run(mut command: Command) -> Result<(), CommandError> {
    let output = std::io::stderr();
    let status = command.stdout(Stdio::from(owned(&output)?)).status().map_err(|error| not_called(&error))?;
    if status.success() {
        return Ok(());
    }
    let action = command.get_args().next().unwrap_or_default().to_string_lossy().into_owned();
    let message = format!("sam {action} failed: {status}");
    let help = "what it printed above says why; the documents that were uploaded are not in force before the stack is deployed"
        .to_owned();
    Err(CommandError::one(ExitCode::Failure, Plain { code: "deploy/sam-failed", message, help }))
}

fn owned(stderr: &std::io::Stderr) -> Result<std::os::fd::OwnedFd, CommandError> {
    use std::os::fd::AsFd as _;
    stderr.as_fd().try_clone_to_owned().map_err(|error| CommandError::failed("use standard error", error))
}

fn not_called(error: &std::io::Error) -> CommandError {
    let message = if error.kind() == ErrorKind::NotFound {
        "there is no program sam on this machine".to_owned()
    } else {
        format!("the program sam cannot be called: {error}")
    };
    let help = "install the command line of the Serverless Application Model (pip install aws-sam-cli), or print what would be \
                run with --dry-run; nothing was uploaded"
        .to_owned();
    CommandError::one(ExitCode::Failure, Plain { code: "deploy/sam-absent", message, help })
}
