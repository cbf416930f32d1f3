//! `cargo xtask bench tuning`: how good the best of so many trials is, beside Optuna; and the example's model, tuned by us, beside
//! `LightGBM`'s with matching parameters, tuned by Optuna.
//!
//! Each objective is one program that answers both sides (`crates/tuning/benches/search` the functions,
//! `crates/gbm/benches/objective.rs` the example), so that what is compared is the search. `search` carries out our
//! searches, `xtask/peers/tuning.py` those of Optuna. Here they are made and brought together.

mod comparison;

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::Message;
use serde::{Deserialize, Serialize};

use super::{bench, collect};
use crate::error::Error;
use crate::peers::{self, BENCHMARKS};
use crate::process::{converse, parse, run as run_command, shown};
use crate::workspace::Workspace;

const SEEDS: u64 = 20;
const CHECKPOINTS: [usize; 2] = [30, 100];
/// For each split of the example's rows.
const MODEL_TRIALS: usize = 30;
const BATCH: usize = 4;

/// A search, as the programs of both sides read it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
struct Job {
    sampler: Sampler,
    objective: Objective,
    seed: u64,
    /// So many trials at once.
    batch: usize,
    /// After so many trials the best is told.
    checkpoints: Vec<usize>,
    /// The command of a program that answers with the objective.
    server: Vec<String>,
}

/// A search that was carried out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Done {
    #[serde(flatten)]
    job: Job,
    /// The best objective at each checkpoint.
    best: Vec<f64>,
    /// What the best trial's model does on rows that the search does not see.
    held_out: Option<f64>,
    /// The mean time to be asked for a trial.
    ask_seconds: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Sampler {
    Ours,
    Tpe,
    Random,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Objective {
    Branin,
    Hartmann6,
    Mixed,
    /// Validation AUC of the example's algorithm on the example's own files; the seed is that of the search.
    Example,
    /// The same with all rows divided by the seed. Ours tunes the example's algorithm, TPE tunes `LightGBM`.
    Model,
    /// `LightGBM` once more, whose model ends with the tree that makes its validation AUC the highest.
    Shortened,
}

impl Objective {
    /// What the search compares on.
    const SEARCHED: [Self; 4] = [Self::Branin, Self::Hartmann6, Self::Mixed, Self::Example];

    fn title(self) -> &'static str {
        match self {
            Self::Branin => "Branin (least 0.398)",
            Self::Hartmann6 => "Hartmann6 (least -3.322)",
            Self::Mixed => "mixed (least 0)",
            Self::Example => "example (AUC, most)",
            Self::Model => "LightGBM, every tree",
            Self::Shortened => "LightGBM, up to its best tree",
        }
    }

    fn maximized(self) -> bool {
        matches!(self, Self::Example | Self::Model | Self::Shortened)
    }
}

/// How long it takes to be asked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Ask {
    trials: usize,
    axes: usize,
    milliseconds: f64,
}

/// Carries out every search on both sides, where this machine can have the peers, and prints tables in Markdown.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Error> {
    let peers = peers::prepare(workspace, &BENCHMARKS)?;
    let search = executable(workspace, "mlpp-tuning", "search")?;
    let example = executable(workspace, "mlpp-gbm", "objective")?;
    let directory = tempfile::tempdir().map_err(Error::file("make", std::env::temp_dir()))?;
    run_command(Command::new(&example).arg("split").arg(directory.path()).arg(SEEDS.to_string()))?;

    let programs =
        Programs { search: &search, example: &example, splits: directory.path(), root: &workspace.root };
    let mut done = carry_out(Command::new(&search).arg("jobs"), &programs.ours())?;
    if let Some(python) = &peers.python {
        let script = workspace.root.join("xtask/peers/tuning.py");
        done.extend(carry_out(Command::new(python).arg("-I").arg(script), &programs.theirs(python))?);
    }
    let asks = collect(Command::new(&search).arg("ask"), "", |ask: &Ask| {
        format!("asked after {} trials with {} axes: {:.1} ms", ask.trials, ask.axes, ask.milliseconds)
    })?;
    let missing: Vec<String> = peers.missing.iter().map(ToString::to_string).collect();
    print!("{}", comparison::report(&done, &asks, &missing));
    Ok(())
}

/// Builds a benchmark and finds its program, which others shall start.
fn executable(workspace: &Workspace, package: &str, name: &str) -> Result<PathBuf, Error> {
    let mut cargo = bench(workspace, package, name);
    cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]);
    let program = shown(&cargo);
    let mut found = None;
    converse(&mut cargo, "", |line| {
        match parse(&program, line)? {
            Message::CompilerArtifact(artifact) if artifact.target.name == name => {
                found = artifact.executable;
            }
            _ => {}
        }
        Ok(())
    })?;
    found.map(PathBuf::from).ok_or_else(|| Error::NoProgram { name: name.to_owned() })
}

/// Hands jobs to a side's program.
fn carry_out(command: &mut Command, jobs: &[Job]) -> Result<Vec<Done>, Error> {
    let mut input = String::new();
    for job in jobs {
        input.push_str(&serde_json::to_string(job).map_err(Error::Input)?);
        input.push('\n');
    }
    // An empty line ends them.
    input.push('\n');
    collect(command, &input, |done: &Done| {
        let Job { sampler, objective, seed, batch, .. } = &done.job;
        format!("{objective:?} by {sampler:?}, seed {seed}, {batch} at once: {:?}", done.best)
    })
}

/// The programs that take part.
struct Programs<'a> {
    search: &'a Path,
    example: &'a Path,
    splits: &'a Path,
    root: &'a Path,
}

impl Programs<'_> {
    fn ours(&self) -> Vec<Job> {
        let model = |seed: u64| {
            let server = vec![text(self.example), "serve".into(), self.split(seed)];
            Self::model(Sampler::Ours, Objective::Model, seed, server)
        };
        let mut jobs = self.searches(&[(Sampler::Ours, 1), (Sampler::Ours, BATCH)]);
        jobs.extend((0..SEEDS).map(model));
        jobs
    }

    fn theirs(&self, python: &Path) -> Vec<Job> {
        let script = text(&self.root.join("xtask/peers/lightgbm_objective.py"));
        let document = text(&self.root.join("examples/titanic/hyperparameters.json"));
        let lightgbm = |seed: u64, keep: &str| {
            vec![text(python), "-I".into(), script.clone(), self.split(seed), document.clone(), keep.into()]
        };
        // Random search does not look at what is running: it has no batches of its own.
        let mut jobs = self.searches(&[(Sampler::Tpe, 1), (Sampler::Tpe, BATCH), (Sampler::Random, 1)]);
        for (objective, keep) in [(Objective::Model, "every"), (Objective::Shortened, "best")] {
            jobs.extend(
                (0..SEEDS).map(|seed| Self::model(Sampler::Tpe, objective, seed, lightgbm(seed, keep))),
            );
        }
        jobs
    }

    fn searches(&self, samplers: &[(Sampler, usize)]) -> Vec<Job> {
        let mut jobs = Vec::new();
        for &(sampler, batch) in samplers {
            for objective in Objective::SEARCHED {
                jobs.extend((0..SEEDS).map(|seed| Job {
                    sampler,
                    objective,
                    seed,
                    batch,
                    checkpoints: CHECKPOINTS.to_vec(),
                    server: self.server(objective),
                }));
            }
        }
        jobs
    }

    fn model(sampler: Sampler, objective: Objective, seed: u64, server: Vec<String>) -> Job {
        Job { sampler, objective, seed, batch: 1, checkpoints: vec![MODEL_TRIALS], server }
    }

    /// The program that answers both sides.
    fn server(&self, objective: Objective) -> Vec<String> {
        let function = |name: &str| vec![text(self.search), "serve".into(), name.into()];
        match objective {
            Objective::Branin => function("branin"),
            Objective::Hartmann6 => function("hartmann6"),
            Objective::Mixed => function("mixed"),
            // What has a model of its own on each side is not asked for here.
            Objective::Example | Objective::Model | Objective::Shortened => {
                vec![text(self.example), "serve".into(), text(&self.splits.join("example"))]
            }
        }
    }

    fn split(&self, seed: u64) -> String {
        text(&self.splits.join(seed.to_string()))
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
