//! Reading `CreateHyperParameterTuningJob`.

use std::sync::Arc;
use std::time::Duration;

use mlpp_tuning::{Direction, Hyperband, Range, RangeError, Scaling, Search, Strategy};
use serde_json::{Map, Value, json};

use super::early::Rule;
use super::warm_start::{Compared, WarmStart};
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
    /// By which trials are stopped before their end.
    pub(super) rule: Option<Rule>,
}

/// What the service takes when a request does not limit the number of trials.
const DEFAULT_MOST_TRIALS: i64 = 750;

const MEMBERS: [&str; 11] = [
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobConfig.Strategy",
    "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective",
    "HyperParameterTuningJobConfig.ResourceLimits",
    "HyperParameterTuningJobConfig.ParameterRanges",
    "HyperParameterTuningJobConfig.RandomSeed",
    "HyperParameterTuningJobConfig.TrainingJobEarlyStoppingType",
    "HyperParameterTuningJobConfig.StrategyConfig.HyperbandStrategyConfig.MinResource",
    "HyperParameterTuningJobConfig.StrategyConfig.HyperbandStrategyConfig.MaxResource",
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
    stopping: Stopping,
    seed: u64,
    objective: Option<Node<'a>>,
    ranges: Option<Node<'a>>,
    warm_start: Option<&'a WarmStart>,
    /// Whether there is one definition only.
    alone: bool,
}

/// When trials are stopped before their end.
#[derive(Clone, Copy, Debug)]
enum Stopping {
    Never,
    Median,
    Hyperband { min: Option<i64>, max: Option<i64> },
}

impl TuningJob {
    /// Reads a request and the records of the jobs that it starts from; `before` is what an earlier process recorded of
    /// the job, if it is to be taken over.
    pub(super) async fn load(
        platform: &Platform,
        request: &Value,
        before: Option<TuningRecord>,
    ) -> Result<Self, ServiceError> {
        let warm_start = WarmStart::read(platform, request).await?;
        Self::read(platform, request, before, warm_start.as_ref())
    }

    fn read(
        platform: &Platform,
        request: &Value,
        before: Option<TuningRecord>,
        warm_start: Option<&WarmStart>,
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
        let stopping = stopping(&mut checks, &config, strategy, early == Some("Auto"));
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

        let strategy = match strategy {
            Some("Random") => Strategy::Random,
            Some("Grid") => Strategy::Grid,
            Some("Hyperband") => Strategy::Hyperband,
            _ => Strategy::Bayesian,
        };
        let shared = Shared {
            strategy,
            stopping: stopping?,
            warm_start,
            alone: nodes.len() == 1,
            seed: match before {
                Some(before) => before.seed,
                None => seed.map_or(platform.config.seed, i64::unsigned_abs),
            },
            objective: config.member("HyperParameterTuningJobObjective"),
            ranges: config.member("ParameterRanges"),
        };
        let mut definitions: Vec<TrialDefinition> = Vec::with_capacity(nodes.len());
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
            if nodes.len() > 1 {
                check_name(definition.name.as_deref(), &definitions)?;
            }
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

/// Of several definitions each needs a name of its own, by which its trials are told from the others'.
fn check_name(name: Option<&str>, before: &[TrialDefinition]) -> Result<(), ServiceError> {
    match name {
        None => Err(ServiceError::validation(
            "DefinitionName is required in each of several TrainingJobDefinitions.",
        )),
        Some(name) if before.iter().any(|other| other.name.as_deref() == Some(name)) => {
            Err(ServiceError::validation(format!(
                "DefinitionName {name} is used by more than one training job definition."
            )))
        }
        Some(_) => Ok(()),
    }
}

/// When trials are stopped early; the form goes to `checks`.
fn stopping(
    checks: &mut Checks,
    config: &Node<'_>,
    strategy: Option<&str>,
    early: bool,
) -> Result<Stopping, ServiceError> {
    let own = checks.object(config, "StrategyConfig");
    let own = own.and_then(|own| checks.object(&own, "HyperbandStrategyConfig"));
    let min = own.as_ref().and_then(|own| checks.integer(own, "MinResource", 1, i64::MAX));
    let max = own.as_ref().and_then(|own| checks.integer(own, "MaxResource", 1, i64::MAX));
    match strategy {
        Some("Hyperband") if early => Err(ServiceError::validation(
            "TrainingJobEarlyStoppingType must be Off to use the Hyperband strategy.",
        )),
        Some("Hyperband") => Ok(Stopping::Hyperband { min, max }),
        _ if own.is_some() => Err(ServiceError::validation(
            "HyperbandStrategyConfig can be given only with the Hyperband strategy.",
        )),
        _ if early => Ok(Stopping::Median),
        _ => Ok(Stopping::Never),
    }
}

impl Stopping {
    /// The rule for a definition with these static hyperparameters, from which the service takes the largest resource
    /// when the request does not give it.
    fn rule(self, fixed: &Map<String, Value>) -> Result<Option<Rule>, ServiceError> {
        const EPOCHS: [&str; 5] = ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"];
        let (min, max) = match self {
            Self::Never => return Ok(None),
            Self::Median => return Ok(Some(Rule::Median)),
            Self::Hyperband { min, max } => (min, max),
        };
        let inferred = || EPOCHS.iter().find_map(|name| fixed.get(*name)?.as_str()?.parse().ok());
        let max = max.or_else(inferred).ok_or_else(|| {
            ServiceError::validation(format!(
                "MaxResource of HyperbandStrategyConfig is required: it cannot be inferred, since none of {} is among the \
                 static hyperparameters.",
                EPOCHS.join(", ")
            ))
        })?;
        let number = |number: i64| usize::try_from(number).unwrap_or(0);
        let hyperband = Hyperband::new(number(min.unwrap_or(1)), number(max)).map_err(|wrong| {
            ServiceError::validation(format!("Invalid HyperbandStrategyConfig: {wrong}."))
        })?;
        Ok(Some(Rule::Hyperband(hyperband)))
    }
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
        let search = match shared.warm_start {
            None => search,
            Some(warm_start) => {
                let kinds: Vec<_> = ranges.iter().map(|range| (range.name, range.kind())).collect();
                search.with_priors(warm_start.priors(&Compared {
                    node: node.value,
                    name,
                    alone: shared.alone,
                    metric,
                    direction: kind,
                    fixed: &fixed,
                    tuned: &kinds,
                })?)
            }
        };
        let rule = shared.stopping.rule(&fixed)?;
        let mut fixed = fixed;
        fixed.insert(OBJECTIVE_HYPERPARAMETER.to_owned(), json!(metric));
        let definition = Self {
            name: name.map(str::to_owned),
            training: Arc::new(training),
            fixed,
            objective: metric.to_owned(),
            search,
            rule,
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

/// A range as the request has it.
struct RequestRange<'a> {
    name: &'a str,
    form: Form<'a>,
}

enum Form<'a> {
    Integer(&'a str, &'a str, Scaling),
    Continuous(&'a str, &'a str, Scaling),
    Categorical(Vec<String>),
}

impl RequestRange<'_> {
    fn kind(&self) -> &'static str {
        match self.form {
            Form::Integer(..) => "Integer",
            Form::Continuous(..) => "Continuous",
            Form::Categorical(_) => "Categorical",
        }
    }

    fn tuned(&self) -> Tuned<'_> {
        match &self.form {
            Form::Integer(min, max, _) => Tuned::Integer { min, max },
            Form::Continuous(min, max, _) => Tuned::Continuous { min, max },
            Form::Categorical(values) => Tuned::Categorical { values },
        }
    }

    fn range(&self) -> Result<Range, RangeError> {
        match &self.form {
            Form::Integer(min, max, scaling) => Range::integer(self.name, min, max, *scaling),
            Form::Continuous(min, max, scaling) => Range::continuous(self.name, min, max, *scaling),
            Form::Categorical(values) => Range::categorical(self.name, values.clone()),
        }
    }
}

fn ranges<'a>(checks: &mut Checks, node: &Node<'a>) -> Result<Vec<RequestRange<'a>>, ServiceError> {
    const SCALINGS: Text = Text::one_of(&["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]);
    if node.value.get("AutoParameters").and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
        return Err(ServiceError::validation("AutoParameters are not supported on this machine."));
    }
    let mut ranges = Vec::new();
    for (member, integer) in [("IntegerParameterRanges", true), ("ContinuousParameterRanges", false)] {
        for node in checks.list(node, member, 0, 30) {
            let name = checks.required_text(&node, "Name", Text::any(256));
            let min = checks.required_text(&node, "MinValue", Text::any(256));
            let max = checks.required_text(&node, "MaxValue", Text::any(256));
            let scaling = checks.text(&node, "ScalingType", SCALINGS);
            let scaling = scaling.and_then(Scaling::from_name).unwrap_or_default();
            if let (Some(name), Some(min), Some(max)) = (name, min, max) {
                let form = if integer { Form::Integer } else { Form::Continuous }(min, max, scaling);
                ranges.push(RequestRange { name, form });
            }
        }
    }
    for node in checks.list(node, "CategoricalParameterRanges", 0, 30) {
        let name = checks.required_text(&node, "Name", Text::any(256));
        checks.required(&node, "Values");
        let values = checks.texts(&node, "Values", 1, 30);
        if let Some(name) = name {
            ranges.push(RequestRange { name, form: Form::Categorical(values) });
        }
    }
    Ok(ranges)
}
