//! From the container's directories to predictions over a socket.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may panic as the test does")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the numbers are small"
)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;

use mlpp_gbm::{Metric, ServeEnvironment, ServeError, TrainError, run_serve, run_train};
use support::{Endpoint, Job, Numbers, last_metric};

/// Fruit that is bought if it is red and light, with gaps and a column that says nothing.
fn fruit(rows: u32, seed: u64) -> String {
    let mut numbers = Numbers::new(seed);
    let mut csv = "id,colour,weight,size,bought\n".to_owned();
    for id in 0..rows {
        let colour = ["red", "green", "blue"][(numbers.next() * 2.999) as usize];
        let weight = numbers.next() * 100.0;
        let chance = if colour == "red" && weight < 60.0 { 0.9 } else { 0.15 };
        let bought = if numbers.next() < chance { "yes" } else { "no" };
        let weight = if numbers.next() < 0.05 { "NA".to_owned() } else { format!("{weight:.1}") };
        writeln!(csv, "{id},{colour},{weight},{:.2},{bought}", numbers.next()).unwrap();
    }
    csv
}

const FRUIT: &str = "{'target': 'bought', 'classification': 'true', 'ignored_columns': 'id', 'categorical_columns': 'colour,bought'}";

fn fruit_job(others: &[(&str, &str)]) -> Job {
    Job::new(FRUIT, others).with_training(&fruit(400, 1)).with_validation(&fruit(200, 2))
}

#[test]
fn a_trained_model_answers_in_every_form() {
    let job = fruit_job(&[("ntrees", "40")]);
    let (summary, printed) = job.train().unwrap();
    assert_eq!(summary.model, job.model());
    assert!(last_metric(&printed, "validation:auc").unwrap() > 0.75, "{printed}");

    let endpoint = job.serve();
    assert_eq!(endpoint.request("GET", "/ping", &[], b"").status, 200);
    let rows = "colour,weight,size\nred,20,0.5\nblue,20,0.5\n";
    let json = endpoint.invoke("text/csv", "application/json", rows);
    assert_eq!(json.status, 200, "{json:?}");
    assert!(json.head.contains("content-type: application/json"));
    let predictions = json.json();
    let predictions = predictions["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 2);
    assert_eq!(predictions[0]["label"], "yes");
    assert_eq!(predictions[1]["label"], "no");
    let yes = predictions[0]["probabilities"]["yes"].as_f64().unwrap();
    assert!(yes > 0.6 && (yes + predictions[0]["probabilities"]["no"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(predictions[0]["score"].as_f64(), Some(yes));

    // The same rows in every form give the same predictions.
    for (content_type, body) in [
        ("text/csv", "red,20,0.5\nblue,20,0.5\n"),
        ("text/csv; header=present", "size,bought,weight,id,colour\n0.5,,20,1,red\n0.5,,20,2,blue\n"),
        ("text/csv", "77,red,20,0.5\r\n78,blue,20.0,0.5"),
        (
            "application/json",
            r#"{"instances": [{"colour": "red", "weight": 20, "size": "0.5"}, ["blue", 20, 0.5]]}"#,
        ),
        (
            "application/jsonlines",
            "{\"colour\": \"red\", \"weight\": 20, \"size\": 0.5}\n[1, \"blue\", 20, 0.5]\n\n",
        ),
    ] {
        let response = endpoint.invoke(content_type, "*/*", body);
        assert_eq!((response.status, &response.body), (200, &json.body), "{content_type} {body}");
    }
    let lines = endpoint.invoke("text/csv", "application/jsonlines", rows);
    let first: serde_json::Value = serde_json::from_str(lines.body.lines().next().unwrap()).unwrap();
    assert_eq!(first, predictions[0]);
    let csv = endpoint.invoke("text/csv", "text/csv", rows).body;
    let fields: Vec<_> = csv.lines().next().unwrap().split(',').collect();
    assert_eq!((fields[0], fields[2].parse().ok()), ("yes", Some(yes)));

    // A gap, and a colour nobody has seen, are missing values.
    let missing =
        endpoint.invoke("application/json", "*/*", r#"{"instances": [{"colour": null, "weight": 20}]}"#);
    let unseen =
        endpoint.invoke("application/json", "*/*", r#"{"instances": [{"colour": "pink", "weight": 20}]}"#);
    assert_eq!((missing.status, &missing.body), (200, &unseen.body));
    endpoint.stop().unwrap();
}

#[test]
fn a_bad_request_is_told_what_is_wrong_and_where() {
    let job = fruit_job(&[("ntrees", "5")]);
    job.train().unwrap();
    let endpoint = job.serve();
    for (content_type, body, wanted) in [
        (
            "text/csv",
            "colour,weight,size\nred,1,2\nred,heavy,2\n",
            r#"{"error":"row 2, column `weight`: `heavy` is not a number","row":2,"column":"weight","value":"heavy"}"#,
        ),
        (
            "text/csv",
            "colour,wieght\nred,1\n",
            r#"{"error":"the model does not know the column `wieght`; did you mean `weight`?","column":"wieght"}"#,
        ),
        (
            "text/csv",
            "colour,weight,colour\nred,1,red\n",
            r#"{"error":"the header has the column `colour` twice","column":"colour"}"#,
        ),
        (
            "text/csv",
            "id\n1\n",
            r#"{"error":"the header names none of the features (colour, weight, size)"}"#,
        ),
        ("text/csv", "red,1,2\nred,1\n", r#"{"error":"row 2: 2 fields instead of 3","row":2}"#),
        (
            "text/csv",
            "red,1\n",
            r#"{"error":"row 1: 2 fields, but the model has 3 features (colour, weight, size), or 4 with the ignored columns","row":1}"#,
        ),
        ("text/csv", "colour,weight,size\n", r#"{"error":"the request has no row"}"#),
        (
            "text/csv; header=present",
            "red,1,2\n",
            r#"{"error":"the model does not know the column `red`","column":"red"}"#,
        ),
        (
            "application/json",
            "{\"instances\": [[\"red\", 1, 2], {\"weight\": [1]}]}",
            r#"{"error":"row 2, column `weight`: `[1]` is not a single value","row":2,"column":"weight","value":"[1]"}"#,
        ),
        (
            "application/json",
            "{\"instances\": [{\"weight\": true}]}",
            r#"{"error":"row 1, column `weight`: `true` is not a number","row":1,"column":"weight","value":"true"}"#,
        ),
        (
            "application/json",
            "{\"instances\": [{}]}",
            r#"{"error":"row 1: none of the features (colour, weight, size) is there","row":1}"#,
        ),
        (
            "application/json",
            "{\"instances\": [7]}",
            r#"{"error":"row 1: neither an object nor a list","row":1}"#,
        ),
        (
            "application/json",
            "{\"rows\": []}",
            r#"{"error":"the body has a key `rows`; the form is {\"instances\": [{column: value, …} or [value, …], …]}"}"#,
        ),
        (
            "application/jsonlines",
            "[\"red\", 1, 2]\n{\n",
            r#"{"error":"row 2: not JSON: EOF while parsing an object at line 1 column 1","row":2}"#,
        ),
    ] {
        let response = endpoint.invoke(content_type, "application/json", body);
        assert_eq!((response.status, response.body.as_str()), (400, wanted), "{content_type} {body}");
        assert!(response.head.contains("content-type: application/json"));
    }
    assert_eq!(
        endpoint.request("POST", "/invocations", &[("Content-Type", "text/csv")], b"red,\xff,1\n").status,
        400
    );
    let unsupported = endpoint.invoke("application/x-npy", "*/*", "x");
    assert_eq!(unsupported.status, 415);
    assert!(unsupported.body.contains("application/json, application/jsonlines, text/csv"));
    assert_eq!(endpoint.invoke("text/csv", "image/png", "red,1,2\n").status, 406);
    let wrong = endpoint.request("GET", "/invocations", &[], b"");
    assert_eq!(wrong.status, 405);
    assert!(wrong.head.contains("allow: post"), "{wrong:?}");
    assert_eq!(endpoint.request("GET", "/", &[], b"").status, 404);
    let large = vec![b'\n'; mlpp_gbm::LARGEST_REQUEST + 1];
    let large = endpoint.request("POST", "/invocations", &[("Content-Type", "text/csv")], &large);
    assert_eq!(large.status, 413, "{large:?}");
    // After all of that it still answers.
    assert_eq!(endpoint.invoke("text/csv", "*/*", "red,1,2\n").status, 200);
}

#[test]
fn the_last_line_of_metrics_is_about_the_saved_model() {
    let job = fruit_job(&[("ntrees", "13"), ("score_tree_interval", "5"), ("balance_classes", "True")]);
    let (summary, printed) = job.train().unwrap();
    let scored: Vec<_> = printed.lines().filter_map(|line| line.split_once(']').map(|(it, _)| it)).collect();
    assert_eq!(scored, ["[5", "[10", "[13"]);
    let accuracy = summary.validation.iter().find(|(metric, _)| *metric == Metric::Accuracy).unwrap().1;
    assert!((last_metric(&printed, "validation:accuracy").unwrap() - accuracy).abs() < 1e-6);

    // Counted again from what the endpoint says.
    let endpoint = job.serve();
    let csv = fruit(200, 2);
    let truth: Vec<_> = csv.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect();
    let predictions = endpoint.invoke("text/csv", "*/*", &csv).json();
    let predictions = predictions["predictions"].as_array().unwrap();
    let right =
        predictions.iter().zip(&truth).filter(|(prediction, truth)| prediction["label"] == **truth).count();
    assert!((right as f64 / truth.len() as f64 - accuracy).abs() < 1e-12);
    let logloss =
        predictions.iter().zip(&truth).map(|(it, truth)| -it["probabilities"][truth].as_f64().unwrap().ln());
    let logloss = logloss.sum::<f64>() / truth.len() as f64;
    assert!((last_metric(&printed, "validation:logloss").unwrap() - logloss).abs() < 1e-6);
}

#[test]
fn the_same_job_gives_the_same_bytes() {
    let others = [("sample_rate", "0.7"), ("col_sample_rate", "0.6"), ("seed", "5"), ("ntrees", "20")];
    let bytes = |others: &[(&str, &str)]| {
        let job = fruit_job(others);
        job.train().unwrap();
        fs::read(job.model()).unwrap()
    };
    let first = bytes(&others);
    assert_eq!(first, bytes(&others));
    let [rows, columns, _, trees] = others;
    assert_ne!(first, bytes(&[rows, columns, ("seed", "6"), trees]));
}

#[test]
fn balancing_leaves_probabilities_calibrated() {
    let mean = |balance| {
        let job = fruit_job(&[("balance_classes", balance), ("ntrees", "30")]);
        job.train().unwrap();
        let predictions = job.serve().invoke("text/csv", "*/*", &fruit(400, 1)).json();
        let predictions = predictions["predictions"].as_array().unwrap();
        let yes = |it: &serde_json::Value| it["probabilities"]["yes"].as_f64().unwrap();
        predictions.iter().map(yes).sum::<f64>() / predictions.len() as f64
    };
    let share = fruit(400, 1).matches(",yes\n").count() as f64 / 400.0;
    assert!((mean("false") - share).abs() < 0.01, "{} {share}", mean("false"));
    assert!((mean("true") - share).abs() < 0.03, "{} {share}", mean("true"));
}

#[test]
fn training_stops_when_the_metric_stands_still() {
    let others = [
        ("ntrees", "500"),
        ("stopping_rounds", "2"),
        ("stopping_metric", "logloss"),
        ("score_tree_interval", "5"),
    ];
    let (summary, printed) = fruit_job(&others).train().unwrap();
    assert!(summary.stopped_early && summary.rounds < 500, "{}", summary.rounds);
    assert!(printed.contains(&format!("[{}] training:auc=", summary.rounds)));
    assert!(printed.contains(&format!("model of {} rounds, stopped early", summary.rounds)));
}

#[test]
fn several_labels_are_learned_together() {
    let mut numbers = Numbers::new(3);
    let mut csv = "x,shape,kind\n".to_owned();
    for _ in 0..600 {
        let x = numbers.next() * 3.0;
        let shape = ["round", "long"][(numbers.next() * 1.999) as usize];
        let kind = if numbers.next() < 0.05 { 0 } else { x as usize };
        writeln!(csv, "{x:.3},{shape},{}", ["ash", "birch", "cedar"][kind]).unwrap();
    }
    let training = "{'target': 'kind', 'categorical_columns': 'shape'}";
    let job = Job::new(training, &[("balance_classes", "true")]).with_training(&csv);
    let (summary, printed) = job.train().unwrap();
    let metrics: Vec<_> = summary.training.iter().map(|(metric, _)| metric.name()).collect();
    assert_eq!(metrics, ["logloss", "misclassification", "accuracy"]);
    assert!(summary.training[1].1 < 0.08, "{printed}");
    assert!(!printed.contains("validation:"));
    let endpoint = job.serve();
    let predictions = endpoint.invoke("text/csv", "*/*", "0.5,round\n1.5,long\n2.5,round\n").json();
    for (row, label) in ["ash", "birch", "cedar"].into_iter().enumerate() {
        let prediction = &predictions["predictions"][row];
        assert_eq!(prediction["label"], label, "{prediction}");
        let sum: f64 =
            prediction["probabilities"].as_object().unwrap().values().map(|it| it.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_number_is_learned() {
    let mut numbers = Numbers::new(4);
    let mut csv = "x,noise,y\n".to_owned();
    for _ in 0..500 {
        let x = numbers.next() * 10.0;
        writeln!(csv, "{x:.3},{:.3},{:.4}", numbers.next(), 3.0 * x + numbers.next()).unwrap();
    }
    let job = Job::new("{'target': 'y'}", &[("ntrees", "100")]).with_training(&csv);
    let (summary, printed) = job.train().unwrap();
    assert!(last_metric(&printed, "training:r2").unwrap() > 0.98, "{printed}");
    assert_eq!(summary.training[0].0, Metric::Rmse);
    let value = job.serve().invoke("text/csv", "*/*", "5,0.5\n").json();
    let value = value["predictions"][0]["value"].as_f64().unwrap();
    assert!((value - 15.5).abs() < 1.5, "{value}");
}

#[test]
fn a_failed_job_leaves_its_reason() {
    let job = Job::new("{'target': 'paid'}", &[]).with_training("a,payed\n1,0\n2,1\n");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_train(job.environment(), &mut out, &mut err);
    assert_eq!(code, ExitCode::FAILURE);
    let failure = fs::read_to_string(job.environment().output_directory.join("failure")).unwrap();
    assert!(failure.starts_with("failed to train: "), "{failure}");
    assert!(
        failure.ends_with("the target `paid` is not among the columns (a, payed); did you mean `payed`?"),
        "{failure}"
    );
    assert_eq!(String::from_utf8(err).unwrap().trim_end(), failure);
    assert!(!job.model().exists());

    let job = fruit_job(&[("ntrees", "2")]);
    assert_eq!(run_train(job.environment(), &mut out, &mut Vec::new()), ExitCode::SUCCESS);
    assert!(!job.environment().output_directory.join("failure").exists());
}

#[test]
fn a_port_in_use_is_told() {
    let job = fruit_job(&[("ntrees", "2")]);
    job.train().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let environment =
        ServeEnvironment { model_directory: job.environment().model_directory.clone(), address };
    let mut err = Vec::new();
    assert_eq!(run_serve(Ok(environment), &mut err), ExitCode::FAILURE);
    let err = String::from_utf8(err).unwrap();
    let port = address.port();
    assert_eq!(
        err,
        format!("failed to host the model: listen on {address}: port {port} is in use by another program\n")
    );
}

#[test]
fn a_model_that_cannot_be_read_is_told() {
    let job = fruit_job(&[("ntrees", "2")]);
    let fault = || match Endpoint::start(&job.environment().model_directory) {
        Err(ServeError::Model(error)) => error.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it started"),
    };
    assert!(fault().starts_with("read the model "));
    job.train().unwrap();
    let sound = fs::read_to_string(job.model()).unwrap();
    for (from, to, wanted) in [
        ("\"version\":1,", "\"version\":2,", "has version 2 of the format; this program reads version 1"),
        ("mlpp-gbm", "other", "its format is not `mlpp-gbm`"),
        ("\"left\":1,", "\"left\":0,", "is inconsistent: a tree of round 0: node 0 has a child out of place"),
        ("\"start\":[", "\"start\":[1,", "is inconsistent: its start is not 1 finite numbers"),
        ("\"learn_rate\"", "\"learning_rate\"", "is damaged: unknown field `learning_rate`"),
    ] {
        assert!(sound.contains(from), "{from}");
        fs::write(job.model(), sound.replacen(from, to, 1)).unwrap();
        assert!(fault().contains(wanted), "{} / {wanted}", fault());
    }
    fs::write(job.model(), &sound[..sound.len() / 2]).unwrap();
    assert!(fault().contains("is damaged: EOF"));
}

#[test]
fn a_model_directory_that_cannot_be_written_is_told() {
    let job = fruit_job(&[("ntrees", "2")]);
    let mut environment = job.environment().clone();
    environment.model_directory = environment.config_directory.join("hyperparameters.json");
    let error = mlpp_gbm::train(&environment, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, TrainError::Model(_)), "{error}");
}
