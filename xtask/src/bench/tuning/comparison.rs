//! What the searches of both sides come to: medians, and intervals of the differences of pairs.

use std::fmt::Write as _;

use super::{Ask, BATCH, CHECKPOINTS, Done, MODEL_TRIALS, Objective, SEEDS, Sampler};

/// 97.5 % of Student's t with 19 degrees of freedom, which 20 pairs have, lie below.
const STUDENT_T: f64 = 2.093;

/// A mean difference with its interval of 95 % confidence; above 0, ours is the better one.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Difference {
    mean: f64,
    low: f64,
    high: f64,
}

impl Difference {
    /// Of pairs ours, theirs; nothing of any other number of them than there are seeds.
    #[expect(clippy::cast_precision_loss, reason = "a number of seeds")]
    fn of(pairs: &[(f64, f64)], maximized: bool) -> Option<Self> {
        if pairs.len() as u64 != SEEDS {
            return None;
        }
        let count = pairs.len() as f64;
        let sign = if maximized { 1.0 } else { -1.0 };
        let differences: Vec<f64> = pairs.iter().map(|(ours, theirs)| sign * (ours - theirs)).collect();
        let mean = differences.iter().sum::<f64>() / count;
        let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
        let reach = STUDENT_T * (squares / (count - 1.0) / count).sqrt();
        Some(Self { mean, low: mean - reach, high: mean + reach })
    }

    /// Whether ours is the worse one beyond doubt.
    fn is_worse(self) -> bool {
        self.high < 0.0
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:+.4} [{:+.4}, {:+.4}]", self.mean, self.low, self.high)
    }
}

/// A number of each search, by the seed.
type Number = fn(&Done) -> Option<f64>;

struct Results<'a>(&'a [Done]);

impl Results<'_> {
    fn numbers(
        &self,
        sampler: Sampler,
        objective: Objective,
        batch: usize,
        number: Number,
    ) -> Vec<(u64, f64)> {
        let of = |done: &Done| {
            let job = &done.job;
            let asked_for = job.sampler == sampler && job.objective == objective && job.batch == batch;
            if asked_for { number(done).map(|number| (job.seed, number)) } else { None }
        };
        let mut numbers: Vec<(u64, f64)> = self.0.iter().filter_map(of).collect();
        numbers.sort_by_key(|(seed, _)| *seed);
        numbers
    }

    /// Ours beside another sampler, seed by seed.
    fn difference(
        &self,
        other: Sampler,
        objective: Objective,
        batch: usize,
        number: Number,
    ) -> Option<Difference> {
        let ours = self.numbers(Sampler::Ours, objective, batch, number);
        Self::pair(&ours, &self.numbers(other, objective, batch, number), objective)
    }

    /// The example's model beside one of `LightGBM`.
    fn difference_of_models(&self, theirs: Objective, number: Number) -> Option<Difference> {
        let ours = self.numbers(Sampler::Ours, Objective::Model, 1, number);
        Self::pair(&ours, &self.numbers(Sampler::Tpe, theirs, 1, number), theirs)
    }

    fn pair(ours: &[(u64, f64)], theirs: &[(u64, f64)], objective: Objective) -> Option<Difference> {
        let pairs: Vec<(f64, f64)> = ours
            .iter()
            .filter_map(|(seed, ours)| {
                let (_, theirs) = theirs.iter().find(|(other, _)| other == seed)?;
                Some((*ours, *theirs))
            })
            .collect();
        Difference::of(&pairs, objective.maximized())
    }

    fn median(&self, sampler: Sampler, objective: Objective, batch: usize, number: Number) -> Option<f64> {
        let mut numbers: Vec<f64> =
            self.numbers(sampler, objective, batch, number).into_iter().map(|(_, number)| number).collect();
        numbers.sort_by(f64::total_cmp);
        let (low, high) = (numbers.get(numbers.len().checked_sub(1)? / 2)?, numbers.get(numbers.len() / 2)?);
        Some(f64::midpoint(*low, *high))
    }

    fn mean(&self, sampler: Sampler, objective: Objective, batch: usize, number: Number) -> Option<f64> {
        let numbers = self.numbers(sampler, objective, batch, number);
        #[expect(clippy::cast_precision_loss, reason = "a number of seeds")]
        let count = numbers.len() as f64;
        (count > 0.0).then(|| numbers.iter().map(|(_, number)| number).sum::<f64>() / count)
    }
}

/// The best after as many trials as each of [`CHECKPOINTS`] says.
const BESTS: [Number; 2] = [|done| done.best.first().copied(), |done| done.best.get(1).copied()];

/// Tables in Markdown, and what is not as expected.
pub(super) fn report(done: &[Done], asks: &[Ask], missing: &[String]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_report(&Results(done), asks, missing, &mut out);
    out
}

fn write_report(
    results: &Results<'_>,
    asks: &[Ask],
    missing: &[String],
    out: &mut String,
) -> std::fmt::Result {
    let mut below = Vec::new();
    writeln!(
        out,
        "The best value, median of {SEEDS} seeds, and by how much ours is the better one: the mean of the"
    )?;
    writeln!(out, "pairs' differences with its interval of 95 % confidence (t). Above 0, ours is better.\n")?;
    writeln!(
        out,
        "| | trials | at once | ours | TPE | random | better than TPE by | better than random by |"
    )?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|---|---|")?;
    for objective in Objective::SEARCHED {
        for batch in [1, BATCH] {
            for (trials, number) in CHECKPOINTS.into_iter().zip(BESTS) {
                let median = |sampler| shown(results.median(sampler, objective, batch, number));
                let difference = |sampler| results.difference(sampler, objective, batch, number);
                let cell = |sampler| difference(sampler).map_or_else(|| "-".to_owned(), |it| it.to_string());
                writeln!(
                    out,
                    "| {} | {trials} | {batch} | {} | {} | {} | {} | {} |",
                    objective.title(),
                    median(Sampler::Ours),
                    median(Sampler::Tpe),
                    median(Sampler::Random),
                    cell(Sampler::Tpe),
                    cell(Sampler::Random),
                )?;
                // Batches are reported, and nothing is expected of them.
                let others = if batch == 1 { &[Sampler::Tpe, Sampler::Random][..] } else { &[] };
                for &sampler in others {
                    let what = format!("{}, {trials} trials, beside {sampler:?}", objective.title());
                    below.extend(shortfall(&what, difference(sampler)));
                }
            }
        }
    }
    write_model(results, &mut below, out)?;
    write_asks(results, asks, out)?;
    writeln!(out)?;
    missing.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    let expected = "one trial at a time, and with matching parameters, no interval lies below 0";
    if below.is_empty() {
        writeln!(out, "Everything is as expected: {expected}")
    } else {
        writeln!(out, "Not as expected ({expected}):")?;
        below.iter().try_for_each(|line| writeln!(out, "  {line}"))
    }
}

fn write_model(results: &Results<'_>, below: &mut Vec<String>, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "\nThe example's algorithm, tuned by us, beside LightGBM with matching parameters, tuned by Optuna's TPE: mean"
    )?;
    writeln!(
        out,
        "AUC of the best of {MODEL_TRIALS} trials over {SEEDS} splits of the rows. Our model has every tree. LightGBM's has every tree,"
    )?;
    writeln!(
        out,
        "or ends with the one that makes its validation AUC the highest, which chooses once more by these rows.\n"
    )?;
    writeln!(out, "| beside | rows | ours | LightGBM | better by |")?;
    writeln!(out, "|---|---|---:|---:|---|")?;
    let rows: [(&str, Number); 2] =
        [("validation, which the search sees", BESTS[0]), ("held out", |done| done.held_out)];
    for theirs in [Objective::Model, Objective::Shortened] {
        for (title, number) in rows {
            let ours = shown(results.mean(Sampler::Ours, Objective::Model, 1, number));
            let lightgbm = shown(results.mean(Sampler::Tpe, theirs, 1, number));
            let difference = results.difference_of_models(theirs, number);
            let cell = difference.map_or_else(|| "-".to_owned(), |it| it.to_string());
            writeln!(out, "| {} | {title} | {ours} | {lightgbm} | {cell} |", theirs.title())?;
            // Only where both have every tree do the parameters match.
            if theirs == Objective::Model {
                below.extend(shortfall(&format!("{}, {title}", theirs.title()), difference));
            }
        }
    }
    Ok(())
}

fn write_asks(results: &Results<'_>, asks: &[Ask], out: &mut String) -> std::fmt::Result {
    let each = |sampler| {
        let mean = results.mean(sampler, Objective::Hartmann6, 1, |done| Some(1e3 * done.ask_seconds));
        mean.map_or_else(|| "-".to_owned(), |milliseconds| format!("{milliseconds:.1} ms"))
    };
    writeln!(
        out,
        "\nTo be asked takes, on the mean of 100 trials of Hartmann6: ours {}, TPE {}, random {}. Ours, median of 11:\n",
        each(Sampler::Ours),
        each(Sampler::Tpe),
        each(Sampler::Random)
    )?;
    writeln!(out, "| trials before | axes | ms |")?;
    writeln!(out, "|---:|---:|---:|")?;
    asks.iter()
        .try_for_each(|ask| writeln!(out, "| {} | {} | {:.1} |", ask.trials, ask.axes, ask.milliseconds))
}

/// What falls short of what we expect, which is to have been compared, and not to be worse.
fn shortfall(what: &str, difference: Option<Difference>) -> Option<String> {
    match difference {
        None => Some(format!("{what}: nothing to compare with")),
        Some(difference) if difference.is_worse() => Some(format!("{what}: {difference}")),
        Some(_) => None,
    }
}

fn shown(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.4}"))
}

#[cfg(test)]
mod tests {
    use super::super::Job;
    use super::*;

    fn done(sampler: Sampler, objective: Objective, seed: u64, batch: usize, best: f64) -> Done {
        let job =
            Job { sampler, objective, seed, batch, checkpoints: CHECKPOINTS.to_vec(), server: Vec::new() };
        Done { job, best: vec![best, best], held_out: Some(best), ask_seconds: 0.002 }
    }

    /// Every search, ours better by `margin` and a little more or less, for each seed.
    fn all(margin: f64) -> Vec<Done> {
        let mut all = Vec::new();
        for objective in Objective::SEARCHED.into_iter().chain([Objective::Model]) {
            let sign = if objective.maximized() { 1.0 } else { -1.0 };
            for seed in 0..SEEDS {
                let noise = if seed % 2 == 0 { 0.5 } else { -0.5 };
                for batch in [1, BATCH] {
                    all.push(done(Sampler::Ours, objective, seed, batch, 7.0 + sign * (margin + noise)));
                    all.push(done(Sampler::Tpe, objective, seed, batch, 7.0));
                }
                all.push(done(Sampler::Random, objective, seed, 1, 7.0));
            }
        }
        all
    }

    #[test]
    fn the_interval_is_student_s() {
        let pairs: Vec<(f64, f64)> = (0..20).map(|at| (f64::from(at), 0.0)).collect();
        let difference = Difference::of(&pairs, true).unwrap();
        // The standard error of 0, 1 … 19 is 1.3229.
        assert!((difference.mean - 9.5).abs() < 1e-12);
        assert!((difference.high - 12.2688).abs() < 1e-3 && (difference.low - 6.7312).abs() < 1e-3);
        let minimized = Difference::of(&pairs, false).unwrap();
        assert!(minimized.is_worse() && !difference.is_worse());
        assert_eq!(Difference::of(&pairs[1..], true), None);
    }

    #[test]
    fn better_and_undecided_are_as_expected_and_worse_is_told() {
        for margin in [1.0, 0.0, -0.1] {
            let text = report(&all(margin), &[], &[]);
            assert!(text.contains("Everything is as expected"), "{text}");
        }
        let text = report(&all(-1.0), &[], &[]);
        assert!(text.contains("Not as expected"), "{text}");
        // Four objectives, two checkpoints, two samplers; and the model on both sets of rows.
        assert_eq!(text.lines().filter(|line| line.starts_with("  ")).count(), 18, "{text}");
        assert!(text.contains("| mixed (least 0) | 30 | 1 | 8.0000 | 7.0000 | 7.0000 | -1.0000 ["), "{text}");
    }

    #[test]
    fn a_side_that_is_missing_is_told() {
        let mut ours = all(1.0);
        ours.retain(|done| done.job.sampler == Sampler::Ours);
        let text = report(&ours, &[], &[String::from("optuna: skipped, no Python")]);
        assert!(
            text.contains("optuna: skipped, no Python") && text.contains("nothing to compare with"),
            "{text}"
        );
    }
}
