//! Gradient boosting: tree after tree, each grown on what the ones before it leave to correct.
//!
//! The trees are grown by forust; the loop around it is here, because scoring while training, stopping at a scoring, and
//! several outputs that learn together need it to be.

use std::ops::ControlFlow;

use forust_ml::Matrix;
use forust_ml::binning::bin_matrix;
use forust_ml::constraints::ConstraintMap;
use forust_ml::data::JaggedMatrix;
use forust_ml::errors::ForustError;
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::sampler::SampleMethod;
use forust_ml::splitter::MissingImputerSplitter;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::data::encode::Design;
use crate::hyperparameters::Hyperparameters;
use crate::objective::Objective;
use crate::tree::Tree;

/// Thresholds tried for each column at most.
const BINS: u16 = 256;
/// The penalty on a leaf's squared value, in units of second derivatives: a leaf of few rows moves less.
const PENALTY: f32 = 1.0;
/// From this many numbers on, threads cost less than they save.
const PARALLEL_FROM: usize = 1_000_000;

/// What the trees are grown on.
pub(crate) struct Task<'a> {
    pub(crate) design: &'a Design,
    pub(crate) objective: &'a Objective,
    /// For each output, each row's number.
    pub(crate) responses: &'a [Vec<f64>],
    /// Each row's weight.
    pub(crate) weights: &'a [f64],
    /// The raw outputs before the first tree.
    pub(crate) start: &'a [f64],
}

/// The raw outputs of a set of rows, kept up to date tree by tree.
pub(crate) struct Raw {
    outputs: usize,
    /// Row by row.
    values: Vec<f64>,
}

impl Raw {
    pub(crate) fn new(start: &[f64], rows: usize) -> Self {
        Self { outputs: start.len(), values: start.repeat(rows) }
    }

    /// Adds what one round's trees say.
    pub(crate) fn add(&mut self, round: &[Tree], design: &Design) {
        for (row, raw) in self.values.chunks_mut(self.outputs).enumerate() {
            for (output, tree) in raw.iter_mut().zip(round) {
                *output += tree.predict(|column| design.numbers[column * design.rows + row]);
            }
        }
    }

    /// The rows' outputs.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks(self.outputs)
    }
}

/// Grows rounds of trees, one tree for each output, and hands each round with the raw outputs of the training rows
/// to `grown`, which may end it.
pub(crate) fn boost(
    task: &Task<'_>,
    hyperparameters: &Hyperparameters,
    mut grown: impl FnMut(Vec<Tree>, &Raw) -> ControlFlow<()>,
) -> Result<(), ForustError> {
    let design = task.design;
    let width = design.width();
    let parallel = design.numbers.len() >= PARALLEL_FROM;
    let matrix = Matrix::new(&design.numbers, design.rows, width);
    let binned = bin_matrix(&matrix, task.weights, BINS, f64::NAN, parallel)?;
    let grower = Grower {
        bins: Matrix::new(&binned.binned_data, design.rows, width),
        cuts: &binned.cuts,
        splitter: splitter(task.objective, hyperparameters),
        max_depth: hyperparameters.max_depth,
        parallel,
    };
    let has_missing: Vec<_> =
        design.numbers.chunks(design.rows).map(|column| column.iter().any(|it| it.is_nan())).collect();
    let mut draws = Draws {
        random: ChaCha8Rng::seed_from_u64(hyperparameters.seed.cast_unsigned()),
        row_rate: hyperparameters.sample_rate,
        column_rate: hyperparameters.col_sample_rate,
    };
    let mut raw = Raw::new(task.start, design.rows);
    for _ in 0..hyperparameters.ntrees {
        let (rows, columns) = (draws.rows(design.rows), draws.columns(design));
        let grow =
            |of_output| Tree::from_grown(&grower.grow(of_output, rows.as_deref(), &columns), &has_missing);
        let round: Vec<_> = derivatives(task, &raw).iter().map(grow).collect();
        raw.add(&round, design);
        if grown(round, &raw).is_break() {
            break;
        }
    }
    Ok(())
}

/// First and second derivatives, row by row.
struct Derivatives {
    first: Vec<f32>,
    second: Vec<f32>,
}

/// The loss's derivatives for each output.
fn derivatives(task: &Task<'_>, raw: &Raw) -> Vec<Derivatives> {
    let empty = || Derivatives {
        first: Vec::with_capacity(task.design.rows),
        second: Vec::with_capacity(task.design.rows),
    };
    let mut all: Vec<_> = task.responses.iter().map(|_| empty()).collect();
    for (row, (raw, weight)) in raw.rows().zip(task.weights).enumerate() {
        let answer = task.objective.answer(raw);
        for (output, of_output) in all.iter_mut().enumerate() {
            let response = task.responses[output][row];
            let (first, second) = task.objective.derivatives(&answer, output, response);
            of_output.first.push(single(first * weight));
            of_output.second.push(single(second * weight));
        }
    }
    all
}

/// The trees are grown in single precision.
#[expect(clippy::cast_possible_truncation, reason = "the loss of digits is what is wanted")]
fn single(number: f64) -> f32 {
    number as f32
}

fn splitter(objective: &Objective, hyperparameters: &Hyperparameters) -> MissingImputerSplitter {
    let min_leaf_weight = single(f64::from(hyperparameters.min_rows) * objective.largest_hessian());
    let learn_rate = single(hyperparameters.learn_rate);
    MissingImputerSplitter::new(
        0.0,
        PENALTY,
        0.0,
        0.0,
        min_leaf_weight,
        learn_rate,
        true,
        ConstraintMap::new(),
    )
}

/// What all trees are grown with.
struct Grower<'a> {
    bins: Matrix<'a, u16>,
    cuts: &'a JaggedMatrix<f64>,
    splitter: MissingImputerSplitter,
    max_depth: usize,
    parallel: bool,
}

impl Grower<'_> {
    /// Grows a tree on some rows, or all, and some columns.
    fn grow(
        &self,
        derivatives: &Derivatives,
        rows: Option<&[usize]>,
        columns: &[usize],
    ) -> forust_ml::tree::Tree {
        let (rows, method) = match rows {
            None => (self.bins.index.clone(), SampleMethod::None),
            Some(rows) => (rows.to_vec(), SampleMethod::Random),
        };
        let mut tree = forust_ml::tree::Tree::new();
        tree.fit(
            &self.bins,
            rows,
            columns,
            self.cuts,
            &derivatives.first,
            &derivatives.second,
            &self.splitter,
            usize::MAX,
            self.max_depth,
            self.parallel,
            &method,
            &GrowPolicy::DepthWise,
        );
        tree
    }
}

/// The draws of rows and columns.
struct Draws {
    random: ChaCha8Rng,
    row_rate: f64,
    column_rate: f64,
}

impl Draws {
    /// The rows of one round, in order; nothing stands for all of them.
    fn rows(&mut self, rows: usize) -> Option<Vec<usize>> {
        if self.row_rate >= 1.0 {
            return None;
        }
        let drawn: Vec<_> = (0..rows).filter(|_| self.random.random_bool(self.row_rate)).collect();
        // So few rows that none was drawn.
        (!drawn.is_empty()).then_some(drawn)
    }

    /// The numbers of the columns drawn for one round, in order. A category's numbers are drawn together.
    fn columns(&mut self, design: &Design) -> Vec<usize> {
        let mut groups = design.groups.clone();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of columns is small"
        )]
        let wanted = ((groups.len() as f64 * self.column_rate).round() as usize).clamp(1, groups.len());
        if wanted < groups.len() {
            for place in 0..wanted {
                let drawn = self.random.random_range(place..groups.len());
                groups.swap(place, drawn);
            }
            groups.truncate(wanted);
        }
        let mut columns: Vec<_> = groups.into_iter().flatten().collect();
        columns.sort_unstable();
        columns
    }
}
