//! The codes of findings, each with the page that explains it: those of the rules, and those that the command alone tells.

use mlpp_parameters::rules;

/// What is known of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// The code, `<area>/<what>`.
    pub(crate) code: &'static str,
    /// What is asked for, in a line.
    pub(crate) summary: &'static str,
    /// What is wrong, why it matters, what to do: in Markdown.
    pub(crate) text: &'static str,
}

impl Page {
    /// What stands before the slash.
    pub(crate) fn area(&self) -> &'static str {
        self.code.split_once('/').map_or(self.code, |(area, _)| area)
    }
}

impl From<&rules::Rule> for Page {
    fn from(rule: &rules::Rule) -> Self {
        Self { code: rule.id, summary: rule.summary, text: rule.page }
    }
}

/// The pages of the command's own codes; a code without its page does not compile.
macro_rules! pages {
    ($($code:literal $summary:literal)*) => {
        [$(Page {
            code: $code,
            summary: $summary,
            text: include_str!(concat!("../errors/", $code, ".md")),
        }),*]
    };
}

static PAGES: &[Page] = &pages! {
    "adopt/exists" "adopt overwrites no document"
    "adopt/not-kept" "a parameter that is adopted stays as it is"
    "adopt/nothing" "there is a tree to adopt"
    "adopt/recorded" "a tree that is adopted has no releases yet"
    "algorithm/not-valid" "a declaration of an algorithm can be used"
    "apply/claimed" "an apply was overtaken by another one"
    "apply/interrupted" "an apply was interrupted"
    "apply/not-confirmed" "what destroys is confirmed"
    "apply/not-ours" "parameters that nobody recorded are left alone"
    "apply/owner" "a path has one owner"
    "apply/pending" "an unfinished apply is waited for"
    "aws/credentials" "AWS takes the credentials"
    "aws/denied" "the credentials may do what is asked for"
    "aws/region" "a region of AWS is given"
    "aws/throttled" "AWS takes the calls that are made"
    "aws/unreachable" "AWS, or what stands in for it, answers"
    "backend/not-here" "a command works where the project is"
    "config/bucket" "a bucket's name is one"
    "config/choice" "a setting has one of its values"
    "config/count" "a setting that counts is a number in its range"
    "config/empty" "a setting has a value"
    "config/environment" "the environment is one of the project"
    "config/file-absent" "a file that mlpp.toml names can be read"
    "config/key" "an object's key is one"
    "config/key-prefix" "the prefix of manifests is a folder"
    "config/missing" "a table has the settings that it needs"
    "config/not-valid" "mlpp.toml is TOML"
    "config/path" "the path of the parameters is one"
    "config/pointer" "a place in the documents is a JSON pointer"
    "config/s3-uri" "a key of [data] is the S3 URI of an object"
    "config/secret" "a secret's source is one"
    "config/tag" "a tag is one"
    "config/target-absent" "the target is a state machine of this machine"
    "config/target-arn" "the target on AWS is an ARN"
    "config/target-express" "the target is a Standard state machine"
    "config/type" "a setting has a value of its type"
    "config/unknown-key" "mlpp.toml has settings that are known"
    "config/url" "a URL is one"
    "deploy/option" "an option of the stack has a name"
    "deploy/sam-absent" "the program that deploys is there"
    "deploy/sam-failed" "the program that deploys succeeds"
    "deploy/secret" "a stack can read the secrets"
    "deploy/template-absent" "the stack's template is there"
    "disk/full" "there is room on the disk"
    "drift/found" "no parameter was edited in place"
    "drift/not-valid" "an edited parameter can still be read"
    "endpoint/absent" "an endpoint is meant that is there"
    "endpoint/not-in-service" "an endpoint has a program that answers"
    "execution/absent" "an execution is meant that is there"
    "execution/ambiguous" "a name means one execution"
    "execution/journal" "an execution can be made of its journal"
    "execution/no-definition" "the definition of an execution is recorded"
    "execution/no-trials" "an execution has a tuning job"
    "execution/not-stopped" "an execution is stopped by who runs it"
    "execution/status" "an execution's status allows what is asked for"
    "execution/unreadable" "what is recorded of executions can be read"
    "explain/unknown" "a code is known"
    "init/exists" "init overwrites no file"
    "init/missing" "init is given every value"
    "init/value" "a value given to init is one"
    "launch/manifest-absent" "a manifest to launch is there"
    "logs/absent" "a job or an endpoint is there"
    "logs/ambiguous" "one thing is meant"
    "manifest/channel-absent" "a channel has data"
    "manifest/not-seen" "a manifest lies where manifests arrive"
    "package/exists" "package overwrites no file"
    "plan/not-valid" "a saved plan can be read"
    "plan/stale" "a saved plan still holds"
    "predict/file" "what is sent can be read"
    "predict/nothing" "there is something to send"
    "predict/refused" "an endpoint takes what it is sent"
    "project/absent" "the project's folder is there"
    "project/busy" "one mlpp at a time runs in a project"
    "project/file-absent" "a project has its documents"
    "promote/no-winner" "a tuning job has a best trial"
    "promote/overlay" "no overlay hides what is promoted"
    "put/file-absent" "a file to put is there"
    "put/uri" "a place to put a file is one"
    "release/absent" "the release is there"
    "release/damaged" "a release's record is whole"
    "release/no-parameter" "a parameter was in some release"
    "release/pruned" "the release is still kept"
    "release/secret-gone" "a release's secrets are still there"
    "run/interrupted" "a run was interrupted"
    "secret/pointer" "a secret of mlpp.toml has a place in the documents"
    "secret/unreadable" "a secret can be read"
    "state-machine/not-valid" "a state machine's definition can be run"
    "state-machine/substitution" "every substitution has a value"
    "states/file-absent" "a file that a command names can be read"
    "states/graph-format" "a drawing's name says a format"
    "states/no-objects" "a distributed Map has its objects"
    "states/no-result" "every task of a replayed execution has a result"
    "states/not-json" "a file of JSON holds JSON"
    "states/not-testable" "a state can be tested as it is asked"
    "states/not-valid" "a file has the form that the command reads"
    "store/busy" "another process holds the store"
    "store/corrupt" "the store can be read"
    "store/refused" "the store took what was written"
    "store/unavailable" "the store can be reached"
    "up/address" "mlpp up has an address of its own"
    "workflow/failed" "the workflow succeeds"
};

/// Every page, sorted by code.
pub(crate) fn all() -> Vec<Page> {
    let mut pages: Vec<_> = rules::all().iter().map(Page::from).chain(PAGES.iter().copied()).collect();
    pages.sort_unstable_by_key(|page| page.code);
    pages
}

/// The page of a code.
pub(crate) fn find(code: &str) -> Option<Page> {
    let own = PAGES.binary_search_by(|page| page.code.cmp(code)).ok().map(|index| PAGES[index]);
    own.or_else(|| rules::explain(code).map(Page::from))
}

/// The codes that `code` was perhaps meant as, the nearest first: at most three.
pub(crate) fn similar(code: &str) -> Vec<&'static str> {
    const NEAR: f64 = 0.7;
    let likeness = |known: &'static str| {
        let end = known.split_once('/').map_or(known, |(_, end)| end);
        strsim::jaro_winkler(known, code).max(strsim::jaro_winkler(end, code))
    };
    let own = PAGES.iter().map(|page| page.code).filter(|known| likeness(known) > NEAR);
    let mut near: Vec<_> = rules::similar(code).into_iter().chain(own).collect();
    near.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    near.truncate(3);
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_by_its_code_and_has_its_parts() {
        assert!(PAGES.is_sorted_by(|a, b| a.code < b.code));
        for page in PAGES {
            assert_eq!(find(page.code), Some(*page));
            assert!(page.text.starts_with(&format!("# {}\n\n", page.code)), "{}", page.code);
            assert!(page.text.contains("\n## What to do\n\n"), "{}", page.code);
            assert_eq!(rules::explain(page.code), None, "{} is a rule's", page.code);
        }
        assert_eq!(find("value/bounds").map(|page| page.area()), Some("value"));
        assert_eq!(find("store/buzy"), None);
    }

    #[test]
    fn a_misspelt_code_leads_to_those_that_were_perhaps_meant() {
        assert_eq!(similar("store/buzy")[0], "store/busy");
        assert_eq!(similar("hyperband")[0], "tuning/hyperband");
        assert!(similar("qqq").is_empty());
    }
}
