//! How well jobs share the machine.

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Error;
use crate::project::Project;

const JOBS: u32 = 16;
/// How much longer than the ideal time it may take.
const ALLOWED: f64 = 1.1;

/// A program that is busy for a second or more; the number is of turns of its loop.
const BUSY: &str =
    "i=0; while [ $i -lt 3000000 ]; do i=$((i+1)); done; echo x > \\\"$SM_MODEL_DIR/m\\\"; echo 'score=1;'";

/// Runs one job alone and then 16 trials, as many at once as there are cores.
///
/// The time is compared with two that would be ideal: by the one job's own, for jobs that do not slow each other down; and by what
/// the 16 took each, for a platform that leaves no core idle between them.
pub(super) fn run(project: &Project) -> Result<(), Error> {
    let cores =
        std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    project.write("algorithm.toml", &algorithm())?;
    let one = tune(project, 1, 1)?.busy;
    if one < Duration::from_secs(1) {
        return Err(Error::Check(format!("one job took {:.2} s, which is too short", one.as_secs_f64())));
    }
    let Tuned { took, busy } = tune(project, JOBS, cores)?;
    let took = took.as_secs_f64();
    println!("one job alone {:.2} s; {JOBS} on {cores} cores {took:.2} s", one.as_secs_f64());
    for (what, busy) in [("of one job alone", one * JOBS), ("of the jobs together", busy)] {
        let ideal = (busy / cores).as_secs_f64();
        let ratio = took / ideal;
        println!("{ratio:.3} of {ideal:.2} s, by the time {what}");
        if ratio > ALLOWED {
            return Err(Error::Check(format!("that is more than {ALLOWED} of the ideal time")));
        }
    }
    Ok(())
}

fn algorithm() -> String {
    format!(
        r#"name = "h2o-gbm-algorithm"
[training]
command = ["/bin/sh", "-c", "{BUSY}"]
[inference]
command = ["false"]
[[metrics]]
name = "score"
regex = "score=([0-9]);"
[[objectives]]
metric = "score"
type = "Maximize"
[[hyperparameters]]
name = "x"
type = "Continuous"
min = "0"
max = "1"
tunable = true
"#
    )
}

/// How long a tuning job took.
struct Tuned {
    /// From its start to its end.
    took: Duration,
    /// The sum of what its jobs took, each from the start of its training to its end.
    busy: Duration,
}

/// Tunes with so many jobs.
fn tune(project: &Project, jobs: u32, at_once: u32) -> Result<Tuned, Error> {
    let mut parameters = project.document("ml-parameters.json")?;
    parameters["maxNumberOfTrainingJobs"] = json!(jobs);
    parameters["maxParallelTrainingJobs"] = json!(at_once);
    parameters["tuningStrategy"] = json!("Random");
    parameters["trainingJobEarlyStoppingType"] = json!("Off");
    parameters["tuningObjective"] = json!({"MetricName": "score", "Type": "Maximize"});
    project.write("ml-parameters.json", &parameters.to_string())?;
    let ranges = json!({"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]});
    let hyperparameters = json!({"parameterRanges": ranges, "staticHyperParameters": {}});
    project.write("hyperparameters.json", &hyperparameters.to_string())?;
    let target = ["--target-state-machine-arn", "model-tuning"];
    project.json(&[&target[..], &["apply", "--yes", "--quiet", "--json"]].concat())?;
    let launch = ["launch", "--wait", "--again", "--quiet", "--json"];
    let ended = project.json(&[&target[..], &launch].concat())?;
    let described = project.json(&["describe", ended["arn"].as_str().unwrap_or_default(), "--json"])?;
    let tuned = described["states"].as_array().into_iter().flatten().find(|state| state["name"] == TUNE);
    let seconds = tuned.and_then(|state| state["seconds"].as_f64());
    let seconds =
        seconds.ok_or_else(|| Error::Check(format!("no state \"{TUNE}\": {}", names(&described))))?;
    let listed = project.json(&["trials", ended["name"].as_str().unwrap_or_default(), "--json"])?;
    let trials = listed["trials"].as_array().into_iter().flatten();
    let busy: Vec<f64> = trials.filter_map(|trial| trial["seconds"].as_f64()).collect();
    if u32::try_from(busy.len()) != Ok(jobs) {
        return Err(Error::Check(format!("{} of {jobs} jobs have a time", busy.len())));
    }
    Ok(Tuned { took: Duration::from_secs_f64(seconds), busy: Duration::from_secs_f64(busy.iter().sum()) })
}

/// The state of the workflow that tunes.
const TUNE: &str = "Tune the hyperparameters";

fn names(described: &Value) -> String {
    let states = described["states"].as_array().into_iter().flatten();
    states.filter_map(|state| state["name"].as_str()).collect::<Vec<_>>().join(", ")
}
