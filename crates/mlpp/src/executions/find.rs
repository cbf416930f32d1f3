//! Which execution a name means, and where it came from.

use mlpp_local::ExecutionRecord;
use serde::Deserialize;

use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// The executions that no other one started, newest first.
pub(crate) fn roots(executions: &[ExecutionRecord]) -> impl Iterator<Item = &ExecutionRecord> {
    executions.iter().filter(|execution| execution.parent_arn.is_none())
}

/// The execution that `name` means: its name, the beginning of its name, or its ARN. Without a name the newest one.
///
/// # Errors
/// `execution/absent`, `execution/ambiguous`.
pub(crate) fn find<'a>(
    executions: &'a [ExecutionRecord],
    name: Option<&str>,
) -> Result<&'a ExecutionRecord, CommandError> {
    let Some(name) = name else {
        return roots(executions).next().ok_or_else(none_yet);
    };
    if let Some(found) = executions.iter().find(|execution| execution.arn == name) {
        return Ok(found);
    }
    // One that a task started may have the name of another one: that one is meant by its ARN.
    let is_it = |execution: &&ExecutionRecord| execution.name == name;
    if let Some(found) = roots(executions).find(is_it).or_else(|| executions.iter().find(is_it)) {
        return Ok(found);
    }
    let beginning: Vec<_> = executions.iter().filter(|execution| execution.name.starts_with(name)).collect();
    match beginning.as_slice() {
        [found] if !name.is_empty() => Ok(found),
        [] => Err(absent(name, executions)),
        several => {
            let names: Vec<_> = several.iter().map(|execution| execution.name.as_str()).collect();
            Err(ambiguous(name, &names))
        }
    }
}

/// There is nothing to be meant.
pub(super) fn none_yet() -> CommandError {
    let message = "there is no execution yet".to_owned();
    let help = "mlpp run or mlpp launch starts one".to_owned();
    CommandError::one(ExitCode::InvalidInput, Plain { code: "execution/absent", message, help })
}

/// Several executions may be meant.
pub(super) fn ambiguous(name: &str, several: &[&str]) -> CommandError {
    let some: Vec<_> = several.iter().take(5).copied().collect();
    // On AWS it is not looked for more of them than are shown.
    let count = if several.len() > 5 { "more than 5".to_owned() } else { several.len().to_string() };
    let message = format!("{count} executions have names that begin with \"{name}\"");
    let help = format!("write more of it: {}", some.join(", "));
    CommandError::one(ExitCode::InvalidInput, Plain { code: "execution/ambiguous", message, help })
}

/// No execution has that name; perhaps another one was meant.
pub(super) fn absent(name: &str, executions: &[ExecutionRecord]) -> CommandError {
    let near = executions
        .iter()
        .map(|execution| (strsim::jaro_winkler(&execution.name, name), &execution.name))
        .filter(|(likeness, _)| *likeness > 0.9)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match near {
        Some((_, name)) => format!("did you mean {name}? mlpp executions lists them"),
        None => "mlpp executions lists them".to_owned(),
    };
    let message = format!("there is no execution \"{name}\"");
    CommandError::one(ExitCode::InvalidInput, Plain { code: "execution/absent", message, help })
}

/// The last part of an ARN: what a person calls the thing.
pub(crate) fn short_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Where the input of an execution came from, of one that a launch started.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Provenance {
    /// The release that it was read from; none where nothing was applied.
    pub(crate) release: Option<u64>,
    pub(crate) manifest: Manifest,
    /// Which launch of the manifest it was.
    #[serde(default = "first")]
    pub(crate) attempt: u32,
}

/// The manifest of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) digest: String,
}

fn first() -> u32 {
    1
}

impl Provenance {
    /// What the input says of it; `None` for an input that no launch composed.
    pub(crate) fn of(input: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Input {
            provenance: Provenance,
        }
        serde_json::from_str::<Input>(input).ok().map(|input| input.provenance)
    }

    /// The manifest's S3 URI.
    pub(crate) fn manifest_uri(&self) -> String {
        format!("s3://{}/{}", self.manifest.bucket, self.manifest.key)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mlpp_provider::{ExecutionDescription, ExecutionStatus};

    use super::*;

    fn execution(name: &str, parent: Option<&str>) -> ExecutionRecord {
        let arn = |name: &str| format!("arn:aws:states:us-east-1:000000000000:execution:m:{name}");
        ExecutionRecord {
            arn: format!("{}{}", arn(name), parent.unwrap_or_default()),
            name: name.to_owned(),
            state_machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".to_owned(),
            description: ExecutionDescription {
                status: ExecutionStatus::Running,
                output: None,
                error: None,
                cause: None,
            },
            input: "{}".to_owned(),
            start: Timestamp::UNIX_EPOCH,
            stop: None,
            parent_arn: parent.map(arn),
            definition: None,
        }
    }

    #[test]
    fn a_name_its_beginning_or_the_arn_means_an_execution() {
        let all = [execution("t9-b", None), execution("t8-a", None), execution("t8-a", Some("t9-b"))];
        let found = |name| find(&all, name).map(|found| found.arn.as_str()).map_err(|error| error.exit_code);
        assert_eq!(found(None), Ok(all[0].arn.as_str()));
        assert_eq!(found(Some("t8-a")), Ok(all[1].arn.as_str()));
        assert_eq!(found(Some("t9")), Ok(all[0].arn.as_str()));
        assert_eq!(found(Some(&all[2].arn)), Ok(all[2].arn.as_str()));
        assert_eq!(found(Some("t8")), Err(ExitCode::InvalidInput));
        assert_eq!(found(Some("")), Err(ExitCode::InvalidInput));
        assert_eq!(found(Some("nothing")), Err(ExitCode::InvalidInput));
        assert!(find(&[], None).is_err());
    }

    #[test]
    fn provenance_is_read_from_the_input_of_a_launch() {
        let input = r#"{"a":1,"provenance":{"release":3,"policy":"fail","drift":{"count":0},"attempt":2,
            "manifest":{"bucket":"b","key":"manifests/m.json","etag":"e","digest":"d"},"tool":"t"}}"#;
        let found = Provenance::of(input).unwrap();
        assert_eq!((found.release, found.attempt), (Some(3), 2));
        assert_eq!(found.manifest_uri(), "s3://b/manifests/m.json");
        assert_eq!(Provenance::of("{}"), None);
    }
}
