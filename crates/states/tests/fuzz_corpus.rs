//! The fuzz targets of `fuzz/`, over their corpus and over variations of it: a little fuzzing without a fuzzer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests say what is wrong by panicking"
)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../fuzz/src/lib.rs"]
#[allow(unreachable_pub, missing_docs, dead_code, reason = "a crate of its own, which is shared")]
mod targets;

use targets::Target;
use targets::mutate::{Draws, vary};

/// Variations of each input of the corpus.
const VARIATIONS: usize = 12;
/// After this no further variation begins: a busy machine does fewer, in the same order.
const ENOUGH: Duration = Duration::from_secs(10);

/// Most memory of the whole test, in kibibytes.
const MEMORY: u64 = 1024 * 1024;

/// The largest that this process has been, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The inputs of a target by name, in order.
fn corpus(target: Target) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name());
    let mut inputs: Vec<(String, Vec<u8>)> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
        })
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 30, "{} has {} inputs", directory.display(), inputs.len());
    inputs
}

fn check(target: Target) {
    let inputs = corpus(target);
    let begin = Instant::now();
    for (name, bytes) in &inputs {
        // A test that fails shows what it printed.
        println!("{} {name}", target.name());
        targets::run(target, bytes);
    }
    assert!(peak_memory().is_none_or(|peak| peak < MEMORY), "{peak:?} KiB", peak = peak_memory());
    for round in 0..VARIATIONS {
        for (number, (name, bytes)) in inputs.iter().enumerate() {
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            if begin.elapsed() > ENOUGH {
                return;
            }
            let mut draws = Draws::new((round * inputs.len() + number) as u64);
            let mut varied = vary(target, text, &mut draws);
            for _ in 0..draws.below(4) {
                varied = vary(target, &varied, &mut draws);
            }
            println!("{} {name}, variation {round}: {varied}", target.name());
            targets::run(target, varied.as_bytes());
        }
    }
}

#[test]
fn definition() {
    check(Target::Definition);
}

#[test]
fn jsonpath() {
    check(Target::JsonPath);
}

#[test]
fn intrinsic() {
    check(Target::Intrinsic);
}

#[test]
fn jsonata() {
    check(Target::Jsonata);
}

#[test]
fn execution() {
    check(Target::Execution);
}

#[test]
fn every_corpus_has_a_target() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut found: Vec<String> = fs::read_dir(corpora)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    let mut known = Target::ALL.map(Target::name);
    known.sort_unstable();
    assert_eq!(found, known);
}
