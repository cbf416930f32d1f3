use std::collections::BTreeMap;
use std::process::ExitCode as ProcessExitCode;

use mlpp_parameters::json::{Node, Value, to_pretty};
use mlpp_parameters::{Origin, Sources};
use mlpp_provider::read_parameters;

use crate::config::Project;
use crate::documents::Effective;
use crate::error::CommandError;
use crate::exit_code::ExitCode;
use crate::output;
use crate::store::{self, shown};

/// Show the effective parameters: what the documents say, what a release recorded, or what a launch would read
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Args {
    /// What this release recorded
    #[arg(long, value_name = "NUMBER", group = "what")]
    release: Option<u64>,
    /// What a launch would read from the store, by the drift policy
    #[arg(long, group = "what")]
    live: bool,
    /// The settings of the project, and where each came from
    #[arg(long, group = "what")]
    config: bool,
    /// Where each value was written
    #[arg(long, conflicts_with_all = ["release", "live", "config"])]
    origin: bool,
    /// Print as JSON
    #[arg(long, group = "format")]
    json: bool,
    /// Print as YAML
    #[arg(long, group = "format", conflicts_with_all = ["origin", "config"])]
    yaml: bool,
    /// Print as assignments for a shell: `MODEL_NAME='survival-model'`
    #[arg(long, group = "format", conflicts_with_all = ["origin", "config"])]
    env: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, project: &Project) -> Result<ProcessExitCode, CommandError> {
    if args.config {
        project.print_settings(args.json)?;
    } else if args.origin {
        let effective = Effective::read(project)?;
        effective.show_warnings(project);
        origins(args, &effective.documents.root, &effective.documents.sources)?;
    } else {
        print(args, &document(args, project)?)?;
    }
    Ok(ExitCode::Success.into())
}

fn document(args: &Args, project: &Project) -> Result<Node, CommandError> {
    if args.release.is_none() && !args.live {
        let effective = Effective::read(project)?;
        effective.show_warnings(project);
        return Ok(effective.documents.root);
    }
    let store = store::open(project)?;
    let policy = project.drift();
    let read = super::block_on(read_parameters(&store, &project.path, policy, args.release))?
        .map_err(|error| store::read_failed(project, error))?;
    match read.release {
        Some(_) if args.release.is_some() => {}
        Some(release) => {
            output::note(format_args!("release {release}, {} edited in place", read.drift.len()));
        }
        None => output::note("nothing was applied yet; what is in the store is read as it is"),
    }
    Ok(read.document)
}

fn print(args: &Args, document: &Node) -> Result<(), CommandError> {
    if args.json {
        return output::data(to_pretty(&document.value).trim_end());
    }
    let mut lines = Vec::new();
    if args.yaml {
        super::yaml::lines(&document.value, 0, &mut lines);
    } else if args.env {
        let mut variables = Vec::new();
        environment(&document.value, &mut Vec::new(), &mut variables);
        tell_hidden(&variables);
        let assignment = |Variable { name, text, .. }| format!("{name}='{}'", text.replace('\'', r"'\''"));
        lines.extend(variables.into_iter().map(assignment));
    } else {
        tree(&document.value, "", &mut lines);
    }
    lines.into_iter().try_for_each(output::data)
}

/// The members of an object, or the ranges of a list by their names, as branches of a tree.
fn tree(value: &Value, indent: &str, lines: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = children(value);
    let last = children.len().saturating_sub(1);
    for (index, (name, child)) in children.into_iter().enumerate() {
        let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        if is_branch(child) {
            lines.push(format!("{indent}{branch}{name}"));
            tree(child, &format!("{indent}{below}"), lines);
        } else {
            lines.push(format!("{indent}{branch}{name} = {}", leaf(child)));
        }
    }
}

fn children(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(members) => {
            members.iter().map(|member| (member.name.clone(), &member.node.value)).collect()
        }
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, element)| {
                let name = element.value.get("Name").and_then(|name| name.value.as_str());
                (name.map_or_else(|| format!("[{index}]"), str::to_owned), &element.value)
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is worth a branch: an object that is no secret, or a list of objects.
fn is_branch(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty() && mlpp_parameters::secret_member(value).is_none(),
        Value::Array(elements) => elements.iter().any(|element| matches!(element.value, Value::Object(_))),
        _ => false,
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => shown::quoted(text),
        other => other.to_string(),
    }
}

/// A leaf as a shell's variable.
struct Variable {
    name: String,
    /// The leaf's name in the store.
    parameter: String,
    text: String,
}

/// Tells which variables stand for several parameters: the last one hides the others.
fn tell_hidden(variables: &[Variable]) {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Variable { name, parameter, .. } in variables {
        by_name.entry(name).or_default().push(parameter);
    }
    for (name, parameters) in by_name.iter().filter(|(_, parameters)| parameters.len() > 1) {
        output::note(format_args!("{name} stands for {}; the last one holds", parameters.join(" and ")));
    }
}

/// Each leaf as a variable; its name in capitals, with `_` for all that a variable's name cannot have.
fn environment(value: &Value, levels: &mut Vec<String>, variables: &mut Vec<Variable>) {
    if is_branch(value) {
        for (name, child) in children(value) {
            levels.push(name);
            environment(child, levels, variables);
            levels.pop();
        }
        return;
    }
    let name: String = levels
        .join("_")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name };
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    variables.push(Variable { name, parameter: levels.join("/"), text });
}

/// A line for each leaf: its name, its value, the file with line and column.
fn origins(args: &Args, root: &Node, sources: &Sources) -> Result<(), CommandError> {
    let mut rows: Vec<(String, &Node, Option<Origin>)> = Vec::new();
    let mut levels = Vec::new();
    collect(root, &mut levels, sources, &mut rows);
    if args.json {
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(name, node, origin)| {
                let origin = origin.map(|origin| {
                    serde_json::json!({
                        "file": origin.file, "line": origin.line, "column": origin.column, "overlay": origin.overlay,
                    })
                });
                // A number stays the text that it was written as.
                serde_json::json!({"parameter": name, "value": node.value.to_string(), "origin": origin})
            })
            .collect();
        return output::json(&rows);
    }
    let mut table = output::table(["parameter", "value", "written in", ""]);
    for (name, node, origin) in rows {
        let (place, overlay) = match origin {
            Some(Origin { file, line, column, overlay }) => {
                (format!("{file}:{line}:{column}"), if overlay { "overlay" } else { "" })
            }
            None => ("mlpp.toml [secrets]".to_owned(), ""),
        };
        table.add_row([name, leaf(&node.value), place, overlay.to_owned()]);
    }
    output::data(table)
}

fn collect<'a>(
    node: &'a Node,
    levels: &mut Vec<String>,
    sources: &Sources,
    rows: &mut Vec<(String, &'a Node, Option<Origin>)>,
) {
    let named: Vec<(String, &Node)> = match &node.value {
        value if !is_branch(value) => {
            rows.push((levels.join("/"), node, sources.origin(node.span)));
            return;
        }
        Value::Object(members) => members.iter().map(|member| (member.name.clone(), &member.node)).collect(),
        Value::Array(elements) => {
            let names = children(&node.value).into_iter().map(|(name, _)| name);
            names.zip(elements).collect()
        }
        _ => return,
    };
    for (name, child) in named {
        // The name of a range is a level of the names of its parameters, and no parameter.
        if name == "Name" && levels.last().map(String::as_str) == child.value.as_str() {
            continue;
        }
        levels.push(name);
        collect(child, levels, sources, rows);
        levels.pop();
    }
}
