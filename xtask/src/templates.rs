//! `cargo xtask templates`: what the templates below `deploy/` must be, and the page of their permissions.
//!
//! `cfn-lint` and `sam validate` say whether they are templates; what they cannot know is checked here: that permissions
//! are no wider than `xtask/templates.toml` gives reasons for, that roles have what their state machines ask for, names
//! that let the stack be deployed twice, logs that end, and patterns that take what is right and refuse what is wrong.

mod document;
mod page;
mod patterns;
mod permissions;
mod resources;
mod tasks;

use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Args;
use serde::Deserialize;

use crate::error::{Error, count};
use crate::peers::{self, TEMPLATES};
use crate::process;
use crate::templates::document::Template;
use crate::workspace::{Workspace, is_ci};

/// The reasons and samples, relative to the root.
const TABLE: &str = "xtask/templates.toml";

/// Where the templates lie, relative to the root.
const FOLDERS: [&str; 2] = ["deploy", "deploy/workflows"];

/// The page that is generated from them.
const PAGE: &str = "docs/permissions.md";

/// The page on which every option is told.
const GUIDE: &str = "docs/aws.md";

/// Check the templates of the stack: cfn-lint, sam validate, permissions, names, patterns
///
/// Installs cfn-lint and the SAM command line (xtask/templates-peers.txt) from the Python Package Index into a private environment in
/// Cargo's target directory. Where that cannot be, what needs them is left out, and said; with CI=true in the environment it is an
/// error.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Write docs/permissions.md instead of comparing it
    #[arg(long)]
    write: bool,
}

/// What the checks go by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Actions that the services give on everything or not at all.
    pub(super) anywhere: Vec<Anywhere>,
    /// Resources with a wildcard that stands for more than what lies in one named thing.
    pub(super) wildcard: Vec<Wildcard>,
    /// Values that an option's pattern takes, and such that it refuses.
    pub(super) pattern: Vec<patterns::Samples>,
}

/// An action whose resource may be `*`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Anywhere {
    pub(super) action: String,
    pub(super) why: String,
}

/// A resource with a wildcard.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wildcard {
    /// It begins with this, which ends in the wildcard.
    pub(super) resource: String,
    pub(super) why: String,
}

/// Something that a template must not be: where, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) place: String,
    pub(super) what: String,
}

impl Violation {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// Checks the templates, or writes the page, and prints every violation.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<(), Error> {
    let table: Table = workspace.table(TABLE)?;
    let templates = templates(workspace)?;
    let mut violations = permissions::check(&templates, &table);
    for template in &templates {
        violations.extend(resources::check(template));
        violations.extend(tasks::check(template, &workspace.root)?);
    }

    let page = page::page(&templates);
    let path = workspace.root.join(PAGE);
    if arguments.write {
        fs::write(&path, page).map_err(Error::file("write", path))?;
    } else if read(&path)? != page {
        violations.push(Violation::new(
            PAGE,
            "it is not what the templates give: run `cargo xtask templates --write`",
        ));
    }
    violations.extend(resources::untold(&templates, &read(&workspace.root.join(GUIDE))?));

    let linted = lint(workspace, &templates, &table, &mut violations)?;
    for Violation { place, what } in &violations {
        eprintln!("{place}: {what}");
    }
    if violations.is_empty() {
        let with = if linted { "with" } else { "without" };
        println!(
            "templates: {} as they should be, {with} cfn-lint and sam",
            count(templates.len(), "template")
        );
        Ok(())
    } else {
        Err(Error::Violations { chore: "templates", findings: violations.len() })
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::file("read", path))
}

/// The templates, in the order of their names.
fn templates(workspace: &Workspace) -> Result<Vec<Template>, Error> {
    let mut names = Vec::new();
    for folder in FOLDERS {
        let path = workspace.root.join(folder);
        for entry in fs::read_dir(&path).map_err(Error::file("read", &path))? {
            let file = entry.map_err(Error::file("read", &path))?.path();
            if file.extension().is_some_and(|extension| extension == "yaml")
                && let Some(name) = file.file_name().and_then(|name| name.to_str())
            {
                names.push(format!("{folder}/{name}"));
            }
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let path = workspace.root.join(&name);
            Template::parse(&name, &read(&path)?)
                .map_err(|source| Error::Template { path, source: Box::new(source) })
        })
        .collect()
}

/// Lets the programs check that nobody here wrote. Whether they are there is the answer; what they find they print.
fn lint(
    workspace: &Workspace,
    templates: &[Template],
    table: &Table,
    violations: &mut Vec<Violation>,
) -> Result<bool, Error> {
    let tools = peers::prepare(workspace, &TEMPLATES)?;
    let Some(python) = tools.python else {
        let missing: Vec<_> = tools.missing.iter().map(ToString::to_string).collect();
        if is_ci() {
            return Err(Error::PeersMissing(missing));
        }
        for part in missing {
            eprintln!("templates: {part}");
        }
        return Ok(false);
    };
    violations.extend(patterns::check(&python, templates, table)?);
    for template in templates {
        let mut sam = Command::new(python.with_file_name("sam"));
        sam.args(["validate", "--lint", "--template"]).arg(workspace.root.join(&template.name));
        let mut cfn_lint = Command::new(python.with_file_name("cfn-lint"));
        cfn_lint.arg(workspace.root.join(&template.name));
        for command in [&mut cfn_lint, &mut sam] {
            // Neither a region nor credentials are asked for a check that calls nobody.
            command.env("AWS_DEFAULT_REGION", "us-east-1").env("SAM_CLI_TELEMETRY", "0");
            match process::run(command) {
                Err(Error::Failed { command, .. }) => {
                    violations.push(Violation::new(&template.name, format!("`{command}` refuses it")));
                }
                other => other?,
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
pub(super) mod samples {
    use super::{Table, Template};

    /// A template of these resources.
    pub(in crate::templates) fn template(resources: &str) -> Template {
        Template::parse("deploy/sample.yaml", &format!("Resources:\n{resources}")).unwrap()
    }

    /// A role with these statements, given as YAML in flow style.
    pub(in crate::templates) fn role(statements: &[&str]) -> Template {
        let list: Vec<_> = statements.iter().map(|one| format!("            - {one}")).collect();
        let list = list.join("\n");
        template(&format!(
            "  R:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        \
             Statement: [{{Effect: Allow, Action: 'sts:AssumeRole', Principal: {{Service: lambda.amazonaws.com}}}}]\n      Policies:\n        \
             - PolicyName: p\n          PolicyDocument:\n            Version: '2012-10-17'\n            Statement:\n{list}"
        ))
    }

    pub(in crate::templates) fn table(text: &str) -> Table {
        toml::from_str(text).unwrap()
    }
}
