use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mlpp_provider::Progress;

/// The bar of the writes of an apply, on a terminal.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar; none when `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        // The template is a constant; the default bar is the answer to a mistake in it.
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>9}  [{bar:30}] {pos}/{len} writes, {eta} left")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix("apply");
        bar.enable_steady_tick(Duration::from_millis(250));
        Self(bar)
    }

    /// Shows how far it is.
    pub(crate) fn step(&self, progress: Progress) {
        self.0.set_length(progress.total as u64);
        self.0.set_position(progress.done as u64);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
