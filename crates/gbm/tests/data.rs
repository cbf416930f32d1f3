//! Bad and unusual data: what a job says of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may panic as the test does")]

mod support;

use support::{Job, last_metric};

const TRAINING: &str = "{'target': 'y', 'categorical_columns': 'c,y'}";

/// What a job with these data says, read as class.
fn fault(csv: &str) -> String {
    Job::new(TRAINING, &[]).with_training(csv).fault()
}

#[test]
fn a_bad_file_is_told_with_the_place() {
    for (csv, wanted) in [
        ("", "training/data.csv is empty: a header with the names of the columns was expected"),
        ("c,x,y\n", "channel `training` has no row below the header in training"),
        ("c,x,y\na,1,0\n\nb,2\n", "training/data.csv, line 4: 2 fields, but the header has 3"),
        ("c,x,y\na,1,0\n\"b\nb\",2,1,9\n", "training/data.csv, line 3: 4 fields, but the header has 3"),
        ("c,x,y\r\na,1,0\r\n\r\nb,2\r\n", "training/data.csv, line 4: 2 fields, but the header has 3"),
        ("c,,y\na,1,0\n", "training/data.csv: column 2 has no name in the header"),
        ("c,x,c,y\na,1,b,0\n", "training/data.csv: the header has the column `c` twice"),
        (
            "c,x,Y\na,1,0\n",
            "training/data.csv: the target `y` is not among the columns (c, x, Y); did you mean `Y`?",
        ),
        (
            "d,x,y\na,1,0\n",
            "training/data.csv: the categorical column `c` is not among the columns (d, x, y)",
        ),
        (
            "c,x,y\na,1,0\nb,2 m,1\n",
            "training/data.csv, line 3: `2 m` in column `x` is not a number; if the column holds categories, name it in `categorical_columns`",
        ),
        (
            "c,x,y\na,inf,0\n",
            "training/data.csv, line 2: `inf` in column `x` is not a number; if the column holds categories, name it in `categorical_columns`",
        ),
        ("c,x,y\na,1,0\nb,2,NA\n", "training/data.csv, line 3: the target `y` is missing"),
        ("c,x,y\na,1,1\nb,2,1.0\n", "the target `y` has 1 label (1): there is nothing to tell apart"),
        ("c,y\n,1\nNA,0\n", "every value to learn from is missing in the training data"),
    ] {
        let told = fault(csv).replace(" in training/", " in ");
        assert!(told.ends_with(wanted), "{csv:?}\n told: {told}\nwanted: {wanted}");
    }
}

#[test]
fn data_that_are_no_text_are_told() {
    let gzip = [0x1f_u8, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let job = Job::new(TRAINING, &[]).with_file("training/data.csv", gzip);
    assert_eq!(job.fault(), "training/data.csv, line 1: not UTF-8 text; the data must be uncompressed CSV");
    let job = Job::new(TRAINING, &[]).with_file("training/data.csv", b"c,x,y\na,1,0\nM\xfcnchen,2,1\n");
    assert_eq!(job.fault(), "training/data.csv, line 3: not UTF-8 text; the data must be uncompressed CSV");
}

#[test]
fn a_channel_without_data_is_told() {
    let fault = Job::new(TRAINING, &[]).fault();
    assert!(fault.starts_with("channel `training` has no file in "), "{fault}");
    let job = Job::new(TRAINING, &[]).with_file("training/.hidden", "c,x,y\n");
    assert!(job.fault().starts_with("channel `training` has no file in "));
    let mut environment = job.environment().clone();
    environment.training_channel.push("nowhere");
    let error = mlpp_gbm::train(&environment, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with("read ") && error.contains("nowhere: No such file"), "{error}");
}

#[test]
fn a_column_to_leave_out_must_be_there() {
    let fault = |training| Job::new(training, &[]).with_training("a,b,y\n1,2,0\n3,4,1\n").fault();
    assert!(
        fault("{'target': 'y', 'ignored_columns': 'id'}")
            .ends_with("the ignored column `id` is not among the columns (a, b, y)")
    );
    assert!(
        fault("{'target': 'y', 'ignored_columns': 'a,b'}")
            .ends_with("no column is left to learn from beside the target and the ignored ones")
    );
}

#[test]
fn the_files_of_a_channel_are_one_table() {
    let one = "c,x,y\na,1,0\nb,2,1\na,3,1\nb,4,0\na,5,1\nb,6,0\n";
    let (first, second) = one.split_at(one.find("a,3").unwrap());
    let trained = |job: Job| {
        job.train().unwrap();
        std::fs::read(job.model()).unwrap()
    };
    let job = || Job::new(TRAINING, &[("min_rows", "1"), ("ntrees", "3")]);
    let whole = trained(job().with_training(one));
    let parts =
        job().with_file("training/1.csv", first).with_file("training/more/2.csv", format!("c,x,y\n{second}"));
    assert_eq!(trained(parts), whole);
    // A mark at the beginning, line ends of another system, spaces and the columns' order in a later file say nothing.
    let other = job()
        .with_file("training/1.csv", format!("\u{feff}{}", first.replace('\n', "\r\n")))
        .with_file("training/2.csv", "y, x,c\n1,3, a\n0, 4 ,b\n1.0,5.0,a\n0,6,b");
    assert_eq!(trained(other), whole);

    let fault = job().with_file("training/1.csv", one).with_file("training/2.csv", "c,z,y\na,1,0\n").fault();
    assert_eq!(fault, "training/2.csv: the column `z` is not in the training data");
    let fault = job().with_file("training/1.csv", one).with_file("training/2.csv", "c,y\na,0\n").fault();
    assert_eq!(fault, "training/2.csv: the column `x` is not among the columns (c, y)");
}

#[test]
fn validation_data_must_be_of_the_same_kind() {
    let job = || {
        Job::new(TRAINING, &[("ntrees", "2"), ("min_rows", "1")]).with_training("c,x,y\na,1,no\nb,2,yes\n")
    };
    let fault = |csv| job().with_validation(csv).fault();
    assert_eq!(
        fault("c,x,y\na,1,maybe\n"),
        "validation/data.csv, line 2: `maybe` in the target `y` is not among the labels of the training data (no, yes)"
    );
    assert_eq!(fault("c,x\na,1\n"), "validation/data.csv: the target `y` is not among the columns (c, x)");
    assert!(fault("c,x,y\n").starts_with("channel `validation` has no row below the header"));
    // A category that training has not met is a missing value.
    let (_, printed) = job().with_validation("c,x,y\nz,1,no\na,,yes\n").train().unwrap();
    assert!(last_metric(&printed, "validation:logloss").is_some(), "{printed}");
}

#[test]
fn a_metric_that_is_undefined_is_noted_and_cannot_stop_training() {
    let csv = "c,x,y\na,1,no\nb,2,yes\n";
    let job = |others| Job::new(TRAINING, others).with_training(csv).with_validation("c,x,y\na,1,yes\n");
    let (_, printed) = job(&[("ntrees", "2"), ("score_tree_interval", "1")]).train().unwrap();
    let note = "note: validation:auc is undefined, since all targets of the validation data are the same";
    assert_eq!(printed.matches(note).count(), 1, "{printed}");
    assert!(
        last_metric(&printed, "validation:auc").is_none() && last_metric(&printed, "training:auc").is_some()
    );
    let fault = job(&[("stopping_metric", "auc"), ("stopping_rounds", "1")]).fault();
    assert!(fault.starts_with("the stopping metric `auc` is undefined for the validation data"), "{fault}");
}

#[test]
fn a_stopping_metric_must_be_the_targets() {
    let fault =
        Job::new(TRAINING, &[("stopping_metric", "rmse")]).with_training("c,x,y\na,1,0\nb,2,1\n").fault();
    assert_eq!(
        fault,
        "the stopping metric `rmse` is not one of this target's (auc, logloss, misclassification, accuracy)"
    );
}

#[test]
fn the_target_decides_what_auto_means() {
    let kind = |training, target: [&str; 4]| {
        let rows: Vec<_> = target.iter().enumerate().map(|(x, y)| format!("{x},{y}\n")).collect();
        let csv = format!("x,y\n{}", rows.concat());
        let job = Job::new(training, &[("ntrees", "1")]).with_training(&csv);
        job.train().map(|(summary, _)| summary.training.len()).map_err(|error| error.to_string())
    };
    let (binary, several, number) = (Ok(4), Ok(3), Ok(4));
    assert_eq!(kind("{'target': 'y'}", ["no", "yes", "no", "yes"]), binary);
    assert_eq!(kind("{'target': 'y'}", ["a", "b", "c", "a"]), several);
    assert_eq!(kind("{'target': 'y'}", ["1", "2", "3", "1"]), number);
    assert_eq!(kind("{'target': 'y', 'classification': 'true'}", ["1", "2", "3", "1"]), several);
    assert_eq!(kind("{'target': 'y', 'distribution': 'multinomial'}", ["0", "1", "0", "1"]), several);
    assert_eq!(
        kind("{'target': 'y', 'distribution': 'bernoulli'}", ["1", "2", "3", "10"]),
        Err("the target `y` has 4 labels (1, 2, 3, 10): bernoulli is the distribution of two; use multinomial".into())
    );
    let fault = kind("{'target': 'y', 'distribution': 'gaussian'}", ["1", "two", "3", "1"]).unwrap_err();
    assert!(fault.contains("line 3: `two` in column `y` is not a number"), "{fault}");
}

#[test]
fn columns_that_say_nothing_do_no_harm() {
    let rows: Vec<_> = (0..60).map(|x| format!("{x},7,,NA,one,{}\n", i32::from(x >= 30))).collect();
    let rows = rows.concat();
    let training = "{'target': 'y', 'categorical_columns': 'gap,same,y'}";
    let job = Job::new(training, &[("ntrees", "30")])
        .with_training(&format!("x,constant,empty,gap,same,y\n{rows}"));
    let (_, printed) = job.train().unwrap();
    assert_eq!(last_metric(&printed, "training:auc"), Some(1.0), "{printed}");
    assert_eq!(job.serve().invoke("text/csv", "*/*", "3,7,,NA,one\n").status, 200);
}

#[test]
fn numbers_beyond_the_trees_precision_are_no_model() {
    let csv = "x,y\n1,1e300\n2,-1e300\n3,1e300\n4,2e300\n";
    let job = Job::new("{'target': 'y'}", &[("min_rows", "1"), ("ntrees", "2")]).with_training(csv);
    let fault = job.fault();
    assert!(fault.ends_with("is inconsistent: a tree of round 0: leaf 0 has no finite value"), "{fault}");
    assert!(!job.model().exists());
}
