//! The rules by their ids, each with the page that explains it.

use crate::Severity;

/// A rule that documents or manifests must hold to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable id, `<area>/<what>`.
    pub id: &'static str,
    /// How much a finding weighs.
    pub severity: Severity,
    /// What the rule asks for, in a line.
    pub summary: &'static str,
    /// What is wrong, why it matters, a wrong and a right example, how to mend it: in Markdown.
    pub page: &'static str,
}

/// The rules, by area; a rule without its page does not compile.
macro_rules! rules {
    ($($severity:ident $id:literal $summary:literal)*) => {
        [$(Rule {
            id: $id,
            severity: Severity::$severity,
            summary: $summary,
            page: include_str!(concat!("../../rules/", $id, ".md")),
        }),*]
    };
}

static RULES: &[Rule] = &rules! {
    Error "document/collision" "a value is given by one document alone"
    Error "document/duplicate-key" "a name stands once in an object"
    Error "document/input-too-large" "the documents fit an execution's input"
    Error "document/not-json" "a document is JSON"
    Error "document/not-utf8" "a document is in UTF-8"
    Error "document/reserved-name" "no key has a name that the launch adds"
    Error "document/shape" "a document is an object"
    Error "hyperparameter/count" "at most 100 hyperparameters, static and tuned together"
    Error "hyperparameter/static-and-tuned" "a hyperparameter is either static or tuned"
    Warning "key/near-miss" "an unknown key is not a misspelt known one"
    Error "key/unknown-member" "an object that a service takes has that service's members"
    Error "manifest/augmented" "no channel is an augmented manifest file"
    Error "manifest/channel-name" "a channel has a name that a training job takes"
    Error "manifest/channels" "a manifest names 1 to 20 channels"
    Error "manifest/duplicate-channel" "a channel's name stands once"
    Error "manifest/override-not-allowed" "a manifest overrides what the project allows"
    Error "manifest/override-secret" "a manifest gives no secret"
    Error "manifest/parameters" "what a manifest overrides is an object"
    Error "manifest/release" "a manifest pins a release by its number"
    Error "manifest/s3-data-type" "a channel is objects under a prefix or of a list"
    Error "manifest/s3-uri" "a channel's data has an S3 URI"
    Error "manifest/unknown-key" "a manifest has members that are known"
    Error "name/level" "a key can be part of a parameter's name"
    Error "name/path" "a parameter's name is neither too deep nor too long"
    Error "name/releases" "no key ends as the names of release records do"
    Error "name/too-long-once-stamped" "a name leaves room for the launch's stamp"
    Error "network/vpc" "security groups and subnets are given together"
    Error "range/bounds" "MinValue is less than MaxValue"
    Error "range/count" "at most 30 hyperparameters are tuned"
    Error "range/duplicate" "a hyperparameter has one range"
    Error "range/duplicate-value" "a categorical range has each value once"
    Error "range/kind" "ranges are integer, continuous or categorical"
    Error "range/scaling" "the bounds lie where the scaling type can search"
    Error "range/shape" "ranges are a list of objects with a Name"
    Error "scaling/capacity" "least capacity ≤ instances at the start ≤ greatest capacity"
    Error "schema/not-valid" "a schema of the project is a JSON Schema that stands alone"
    Error "schema/violation" "the documents are valid against the project's own schemas"
    Error "secret/in-list" "a secret is the value of a key, not a part of a list"
    Error "secret/shape" "a secret is an object with $secret alone"
    Error "secret/source" "a secret names where its value is read"
    Error "secret/verbatim" "no secret stands where a service takes the value as it is"
    Warning "spot/checkpoint-unused" "checkpoints of spot training go with spot training"
    Error "target/required" "what the target workflow reads is there"
    Error "target/type" "the target workflow can use what it reads"
    Error "tuning/grid" "the Grid strategy has categorical ranges alone"
    Error "tuning/hyperband" "the Hyperband strategy goes without early stopping"
    Error "tuning/parallel-over-total" "no more training jobs at once than in all"
    Warning "tuning/quota" "the jobs fit the account's default quotas"
    Warning "value/advanced-tier" "a value fits the standard tier"
    Error "value/boolean" "a switch is true or false"
    Error "value/bounds" "a number lies within what the service takes"
    Error "value/count" "a list is as long as the service takes"
    Error "value/elastic-inference" "no endpoint asks for Elastic Inference"
    Error "value/enum" "a value is one of those that the service knows"
    Error "value/foreign-bucket" "an S3 URI lies in a bucket that the stack's roles may use"
    Error "value/integer" "an integer is written as digits"
    Error "value/length" "a text is as long as the service takes"
    Warning "value/looks-like-placeholder" "a free text has nothing that looks like a placeholder"
    Warning "value/new-instance-type" "an instance type is of a family that is known"
    Error "value/number" "a number is finite and written as JSON does"
    Error "value/pattern" "a text has the form that the service asks for"
    Error "value/placeholder" "no placeholder is left in"
    Error "value/required" "what a service requires is there"
    Error "value/s3-uri" "an S3 URI names a bucket"
    Error "value/size" "a value fits a parameter"
    Error "value/type" "a known key has a value of its type"
};

/// Every rule, sorted by id.
pub fn all() -> &'static [Rule] {
    RULES
}

/// The rule with the id `id`.
pub fn explain(id: &str) -> Option<&'static Rule> {
    RULES.binary_search_by(|rule| rule.id.cmp(id)).ok().map(|index| &RULES[index])
}

/// The ids that `id` was perhaps meant as, the nearest first: at most three, and those that end like it count as near.
pub fn similar(id: &str) -> Vec<&'static str> {
    const NEAR: f64 = 0.7;
    let end = |id: &'static str| id.split_once('/').map_or(id, |(_, end)| end);
    let likeness =
        |rule: &'static str| strsim::jaro_winkler(rule, id).max(strsim::jaro_winkler(end(rule), id));
    let mut near: Vec<_> = RULES.iter().map(|rule| (likeness(rule.id), rule.id)).collect();
    near.retain(|(likeness, _)| *likeness > NEAR);
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_by_its_id() {
        assert!(all().is_sorted_by(|a, b| a.id < b.id));
        for rule in all() {
            assert_eq!(explain(rule.id), Some(rule));
            assert!(rule.page.starts_with(&format!("# {}\n", rule.id)), "{}", rule.id);
        }
        assert_eq!(explain("range/bound"), None);
    }

    #[test]
    fn a_misspelt_id_leads_to_those_that_were_perhaps_meant() {
        assert_eq!(similar("range/bound")[0], "range/bounds");
        assert_eq!(similar("hyperband")[0], "tuning/hyperband");
        assert!(similar("xyz").is_empty());
    }
}
