//! What the example learns from its data, as an objective for `cargo xtask bench tuning`.
//!
//! - `objective split DIRECTORY COUNT` writes the example's rows into the directories `example` (as they are divided there) and
//!   `0`, `1`, … (divided at random: six tenths for training, two for validation, two held out), each with
//!   `training/data.csv`, `validation/data.csv` and, but for `example`, `held-out/data.csv`.
//! - `objective serve DIRECTORY` is a server: its first line describes the objective, validation AUC, and the ranges of the
//!   example's document; then it trains by each line, an object of names and texts, and answers with the AUC on the
//!   validation data and on those that are held out.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark ends at the first thing that is wrong"
)]

use std::fs;
use std::path::{Path, PathBuf};

use mlpp_gbm::{Metric, TrainEnvironment, TrainSummary, train};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

const HELD_OUT: &str = "held-out";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["split", directory, count] => split(Path::new(directory), count.parse().unwrap()),
        ["serve", directory] => serve(Path::new(directory)),
        _ => println!("run `cargo xtask bench tuning`"),
    }
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/titanic").join(name);
    fs::read_to_string(path).unwrap()
}

fn split(directory: &Path, count: u64) {
    let (training, validation) = (example("data/train.csv"), example("data/validation.csv"));
    let header = training.lines().next().unwrap();
    assert_eq!(validation.lines().next(), Some(header), "both files have the same columns");
    let write = |of: &str, channel: &str, rows: &[&str]| {
        let path = directory.join(of).join(channel);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("data.csv"), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    };
    let training: Vec<&str> = training.lines().skip(1).collect();
    let validation: Vec<&str> = validation.lines().skip(1).collect();
    write("example", "training", &training);
    write("example", "validation", &validation);
    let rows = [training, validation].concat();
    for seed in 0..count {
        let mut rows = rows.clone();
        rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (held_out, rest) = rows.split_at(rows.len() / 5);
        let (validation, training) = rest.split_at(rows.len() / 5);
        let of = seed.to_string();
        write(&of, "training", training);
        write(&of, "validation", validation);
        write(&of, HELD_OUT, held_out);
    }
}

fn serve(data: &Path) {
    let document: Value = serde_json::from_str(&example("hyperparameters.json")).unwrap();
    println!("{}", description(&document));
    let trainer = Trainer::new(data);
    for line in std::io::stdin().lines() {
        let mut values = document["staticHyperParameters"].as_object().unwrap().clone();
        values.extend(serde_json::from_str::<Map<String, Value>>(&line.unwrap()).unwrap());
        let summary = trainer.train(&values, "validation");
        print!("{:?}", auc(&summary));
        if data.join(HELD_OUT).exists() {
            // The same rounds are grown again, since what they are measured by has no part in them.
            values.insert(String::from("ntrees"), json!(summary.rounds.to_string()));
            values.insert(String::from("stopping_rounds"), json!("0"));
            print!(" {:?}", auc(&trainer.train(&values, HELD_OUT)));
        }
        println!();
    }
}

fn description(document: &Value) -> Value {
    let ranges = &document["parameterRanges"];
    let mut described = Vec::new();
    for (kind, name) in [("integer", "IntegerParameterRanges"), ("continuous", "ContinuousParameterRanges")] {
        for range in ranges[name].as_array().unwrap() {
            described.push(json!({
                "type": kind,
                "name": range["Name"],
                "min": range["MinValue"],
                "max": range["MaxValue"],
                "logarithmic": range["ScalingType"] == "Logarithmic",
            }));
        }
    }
    assert_eq!(ranges["CategoricalParameterRanges"], json!([]), "the example has no categorical ranges");
    json!({ "objective": "example", "maximize": true, "ranges": described })
}

/// Trains in a directory of its own.
struct Trainer<'a> {
    data: &'a Path,
    directory: TempDir,
}

impl<'a> Trainer<'a> {
    fn new(data: &'a Path) -> Self {
        Self { data, directory: tempfile::tempdir().unwrap() }
    }

    fn at(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn train(&self, values: &Map<String, Value>, validation: &str) -> TrainSummary {
        let environment = TrainEnvironment {
            config_directory: self.at("config"),
            training_channel: self.data.join("training"),
            validation_channel: Some(self.data.join(validation)),
            model_directory: self.at("model"),
            output_directory: self.at("output"),
        };
        let path = environment.config_directory.join("hyperparameters.json");
        fs::write(path, serde_json::to_string(values).unwrap()).unwrap();
        train(&environment, &mut std::io::sink()).unwrap()
    }
}

fn auc(summary: &TrainSummary) -> f64 {
    summary.validation.iter().find(|(metric, _)| *metric == Metric::Auc).unwrap().1
}
