use std::io::{self, IsTerminal as _};

use super::Args;
use super::question::{
    ACCOUNT, BUCKET, HOSTING_SG, HOSTING_SUBNETS, Question, REGION, TRAINING_SG, TRAINING_SUBNETS, split,
};
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// What a project is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) bucket: String,
    pub(super) training: Network,
    pub(super) hosting: Network,
}

/// The network of a job or a model; empty for none of one's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) security_groups: Vec<String>,
    pub(super) subnets: Vec<String>,
}

impl Values {
    /// Takes what the flags give, and asks for the rest or takes the defaults.
    ///
    /// # Errors
    /// `init/value` for every flag that is wrong; `init/missing` when nobody can be asked.
    pub(super) fn of(args: &Args) -> Result<Self, CommandError> {
        let scalar = |value: &Option<String>| value.clone().map(|value| vec![value]);
        let list = |values: &Option<Vec<String>>| {
            values.as_ref().map(|values| values.iter().flat_map(|value| split(value)).collect())
        };
        let mut answers = Answers::new(args.yes);
        let account = (ACCOUNT, scalar(&args.account));
        let region = (REGION, scalar(&args.region));
        let bucket = (BUCKET, scalar(&args.bucket));
        let training =
            [(TRAINING_SG, list(&args.training_sg)), (TRAINING_SUBNETS, list(&args.training_subnets))];
        let hosting = [(HOSTING_SG, list(&args.hosting_sg)), (HOSTING_SUBNETS, list(&args.hosting_subnets))];
        for (question, given) in [&account, &region, &bucket].into_iter().chain(&training).chain(&hosting) {
            answers.check(question, given.as_ref());
        }
        answers.check_network(&training);
        answers.check_network(&hosting);
        answers.end()?;
        let (account, region, bucket) =
            (answers.scalar(account)?, answers.scalar(region)?, answers.scalar(bucket)?);
        let (training, hosting) = (answers.network(training)?, answers.network(hosting)?);
        answers.end()?;
        Ok(Self { account, region, bucket, training, hosting })
    }
}

type Given = (Question, Option<Vec<String>>);

/// Collects answers, and what is wrong with them.
struct Answers {
    /// Defaults are taken without asking.
    yes: bool,
    terminal: bool,
    wrong: Vec<Plain>,
    missing: Vec<String>,
}

impl Answers {
    fn new(yes: bool) -> Self {
        Self { yes, terminal: io::stdin().is_terminal(), wrong: Vec::new(), missing: Vec::new() }
    }

    /// Everything that is wrong, if anything is.
    fn end(&mut self) -> Result<(), CommandError> {
        if !self.missing.is_empty() {
            self.wrong.push(Plain {
                code: "init/missing",
                message: format!("nobody is there to ask for {}", self.missing.join(", ")),
                help: "give these flags, or --yes to take the defaults".to_owned(),
            });
        }
        let mut wrong = std::mem::take(&mut self.wrong).into_iter();
        match wrong.next() {
            None => Ok(()),
            Some(first) => Err(CommandError::one(ExitCode::InvalidInput, first).and(wrong)),
        }
    }

    fn wrong(&mut self, flag: &str, message: &str, help: &str) {
        let message = format!("--{flag}: {message}");
        self.wrong.push(Plain { code: "init/value", message, help: help.to_owned() });
    }

    fn check(&mut self, question: &Question, given: Option<&Vec<String>>) {
        if let Some(fault) = given.and_then(|values| question.fault(values)) {
            self.wrong(question.flag, &fault, "nothing was written; give another value");
        }
    }

    /// `VpcConfig` requires both, security groups and subnets.
    fn check_network(&mut self, [groups, subnets]: &[Given; 2]) {
        let is_given = |given: &Given| given.1.as_ref().is_some_and(|values| !values.is_empty());
        // What is not given can be asked for, unless the defaults are taken.
        let is_none = |given: &Given| match &given.1 {
            Some(values) => values.is_empty(),
            None => self.yes || !self.terminal,
        };
        for (one, other) in [(groups, subnets), (subnets, groups)] {
            if is_given(one) && is_none(other) {
                let message = format!("it is given without --{}", other.0.flag);
                self.wrong(one.0.flag, &message, "give both, or neither to run outside a VPC");
                return;
            }
        }
    }

    fn scalar(&mut self, given: Given) -> Result<String, CommandError> {
        Ok(self.answer(given, true)?.into_iter().next().unwrap_or_default())
    }

    fn network(&mut self, [groups, subnets]: [Given; 2]) -> Result<Network, CommandError> {
        let needed = subnets.1.as_ref().is_some_and(|values| !values.is_empty());
        let security_groups = self.answer(groups, needed)?;
        // Without a security group there is no VPC to ask about.
        let given = if security_groups.is_empty() { subnets.1.or(Some(Vec::new())) } else { subnets.1 };
        let needed = !security_groups.is_empty();
        let subnets = self.answer((subnets.0, given), needed)?;
        Ok(Network { security_groups, subnets })
    }

    /// What was given, the default, or what is answered on the terminal.
    fn answer(&mut self, (question, given): Given, needed: bool) -> Result<Vec<String>, CommandError> {
        if let Some(values) = given {
            return Ok(values);
        }
        if self.yes {
            return Ok(split(question.default));
        }
        if self.terminal {
            let answer = question.ask(needed, &mut io::stdin().lock(), &mut io::stderr());
            let answer = answer.map_err(|error| CommandError::failed("ask on the terminal", error))?;
            if let Some(values) = answer {
                return Ok(values);
            }
            // The input has ended: nothing else can be asked.
            self.terminal = false;
        }
        if needed {
            self.missing.push(format!("--{}", question.flag));
        }
        Ok(Vec::new())
    }
}
