use std::process;

/// The exit codes of `mlpp`. They are part of its interface: a code keeps its meaning. 2 is what `clap` ends with when the
/// command line is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Everything that was asked for is done.
    Success = 0,
    /// Something outside the user's input failed: a file, the store, a process.
    Failure = 1,
    /// The user's input is not valid: nothing was written, nothing was started.
    InvalidInput = 3,
    /// The workflow, or the state that was tested, ran and failed.
    WorkflowFailed = 4,
    /// Another `mlpp` is at work on the project.
    Busy = 5,
    /// What was compared differs, and the exit code was asked to tell, or the drift policy is to fail.
    Differences = 6,
    /// Stopped by Ctrl-C or SIGTERM.
    Interrupted = 130,
}

impl ExitCode {
    /// What `--help` says of the codes.
    pub(crate) const HELP: &'static str = "Exit codes:\n  \
        0    done\n  \
        1    a file, the store or a process failed\n  \
        2    the command line is wrong\n  \
        3    the input is not valid; nothing was written or started\n  \
        4    the workflow, or the state that was tested, ran and failed\n  \
        5    another mlpp is at work on the project\n  \
        6    differences: the policy is to fail, or --exit-code was given\n  \
        130  interrupted";
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
