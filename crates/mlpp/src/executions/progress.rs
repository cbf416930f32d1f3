use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// Tells on standard error what a run does: a line for each stage, and a bar for the trials on a terminal.
pub(crate) struct Progress {
    quiet: bool,
    started: Instant,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, started: Instant::now() }
    }

    /// A stage is done; the line says what came of it and how long it took.
    pub(crate) fn done(&mut self, stage: &str, what: &str) {
        if !self.quiet {
            output::note(format_args!("{stage:>9}  {what} ({})", seconds(self.started.elapsed())));
        }
        self.started = Instant::now();
    }

    /// A bar for `trials` trials.
    pub(crate) fn trials(&self, trials: u64) -> TrialsBar {
        let target = if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(trials), target);
        // The template is a constant that the tests draw; the default bar is the answer to a mistake in it.
        if let Ok(style) = ProgressStyle::with_template("{prefix:>9}  [{bar:30}] {pos}/{len} trials{msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix("tune");
        bar.enable_steady_tick(Duration::from_millis(250));
        TrialsBar { bar, best: None }
    }
}

/// The bar of the trials, with the best metric so far.
pub(crate) struct TrialsBar {
    bar: ProgressBar,
    best: Option<f64>,
}

impl TrialsBar {
    /// A trial has ended, with this value of the objective metric if it has one.
    pub(crate) fn ended(&mut self, value: Option<f64>, maximize: bool) {
        self.bar.inc(1);
        if let Some(value) = value {
            let better = self.best.is_none_or(|best| if maximize { value > best } else { value < best });
            if better {
                self.best = Some(value);
            }
        }
        if let Some(best) = self.best {
            self.bar.set_message(format!(", best {best:.4}"));
        }
    }

    /// So many trials have ended already; `best` is the best value among them.
    pub(crate) fn begin_at(&mut self, ended: u64, best: Option<f64>) {
        self.bar.set_position(ended);
        self.best = best;
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A duration for people: `0.4 s`, `75 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_value_is_kept_in_either_direction() {
        let progress = Progress::new(true);
        let mut up = progress.trials(3);
        let mut down = progress.trials(3);
        for value in [Some(0.5), None, Some(0.7), Some(0.6)] {
            up.ended(value, true);
            down.ended(value, false);
        }
        assert_eq!((up.best, down.best), (Some(0.7), Some(0.5)));
        assert_eq!(up.bar.message(), ", best 0.7000");
        assert_eq!(up.bar.position(), 4);
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(75)), "75 s");
    }
}
