//! What a run of the tests amounts to: libtest's own results, and the tests that skipped themselves.
//!
//! libtest knows no test that finds at run time what it needs missing: it returns, and counts as passed. Such a
//! test appends a line `part: test` to the file that `MLPP_SKIPPED` names; here it is taken from the passed and
//! counted as skipped, so that the totals do not claim more than was tried.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::error::count;
use crate::peers::Missing;

/// Libtest's results, read from its output line by line.
#[derive(Debug, Default)]
pub(crate) struct Results {
    passed: u64,
    failed: u64,
    /// The ignored tests, each with its reason if it gives one.
    ignored: Vec<String>,
    /// Tests announced by a test program that has not told its result yet.
    announced: Option<u64>,
    /// Test programs that ended without a result.
    died: u64,
    /// Whether a process that the tests started outlived them.
    left_running: bool,
}

/// The totals. Shown as `N passed, N failed, N skipped`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Whether a line is what [`Totals`] shows.
pub(crate) fn is_totals(line: &str) -> bool {
    let mut nouns = line.split(", ").map(|entry| match entry.split_once(' ') {
        Some((number, noun)) if number.parse::<u64>().is_ok() => noun,
        _ => "",
    });
    ["passed", "failed", "skipped"].iter().all(|noun| nouns.next() == Some(noun)) && nouns.next().is_none()
}

impl Results {
    /// Reads one line of `cargo test`'s stdout.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(announced) = announcement(line) {
            self.close();
            self.announced = Some(announced);
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.announced = None;
            self.passed += number(result, "passed");
            self.failed += number(result, "failed");
        } else if let Some((test, reason)) =
            line.strip_prefix("test ").and_then(|line| line.split_once(" ... ignored"))
        {
            self.ignored.push(format!("{test}: skipped, ignored{reason}"));
        }
    }

    /// Notes that a process which the tests started outlived them.
    pub(crate) fn left_running(&mut self) {
        self.left_running = true;
    }

    /// A test program that announced tests and was followed by another, or by the end, has died.
    fn close(&mut self) {
        self.died += u64::from(self.announced.take().is_some());
    }

    /// Sums up: the report's lines about what was skipped or died, then the totals.
    ///
    /// `skips` is the content of the file that `MLPP_SKIPPED` named; `missing` are the peers that could not be
    /// installed; `succeeded` is how `cargo test` ended. A run that failed without a failing test, as when a
    /// test does not compile, a test program that died, and a process left running count as one failure each.
    pub(crate) fn finish(
        mut self,
        skips: &str,
        missing: &[Missing],
        succeeded: bool,
    ) -> (Vec<String>, Totals) {
        self.close();
        let mut report = Vec::new();
        if self.died > 0 {
            report.push(format!(
                "{} died without a result: counted as failed",
                count(self.died, "test program")
            ));
        }
        if self.left_running {
            report.push("a process that the tests started is still running: counted as failed".to_owned());
        }
        let mut failed = self.failed + self.died + u64::from(self.left_running);
        if failed == 0 && !succeeded {
            report.push("the tests could not be built or run: counted as one failure".to_owned());
            failed = 1;
        }

        let mut parts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for line in skips.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (part, test) = line.split_once(": ").unwrap_or((line, line));
            parts.entry(part).or_default().insert(test);
            tests.insert(test);
        }
        let skips = u64::try_from(tests.len()).unwrap_or(u64::MAX);
        let mut skipped = skips + u64::try_from(self.ignored.len()).unwrap_or(u64::MAX);
        for peer in missing {
            if let Some(tests) = parts.remove(peer.part.as_str()) {
                report.push(format!("{peer} ({})", count(tests.len(), "test")));
            } else {
                // Nothing asked for it, and yet it must not vanish from the totals.
                report.push(peer.to_string());
                skipped += 1;
            }
        }
        report.extend(
            parts.iter().map(|(part, tests)| format!("{part}: skipped, {}", count(tests.len(), "test"))),
        );
        report.extend(self.ignored);
        (report, Totals { passed: self.passed.saturating_sub(skips), failed, skipped })
    }
}

/// The number in `running 12 tests`.
fn announcement(line: &str) -> Option<u64> {
    let (number, noun) = line.strip_prefix("running ")?.split_once(' ')?;
    if noun == "test" || noun == "tests" { number.parse().ok() } else { None }
}

/// The number before a noun in `ok. 3 passed; 1 failed; …`.
fn number(result: &str, noun: &str) -> u64 {
    let entries = result.split([';', '.']).map(str::trim);
    entries
        .filter_map(|entry| entry.split_once(' '))
        .find(|(_, n)| *n == noun)
        .map_or(0, |(number, _)| number.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{Results, Totals, is_totals};
    use crate::peers::Missing;

    fn finish(lines: &str, skips: &str, missing: &[Missing], succeeded: bool) -> (Vec<String>, String) {
        let mut results = Results::default();
        lines.lines().for_each(|line| results.read(line));
        let (report, totals) = results.finish(skips, missing, succeeded);
        (report, totals.to_string())
    }

    const TWO_PROGRAMS: &str = "\
running 3 tests
test a::one ... ok
test a::two ... ignored, needs the moon
test a::three ... ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

running 2 tests
test b::one ... FAILED
test b::two ... ok

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn the_results_of_all_programs_are_added_up() {
        let (report, totals) = finish(TWO_PROGRAMS, "", &[], false);
        assert_eq!(report, ["a::two: skipped, ignored, needs the moon"]);
        assert_eq!(totals, "3 passed, 1 failed, 1 skipped");
    }

    #[test]
    fn a_test_that_skipped_itself_has_not_passed() {
        let skips = "scikit-learn: a::one\nvectors: a::three\nscikit-learn: a::three\nscikit-learn: a::one\n";
        let (report, totals) = finish(TWO_PROGRAMS, skips, &[], false);
        assert_eq!(report[..2], ["scikit-learn: skipped, 2 tests", "vectors: skipped, 1 test"]);
        assert_eq!(totals, "1 passed, 1 failed, 3 skipped");
    }

    #[test]
    fn a_missing_peer_is_told_once_and_always_counts() {
        let missing = ["scikit-learn", "dalex"]
            .map(|part| Missing { part: part.to_owned(), why: "pip failed: no network".to_owned() });
        let (report, totals) = finish(TWO_PROGRAMS, "scikit-learn: a::one\n", &missing, false);
        assert_eq!(
            report[..2],
            [
                "scikit-learn: skipped, pip failed: no network (1 test)",
                "dalex: skipped, pip failed: no network"
            ]
        );
        assert_eq!(totals, "2 passed, 1 failed, 3 skipped");
    }

    #[test]
    fn a_program_that_dies_is_a_failure() {
        let dies_first =
            "running 5 tests\ntest x ... ok\n\nrunning 1 test\n\ntest result: ok. 1 passed; 0 failed;";
        let dies_last = "running 1 test\n\ntest result: ok. 1 passed; 0 failed;\nrunning 5 tests\n";
        for lines in [dies_first, dies_last] {
            let (report, totals) = finish(lines, "", &[], false);
            assert_eq!(report, ["1 test program died without a result: counted as failed"]);
            assert_eq!(totals, "1 passed, 1 failed, 0 skipped");
        }
    }

    #[test]
    fn a_run_that_fails_without_results_is_a_failure() {
        let (report, totals) = finish("", "", &[], false);
        assert_eq!(report, ["the tests could not be built or run: counted as one failure"]);
        assert_eq!(totals, "0 passed, 1 failed, 0 skipped");
        assert_eq!(finish("", "", &[], true).1, "0 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn a_process_left_running_is_a_failure_though_every_test_passed() {
        let mut results = Results::default();
        results.read("test result: ok. 4 passed; 0 failed; 0 ignored;");
        results.left_running();
        let (report, totals) = results.finish("", &[], true);
        assert_eq!(report, ["a process that the tests started is still running: counted as failed"]);
        assert_eq!(totals, Totals { passed: 4, failed: 1, skipped: 0 });
    }

    #[test]
    fn totals_are_recognised_alone_on_a_line() {
        assert!(is_totals(&Totals { passed: 12, failed: 0, skipped: 3 }.to_string()));
        for line in [
            "",
            "12 passed",
            "12 passed, 0 failed",
            "so 1 passed, 0 failed, 3 skipped",
            "1 passed, 0 failed, 3 skipped, 1 lost",
        ] {
            assert!(!is_totals(line), "{line}");
        }
    }
}
