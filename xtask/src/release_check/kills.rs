//! The example, killed at random moments.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::error::Error;
use crate::project::Project;

const KILLS: u32 = 10;

/// Kills runs at moments within the time that one takes; the next run must go on, and keep what had ended.
pub(super) fn run(example: impl Fn() -> Result<Project, Error>, seed: u64) -> Result<(), Error> {
    let undisturbed = example()?;
    let start = Instant::now();
    undisturbed.json(&["run", "--quiet", "--json"])?;
    let whole = start.elapsed();
    let mut numbers = seed;
    for number in 1..=KILLS {
        // A linear congruential generator; constants of MMIX.
        numbers = numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "a fraction")]
        let part = (numbers >> 40) as f64 / (1_u64 << 24) as f64;
        let after = whole.mul_f64(part);
        let told = kill(&example()?, after)?;
        println!("{number:>2}. killed after {:.2} s: {told}", after.as_secs_f64());
    }
    Ok(())
}

fn kill(project: &Project, after: Duration) -> Result<String, Error> {
    let mut command = project.command(&["run", "--quiet"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let failed = |source| Error::Start { program: "mlpp run".to_owned(), source };
    let mut child = child.map_err(failed)?;
    std::thread::sleep(after);
    child.kill().and_then(|()| child.wait()).map_err(failed)?;
    let before = project.json(&["executions", "--json"])?;
    let (ended, _) = trials(project);
    let outcome = project.json(&["run", "--quiet", "--json"])?;
    let was_running = before[0]["status"] == "RUNNING";
    if was_running && outcome["execution"]["name"] != before[0]["name"] {
        return Err(Error::Check("the next run did not go on with the execution".to_owned()));
    }
    let (kept, count) = trials(project);
    if let Some((name, _)) = ended.iter().find(|(name, trial)| was_running && kept.get(*name) != Some(trial))
    {
        return Err(Error::Check(format!("the trial {name} had ended and is another one now")));
    }
    if outcome["prediction"].is_null() {
        return Err(Error::Check(format!("there is no prediction: {outcome}")));
    }
    project.expect_nothing_left()?;
    Ok(if was_running {
        format!("{} of {count} trials were kept", ended.len())
    } else {
        "no execution was running".to_owned()
    })
}

/// The trials that have completed, by name, and how many there are.
fn trials(project: &Project) -> (BTreeMap<String, Value>, usize) {
    let Ok(listed) = project.json(&["trials", "--json"]) else { return (BTreeMap::new(), 0) };
    let all = listed["trials"].as_array().cloned().unwrap_or_default();
    let count = all.len();
    let completed = all.into_iter().filter(|trial| trial["status"] == "Completed");
    let named = completed.map(|trial| (trial["training_job"].to_string(), trial));
    (named.collect(), count)
}
