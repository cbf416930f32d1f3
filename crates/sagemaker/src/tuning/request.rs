//! Reading `CreateHyperParameterTuningJob`.

use std::sync::Arc;
use std::time::Duration;

use mlpp_tuning::{Direction, Hyperband, RangeError, Search, Strategy};
use serde_json::{Map, Value, json};

use super::early_stopping::EarlyStopping;
use super::ranges::{RequestRange, ranges};
use super::warm_start::WarmStart;
use crate::algorithm::Algorithm;
use crate::algorithm::validate::{OBJECTIVE_HYPERPARAMETER, Tuned};
use crate::error::ServiceError;
use crate::platform::Platform;
use crate::request::{Checks, DEFINITION_NAME, Node, TUNING_JOB_NAME, Text};
use crate::store::TuningRecord;
use crate::training::TrainingDefinition;

/// A tuning job to run.
#[derive(Clone, Debug)]
pub(super) struct TuningJob {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) definitions: Vec<TrialDefinition>,
    pub(super) most_trials: usize,
    pub(super) most_parallel: usize,
    pub(super) max_runtime: Option<Duration>,
    pub(super) direction: Direction,
    pub(super) seed: u64,
    pub(super) early_stopping: EarlyStopping,
    pub(super) warm_start: Option<WarmStart>,
    /// How long processes before this one have run it.
    pub(super) spent: Duration,
}

/// What trials of one definition have in common.
#[derive(Clone, Debug)]
pub(super) struct TrialDefinition {
    pub(super) name: Option<String>,
    pub(super) training: Arc<TrainingDefinition>,
    /// The static hyperparameters and the one which the service adds.
    pub(super) fixed: Map<String, Value>,
    pub(super) objective: String,
    pub(super) search: Search,
}

/// What the service takes when a request does not limit the number of trials.
const DEFAULT_MOST_TRIALS: i64 = 750;

const MEMBERS: [&str; 10] = [
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobConfig.Strategy",
    "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective",
    "HyperParameterTuningJobConfig.ResourceLimits",
    "HyperParameterTuningJobConfig.ParameterRanges",
    "HyperParameterTuningJobConfig.RandomSeed",
    "HyperParameterTuningJobConfig.TrainingJobEarlyStoppingType",
    "HyperParameterTuningJobConfig.StrategyConfig.HyperbandStrategyConfig",
    "WarmStartConfig",
    "Tags",
];

/// The members of a tuning job's request with a meaning here.
pub(super) fn simulated() -> Vec<String> {
    let own = ["DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters"];
    let inner: Vec<&str> = own.into_iter().chain(crate::training::definition::SIMULATED).collect();
    let mut members: Vec<String> = MEMBERS.map(str::to_owned).into();
    for parent in ["TrainingJobDefinition", "TrainingJobDefinitions[]"] {
        members.extend(inner.iter().map(|member| format!("{parent}.{member}")));
    }
    members
}

/// What the whole job says, which a definition may lack.
struct Shared<'a> {
    strategy: Strategy,
    seed: u64,
    objective: Option<Node<'a>>,
    ranges: Option<Node<'a>>,
}

impl TuningJob {
    /// Reads a request; `before` is what an earlier process recorded of the job, if it is to be taken over.
    pub(super) fn read(
        platform: &Platform,
        request: &Value,
        before: Option<TuningRecord>,
    ) -> Result<Self, ServiceError> {
        let mut checks = Checks::new();
        let root = Node::root(request);
        let name = checks.required_text(&root, "HyperParameterTuningJobName", TUNING_JOB_NAME);
        let config = checks.required_object(&root, "HyperParameterTuningJobConfig");
        let Some(config) = config else {
            checks.finish()?;
            return Err(ServiceError::validation("The request cannot be read."));
        };
        let strategies = Text::one_of(&["Bayesian", "Random", "Hyperband", "Grid"]);
        let strategy = checks.required_text(&config, "Strategy", strategies);
        let early = checks.text(&config, "TrainingJobEarlyStoppingType", Text::one_of(&["Off", "Auto"]));
        let resources = resources(&mut checks, &config);
        let warm_start = WarmStart::read(&mut checks, &root);
        let seed = checks.integer(&config, "RandomSeed", 0, i64::MAX);
        let mut most_trials = None;
        let mut most_parallel = None;
        let mut max_runtime = None;
        if let Some(limits) = checks.required_object(&config, "ResourceLimits") {
            most_trials = checks.integer(&limits, "MaxNumberOfTrainingJobs", 1, i64::MAX);
            most_parallel = checks.required_integer(&limits, "MaxParallelTrainingJobs", 1, i64::MAX);
            max_runtime = checks.integer(&limits, "MaxRuntimeInSeconds", 120, 15_768_000);
        }
        let nodes = definitions(&mut checks, &root);
        let read: Vec<_> =
            nodes.iter().map(|node| TrainingDefinition::read(platform, &mut checks, node)).collect();
        checks.finish()?;

        let strategy = strategy_of(strategy.unwrap_or_default())?;
        let early_stopping = early_stopping(strategy, early == Some("Auto"), resources, &nodes)?;
        let shared = Shared {
            strategy,
            seed: match before {
                Some(before) => before.seed,
                None => seed.map_or(platform.config.seed, i64::unsigned_abs),
            },
            objective: config.member("HyperParameterTuningJobObjective"),
            ranges: config.member("ParameterRanges"),
        };
        let mut definitions = Vec::with_capacity(nodes.len());
        let mut direction = None;
        for (node, training) in nodes.iter().zip(read) {
            let Some(training) = training? else {
                return Err(ServiceError::validation("The request cannot be read."));
            };
            let (definition, its_direction) = TrialDefinition::read(node, training, &shared)?;
            if direction.is_some_and(|direction| direction != its_direction) {
                return Err(ServiceError::validation(
                    "All training job definitions must tune in the same direction.",
                ));
            }
            direction = Some(its_direction);
            definitions.push(definition);
        }
        let (Some(name), Some(direction)) = (name, direction) else {
            return Err(ServiceError::validation(
                "Exactly one of TrainingJobDefinition and TrainingJobDefinitions must be given.",
            ));
        };
        let (most_trials, most_parallel) =
            (most_trials.unwrap_or(DEFAULT_MOST_TRIALS), most_parallel.unwrap_or(1));
        if most_parallel > most_trials {
            return Err(ServiceError::validation(format!(
                "MaxParallelTrainingJobs {most_parallel} is larger than MaxNumberOfTrainingJobs {most_trials}."
            )));
        }
        Ok(Self {
            name: name.to_owned(),
            arn: platform.arns.sagemaker("hyper-parameter-tuning-job", name),
            definitions,
            most_trials: usize::try_from(most_trials).unwrap_or(usize::MAX),
            most_parallel: usize::try_from(most_parallel)
                .unwrap_or(usize::MAX)
                .min(platform.config.max_processes.max(1)),
            max_runtime: max_runtime.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
            direction,
            seed: shared.seed,
            early_stopping,
            warm_start,
            spent: Duration::from_secs_f64(before.map_or(0.0, |before| before.spent.max(0.0))),
        })
    }
}

fn definitions<'a>(checks: &mut Checks, root: &Node<'a>) -> Vec<Node<'a>> {
    let several = checks.list(root, "TrainingJobDefinitions", 1, 10);
    match checks.object(root, "TrainingJobDefinition") {
        // Both at once are refused when the definitions turn out to have no direction.
        Some(_) if !several.is_empty() => Vec::new(),
        Some(one) => vec![one],
        None => several,
    }
}

fn strategy_of(name: &str) -> Result<Strategy, ServiceError> {
    match name {
        "Bayesian" => Ok(Strategy::Bayesian),
        "Random" => Ok(Strategy::Random),
        "Grid" => Ok(Strategy::Grid),
        "Hyperband" => Ok(Strategy::Hyperband),
        _ => Err(ServiceError::validation(format!("Strategy {name} is not supported on this machine."))),
    }
}

/// `MinResource` and `MaxResource` of Hyperband.
type Resources = (Option<i64>, Option<i64>);

fn resources(checks: &mut Checks, config: &Node<'_>) -> Resources {
    let Some(strategy) = checks.object(config, "StrategyConfig") else { return (None, None) };
    let Some(hyperband) = checks.object(&strategy, "HyperbandStrategyConfig") else { return (None, None) };
    let mut resource = |name| checks.integer(&hyperband, name, 1, i64::from(i32::MAX));
    (resource("MinResource"), resource("MaxResource"))
}

/// The rule by which trials are stopped early
/// ([`HyperbandStrategyConfig`](https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperbandStrategyConfig.html)).
fn early_stopping(
    strategy: Strategy,
    auto: bool,
    (min, max): Resources,
    definitions: &[Node<'_>],
) -> Result<EarlyStopping, ServiceError> {
    if strategy != Strategy::Hyperband {
        if min.is_some() || max.is_some() {
            return Err(ServiceError::validation(
                "HyperbandStrategyConfig must only be given with the strategy Hyperband.",
            ));
        }
        return Ok(if auto { EarlyStopping::Median } else { EarlyStopping::Off });
    }
    if auto {
        return Err(ServiceError::validation(
            "TrainingJobEarlyStoppingType must be Off with the strategy Hyperband, which stops training jobs itself.",
        ));
    }
    let max = max.or_else(|| definitions.iter().find_map(epochs)).ok_or_else(|| {
        ServiceError::validation(format!(
            "Hyperband needs MaxResource in HyperbandStrategyConfig, or one of {} in StaticHyperParameters.",
            EPOCHS.join(", ")
        ))
    })?;
    let count = |resource: i64| usize::try_from(resource).unwrap_or(usize::MAX);
    Hyperband::new(count(min.unwrap_or(1)), count(max))
        .map(EarlyStopping::Hyperband)
        .map_err(|wrong| ServiceError::validation(format!("Invalid HyperbandStrategyConfig: {wrong}.")))
}

/// The static hyperparameters that the service takes `MaxResource` from.
const EPOCHS: [&str; 5] = ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"];

fn epochs(definition: &Node<'_>) -> Option<i64> {
    let fixed = definition.member("StaticHyperParameters")?;
    EPOCHS.iter().find_map(|name| fixed.value.get(name)?.as_str()?.trim().parse().ok())
}

impl TrialDefinition {
    fn read(
        node: &Node<'_>,
        training: TrainingDefinition,
        shared: &Shared<'_>,
    ) -> Result<(Self, Direction), ServiceError> {
        let mut checks = Checks::new();
        let name = checks.text(node, "DefinitionName", DEFINITION_NAME);
        let fixed = checks.map(node, "StaticHyperParameters");
        let mut objective = None;
        if let Some(node) = node.member("TuningObjective").or_else(|| shared.objective.clone()) {
            let kind = checks.required_text(&node, "Type", Text::one_of(&["Maximize", "Minimize"]));
            let metric = checks.required_text(&node, "MetricName", Text::filled(255));
            objective = kind.zip(metric);
        }
        let ranges = match node.member("HyperParameterRanges").or_else(|| shared.ranges.clone()) {
            Some(node) => ranges(&mut checks, &node)?,
            None => Vec::new(),
        };
        checks.finish()?;
        let Some((kind, metric)) = objective else {
            return Err(ServiceError::validation("A tuning objective is required."));
        };
        check_objective(&training.algorithm, &training, metric, kind)?;
        let tuned: Vec<(&str, Tuned<'_>)> = ranges.iter().map(|range| (range.name, range.tuned())).collect();
        training.algorithm.check_hyperparameters(&fixed, &tuned).map_err(|wrong| {
            ServiceError::validation(format!("Invalid training job definition: {wrong}."))
        })?;

        let direction = if kind == "Maximize" { Direction::Maximize } else { Direction::Minimize };
        let searched = ranges.iter().map(RequestRange::range).collect::<Result<_, RangeError>>();
        let searched =
            searched.map_err(|wrong| ServiceError::validation(format!("Invalid range: {wrong}.")))?;
        let search = Search::new(shared.strategy, direction, searched, shared.seed)
            .map_err(|wrong| ServiceError::validation(format!("Invalid ranges: {wrong}.")))?;
        let mut fixed = fixed;
        fixed.insert(OBJECTIVE_HYPERPARAMETER.to_owned(), json!(metric));
        let definition = Self {
            name: name.map(str::to_owned),
            training: Arc::new(training),
            fixed,
            objective: metric.to_owned(),
            search,
        };
        Ok((definition, direction))
    }
}

fn check_objective(
    algorithm: &Algorithm,
    training: &TrainingDefinition,
    metric: &str,
    kind: &str,
) -> Result<(), ServiceError> {
    let known: Vec<&str> = training.metrics.iter().map(|metric| metric.name.as_str()).collect();
    if !known.contains(&metric) {
        return Err(ServiceError::validation(format!(
            "Objective metric {metric} is not a metric of algorithm {}; it has: {}.",
            algorithm.name,
            known.join(", ")
        )));
    }
    let declared: Vec<&str> = algorithm
        .objectives
        .iter()
        .filter(|objective| objective.metric == metric)
        .map(|objective| objective.kind.as_str())
        .collect();
    if !declared.is_empty() && !declared.contains(&kind) {
        return Err(ServiceError::validation(format!(
            "Algorithm {} declares the objective metric {metric} as {}, not {kind}.",
            algorithm.name,
            declared.join(" or ")
        )));
    }
    Ok(())
}
