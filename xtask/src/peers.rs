//! Private Python environments with peers: programs and libraries that nobody here wrote, with which the tests and the
//! benchmarks compare ours.
//!
//! Each lies in Cargo's target directory and is made again when one of its lists or the Python that makes it
//! changes. A machine without Python or network has no peers; that is told by name, never passed over.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::digest::sha256;
use crate::error::Error;
use crate::requirements::{Group, Requirement, groups, parse};
use crate::workspace::Workspace;

/// Peers that are installed together, in an environment of their own.
#[derive(Debug)]
pub(crate) struct List {
    /// The environment's directory, in Cargo's target directory.
    directory: &'static str,
    /// The peers, relative to the root: see [`crate::requirements`].
    peers: &'static str,
    /// Versions of what they bring along, in pip's constraints format.
    constraints: &'static str,
}

/// What the tests compare with.
pub(crate) const TESTS: List =
    List { directory: "peers", peers: "xtask/peers.txt", constraints: "xtask/peers-constraints.txt" };

/// What the benchmarks compare with; the continuous integration has no use for it.
pub(crate) const BENCHMARKS: List = List {
    directory: "bench-peers",
    peers: "xtask/bench-peers.txt",
    constraints: "xtask/bench-peers-constraints.txt",
};

/// What checks the templates of the stack.
pub(crate) const TEMPLATES: List = List {
    directory: "templates-peers",
    peers: "xtask/templates-peers.txt",
    constraints: "xtask/templates-peers-constraints.txt",
};

/// The Python that makes the environment.
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// What of the peers this machine has.
#[derive(Debug)]
pub(crate) struct Peers {
    /// The environment's interpreter; only when every peer is installed, so that a test which is given it may
    /// rely on all of them.
    pub(crate) python: Option<PathBuf>,
    pub(crate) missing: Vec<Missing>,
}

/// A peer that could not be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) part: String,
    /// What failed, and its last words.
    pub(crate) why: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: skipped, {}", self.part, self.why)
    }
}

/// The environment's place and how it is filled.
struct Environment {
    venv: PathBuf,
    /// Holds the digest of what the environment was made from; written last.
    stamp: PathBuf,
    constraints: PathBuf,
}

/// Makes the environment of a list, or finds it as it should be.
///
/// Only trouble with our own files is an error; what a machine lacks is in the answer.
pub(crate) fn prepare(workspace: &Workspace, wanted: &List) -> Result<Peers, Error> {
    let path = workspace.root.join(wanted.peers);
    let list = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let requirements = parse(&list, &path)?;
    let constraints = workspace.root.join(wanted.constraints);
    let pins = fs::read_to_string(&constraints).map_err(Error::file("read", &constraints))?;

    let directory = workspace.target.join(wanted.directory);
    fs::create_dir_all(&directory).map_err(Error::file("make", &directory))?;
    // Two runs at once must not fill the same environment.
    let path = directory.join("lock");
    let lock = File::create(&path).map_err(Error::file("write", &path))?;
    lock.lock().map_err(Error::file("lock", &path))?;

    let environment =
        Environment { venv: directory.join("venv"), stamp: directory.join("stamp"), constraints };
    let version = match output(Command::new(PYTHON).arg("--version")) {
        Ok(version) => version,
        Err(why) => return Ok(Peers::none(&requirements, &why)),
    };
    let digest = sha256(format!("{list}\0{pins}\0{version}").as_bytes());
    if environment.is_made_from(&digest) {
        return Ok(Peers { python: Some(environment.python()), missing: Vec::new() });
    }
    environment.make(&requirements, &digest)
}

impl Peers {
    /// No peer at all, for one and the same reason.
    fn none(requirements: &[Requirement], why: &str) -> Self {
        let missing = |peer: &Requirement| Missing { part: peer.part.clone(), why: why.to_owned() };
        Self { python: None, missing: requirements.iter().map(missing).collect() }
    }
}

impl Environment {
    fn python(&self) -> PathBuf {
        self.venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
    }

    /// Whether the environment is complete, made from these lists, and its interpreter still starts.
    fn is_made_from(&self, digest: &str) -> bool {
        fs::read_to_string(&self.stamp).is_ok_and(|stamp| stamp == digest)
            && output(Command::new(self.python()).args(["-I", "-c", ""])).is_ok()
    }

    /// Makes the environment anew and installs every peer into it.
    fn make(&self, requirements: &[Requirement], digest: &str) -> Result<Peers, Error> {
        remove(&self.stamp, |path| fs::remove_file(path))?;
        remove(&self.venv, |path| fs::remove_dir_all(path))?;
        let parts: Vec<_> = requirements.iter().map(|peer| peer.wanted.as_str()).collect();
        eprintln!("peers: installing {} into {}", parts.join(", "), self.venv.display());
        // `-I`: the user's own PYTHONPATH and site packages stay out of it.
        if let Err(why) = output(Command::new(PYTHON).args(["-I", "-m", "venv"]).arg(&self.venv)) {
            return Ok(Peers::none(requirements, &format!("venv failed: {why}")));
        }
        let missing: Vec<_> = groups(requirements).iter().flat_map(|group| self.install(group)).collect();
        if !missing.is_empty() {
            return Ok(Peers { python: None, missing });
        }
        fs::write(&self.stamp, digest).map_err(Error::file("write", &self.stamp))?;
        Ok(Peers { python: Some(self.python()), missing })
    }

    /// Installs a group in one call; should that fail, its peers one by one, to learn which it is.
    fn install(&self, group: &Group) -> Vec<Missing> {
        let Err(why) = self.pip(&group.options, &group.peers) else { return Vec::new() };
        let missing =
            |peer: &Requirement, why| Missing { part: peer.part.clone(), why: format!("pip failed: {why}") };
        if let [peer] = &group.peers[..] {
            return vec![missing(peer, why)];
        }
        let alone: Vec<_> = group
            .peers
            .iter()
            .filter_map(|peer| {
                let why = self.pip(&group.options, std::slice::from_ref(peer)).err()?;
                Some(missing(peer, why))
            })
            .collect();
        if alone.is_empty() {
            // Each can be installed, but not all of them together.
            return group.peers.iter().map(|peer| missing(peer, why.clone())).collect();
        }
        alone
    }

    fn pip(&self, options: &[String], peers: &[Requirement]) -> Result<(), String> {
        let mut pip = Command::new(self.python());
        pip.args(["-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(["--only-binary", ":all:", "--constraint"])
            .arg(&self.constraints)
            .args(options)
            .args(peers.iter().map(|peer| &peer.wanted));
        output(&mut pip).map(drop)
    }
}

/// Removes what may be there.
fn remove(path: &Path, how: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Error> {
    match how(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("remove", path)(error)),
        _ => Ok(()),
    }
}

/// What a program prints to stdout, or its last words when it fails.
fn output(command: &mut Command) -> Result<String, String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(last_words(&output)),
        Err(error) => Err(format!("{} does not start: {error}", command.get_program().to_string_lossy())),
    }
}

/// The last line that says something, of stderr rather than stdout.
fn last_words(output: &Output) -> String {
    let last = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned)
    };
    last(&output.stderr).or_else(|| last(&output.stdout)).unwrap_or_else(|| output.status.to_string())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::Command;

    use super::{Environment, Missing, output};
    use crate::requirements::{Group, Requirement};

    /// An environment whose interpreter is a script that records its arguments and fails when the last of
    /// them contains `absent`, as pip does for a package that is not to be had.
    fn environment(directory: &Path) -> Environment {
        let venv = directory.join("venv");
        fs::create_dir_all(venv.join("bin")).unwrap();
        let python = venv.join("bin/python");
        let script = "#!/bin/sh\necho \"$*\" >> \"$0.calls\"\ncase \"$*\" in *absent*)\
            echo 'ERROR: first' >&2; echo 'ERROR: no matching distribution' >&2; echo >&2; exit 1;; esac\n";
        // Written by another process: were the file open for writing here, a child that another test begins at the same moment
        // could inherit that, and a program that is open for writing does not start.
        let written =
            Command::new("sh").args(["-c", "printf %s \"$1\" > \"$0\""]).arg(&python).arg(script).status();
        assert!(written.unwrap().success());
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        Environment { venv, stamp: directory.join("stamp"), constraints: "constraints.txt".into() }
    }

    fn peer(part: &str) -> Requirement {
        Requirement { part: part.to_owned(), wanted: format!("{part}==1"), options: vec![] }
    }

    fn group(parts: &[&str]) -> Group {
        Group { options: vec!["--no-deps".to_owned()], peers: parts.iter().map(|part| peer(part)).collect() }
    }

    #[test]
    fn a_group_is_installed_by_one_call_with_its_options_and_constraints() {
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(directory.path());
        assert_eq!(environment.install(&group(&["first", "second"])), []);
        let calls = fs::read_to_string(environment.python().with_extension("calls")).unwrap();
        assert_eq!(calls.lines().count(), 1);
        assert!(
            calls.contains("--only-binary :all: --constraint constraints.txt --no-deps first==1 second==1")
        );
    }

    #[test]
    fn the_peer_that_fails_is_named_with_pip_s_last_words() {
        let directory = tempfile::tempdir().unwrap();
        let missing = environment(directory.path()).install(&group(&["first", "absent", "third"]));
        let expected = Missing {
            part: "absent".to_owned(),
            why: "pip failed: ERROR: no matching distribution".to_owned(),
        };
        assert_eq!(missing, [expected]);
        assert_eq!(missing[0].to_string(), "absent: skipped, pip failed: ERROR: no matching distribution");
    }

    #[test]
    fn an_environment_is_good_for_its_own_digest_and_while_it_starts() {
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(directory.path());
        assert!(!environment.is_made_from("digest"), "it has no stamp yet");
        fs::write(&environment.stamp, "digest").unwrap();
        assert!(environment.is_made_from("digest"));
        assert!(!environment.is_made_from("other"));
        fs::remove_file(environment.python()).unwrap();
        assert!(!environment.is_made_from("digest"));
    }

    #[test]
    fn the_last_words_are_those_of_stderr_or_else_of_stdout_or_else_the_status() {
        let said = |script: &str| output(Command::new("sh").args(["-c", script]));
        assert_eq!(said("echo fine"), Ok("fine\n".to_owned()));
        assert_eq!(said("echo out; echo err >&2; exit 1"), Err("err".to_owned()));
        assert_eq!(said("echo out; exit 1"), Err("out".to_owned()));
        assert_eq!(said("exit 4"), Err("exit status: 4".to_owned()));
        assert!(output(&mut Command::new("/nowhere/absent")).unwrap_err().contains("does not start"));
    }
}
