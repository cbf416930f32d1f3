//! What is asked for, by flags or on the terminal, and what an answer must be.

use std::io::{self, BufRead, Write};

use crate::config::setting;

/// One value, or a list of values.
#[derive(Debug)]
pub(super) struct Question {
    /// Its flag, without the hyphens in front.
    pub(super) flag: &'static str,
    /// What is asked on the terminal.
    about: &'static str,
    /// The answer when nothing is said; empty for none.
    pub(super) default: &'static str,
    /// The most values that there can be; 1 for what is no list.
    max: usize,
    /// What is wrong with a value.
    check: fn(&str) -> Result<(), String>,
}

pub(super) const ACCOUNT: Question =
    Question { flag: "account", about: "AWS account", default: "123456789012", max: 1, check: account };
pub(super) const REGION: Question =
    Question { flag: "region", about: "Region", default: "us-east-1", max: 1, check: region };
pub(super) const BUCKET: Question = Question {
    flag: "bucket",
    about: "Bucket of data and models",
    default: "ml-project",
    max: 1,
    check: bucket,
};
pub(super) const TRAINING_SG: Question = groups("training-sg", "Security groups of training");
pub(super) const TRAINING_SUBNETS: Question = subnets("training-subnets", "Subnets of training");
pub(super) const HOSTING_SG: Question = groups("hosting-sg", "Security groups of hosting");
pub(super) const HOSTING_SUBNETS: Question = subnets("hosting-subnets", "Subnets of hosting");

/// SageMaker API reference, `VpcConfig`, member `SecurityGroupIds`: 1 to 5.
const fn groups(flag: &'static str, about: &'static str) -> Question {
    Question { flag, about, default: "", max: 5, check: security_group }
}

/// SageMaker API reference, `VpcConfig`, member `Subnets`: 1 to 16.
const fn subnets(flag: &'static str, about: &'static str) -> Question {
    Question { flag, about, default: "", max: 16, check: subnet }
}

impl Question {
    /// What is wrong with an answer.
    pub(super) fn fault(&self, values: &[String]) -> Option<String> {
        if values.len() > self.max {
            return Some(format!("these are {} values; at most {} are allowed", values.len(), self.max));
        }
        if values.is_empty() && !self.default.is_empty() {
            return Some("a value is needed".to_owned());
        }
        values.iter().find_map(|value| (self.check)(value).err())
    }

    /// Asks until the answer is right; `needed` says that there must be one. `None` when the input ends.
    ///
    /// # Errors
    /// The terminal cannot be read or written.
    pub(super) fn ask(
        &self,
        needed: bool,
        input: &mut impl BufRead,
        output: &mut impl Write,
    ) -> io::Result<Option<Vec<String>>> {
        loop {
            let several = match (self.max, needed) {
                (1, _) => "",
                (_, true) => " (separated by commas)",
                (_, false) => " (separated by commas; none for no VPC)",
            };
            let default =
                if self.default.is_empty() { String::new() } else { format!(" [{}]", self.default) };
            write!(output, "{}{several}{default}: ", self.about)?;
            output.flush()?;
            let mut line = String::new();
            if input.read_line(&mut line)? == 0 {
                writeln!(output)?;
                return Ok(None);
            }
            let line = line.trim();
            let values = split(if line.is_empty() { self.default } else { line });
            let fault = match self.fault(&values) {
                None if needed && values.is_empty() => Some("a value is needed".to_owned()),
                fault => fault,
            };
            match fault {
                None => return Ok(Some(values)),
                Some(fault) => writeln!(output, "  {fault}")?,
            }
        }
    }
}

/// The values of a list with commas.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

fn account(value: &str) -> Result<(), String> {
    let valid = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    if valid { Ok(()) } else { Err(format!("\"{value}\" is no account: it has 12 digits")) }
}

/// Such as `us-east-1` and `us-gov-west-1`.
fn region(value: &str) -> Result<(), String> {
    let levels: Vec<_> = value.split('-').collect();
    let word = |level: &&str| !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_lowercase());
    let valid = levels.split_last().is_some_and(|(number, words)| {
        (1..=2).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && (2..=4).contains(&words.len())
            && words.iter().all(word)
    });
    if valid { Ok(()) } else { Err(format!("\"{value}\" is no region: one is like us-east-1")) }
}

fn bucket(value: &str) -> Result<(), String> {
    let fault = setting("manifest_s3_bucket_name").and_then(|setting| setting.fault(value));
    fault.map_or(Ok(()), |fault| Err(fault.message))
}

fn security_group(value: &str) -> Result<(), String> {
    identifier(value, "sg-")
        .map_err(|()| format!("\"{value}\" is no security group: one is like sg-0a1b2c3d"))
}

fn subnet(value: &str) -> Result<(), String> {
    identifier(value, "subnet-")
        .map_err(|()| format!("\"{value}\" is no subnet: one is like subnet-0a1b2c3d"))
}

/// SageMaker API reference, `VpcConfig`: at most 32 of `a-z A-Z 0-9 -`.
fn identifier(value: &str, prefix: &str) -> Result<(), ()> {
    let rest = value.strip_prefix(prefix).unwrap_or_default();
    let valid = !rest.is_empty()
        && value.len() <= 32
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if valid { Ok(()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(question: &Question, valid: &[&str], invalid: &[&str]) {
        for value in valid {
            assert_eq!(question.fault(&split(value)), None, "{value}");
        }
        for value in invalid {
            assert!(question.fault(&split(value)).is_some(), "{value}");
        }
    }

    #[test]
    fn an_answer_has_the_form_that_the_services_ask_for() {
        check(&ACCOUNT, &["000000000001"], &["", "12345678901", "12345678901x", "1234567890123"]);
        check(
            &REGION,
            &["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-2"],
            &["", "us-east", "US-EAST-1", "useast1", "us--1", "us-east-1a", "us-east-100"],
        );
        check(&BUCKET, &["a-b.c", "abc"], &["", "ab", "A-b", "s3://abc", "a\" | .x"]);
        check(
            &TRAINING_SG,
            &["", "sg-0a1b", "sg-a,sg-b"],
            &["sg-", "0a1b", "sg-a b", "sg-1,sg-2,sg-3,sg-4,sg-5,sg-6"],
        );
        check(
            &HOSTING_SUBNETS,
            &["", "subnet-a"],
            &["sg-1", "subnet-\"", "subnet-01234567890123456789012345"],
        );
    }

    #[test]
    fn a_question_is_asked_until_the_answer_is_right() {
        let mut shown = Vec::new();
        let mut input = "1\n\n".as_bytes();
        let answer = ACCOUNT.ask(true, &mut input, &mut shown).unwrap();
        assert_eq!(answer, Some(vec!["123456789012".to_owned()]));
        assert_eq!(
            String::from_utf8(shown).unwrap(),
            "AWS account [123456789012]:   \"1\" is no account: it has 12 digits\nAWS account [123456789012]: "
        );
        let mut input = "\nsubnet-a, subnet-b\n".as_bytes();
        let answer = TRAINING_SUBNETS.ask(true, &mut input, &mut Vec::new()).unwrap();
        assert_eq!(answer, Some(vec!["subnet-a".to_owned(), "subnet-b".to_owned()]));
        assert_eq!(REGION.ask(true, &mut "".as_bytes(), &mut Vec::new()).unwrap(), None);
    }
}
