use std::path::{Path, PathBuf};
use std::process::ExitCode as ProcessExitCode;

use clap::ValueEnum;
use mlpp_states::{DefinitionLimits, WorkflowType};

use super::definition::Definition;
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;
use crate::file_set::replace;
use crate::{graph, output};

/// Draw a definition as a graph
///
/// It shows the states, what leads from one to another and why, and what is inside Map and Parallel states. The drawing has a
/// background of its own and follows a reader's light or dark mode; the same definition gives the same bytes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Definition; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// File to write, replaced as a whole; without it, or with -, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Format; without it what the output's name ends with says it (.svg, .dot, .gv, .mmd, .mermaid), else svg
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An image
    Svg,
    /// For Graphviz
    Dot,
    /// A Mermaid flowchart, for Markdown
    Mermaid,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<ProcessExitCode, CommandError> {
    let file = args.output.as_deref().filter(|file| *file != Path::new("-"));
    let format = match (args.format, file) {
        (Some(format), _) => format,
        (None, Some(file)) => format_of(file)?,
        (None, None) => Format::Svg,
    };
    let definition = Definition::read(&args.file)?;
    // Standard has all that Express has.
    let machine = definition.compile(WorkflowType::Standard, DefinitionLimits::lifted())?;
    let outline = machine.outline();
    let title = title(&args.file);
    let text = match format {
        Format::Svg => graph::svg(&outline, &title),
        Format::Dot => graph::dot(&outline, &title),
        Format::Mermaid => graph::mermaid(&outline),
    };
    match file {
        Some(file) => replace(file, &text)
            .map_err(|error| CommandError::failed(&format!("write {}", file.display()), error))?,
        None => output::data(text.trim_end())?,
    }
    Ok(ExitCode::Success.into())
}

/// The format that a file's name says.
///
/// # Errors
/// `states/graph-format`: it ends with something else.
fn format_of(file: &Path) -> Result<Format, CommandError> {
    let Some(extension) = file.extension() else { return Ok(Format::Svg) };
    match extension.to_string_lossy().to_lowercase().as_str() {
        "svg" => Ok(Format::Svg),
        "dot" | "gv" => Ok(Format::Dot),
        "mmd" | "mermaid" => Ok(Format::Mermaid),
        other => {
            let message = format!("{} does not say a format: .{other} is none", file.display());
            let help =
                "end the name with .svg, .dot, .gv, .mmd or .mermaid, or say --format svg, dot or mermaid";
            let plain = Plain { code: "states/graph-format", message, help: help.to_owned() };
            Err(CommandError::one(ExitCode::InvalidInput, plain))
        }
    }
}

/// What the drawing is called: the file's name without its folder, so that it does not depend on who draws it.
fn title(file: &Path) -> String {
    match file.file_name() {
        Some(name) if file != Path::new("-") => {
            let name = name.to_string_lossy();
            name.strip_suffix(".json")
                .map_or(&*name, |name| name.strip_suffix(".asl").unwrap_or(name))
                .to_owned()
        }
        _ => "State machine".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_the_bare_name() {
        for (file, expected) in [
            ("workflows/model-tuning.asl.json", "model-tuning"),
            ("a.json", "a"),
            ("machine", "machine"),
            ("-", "State machine"),
        ] {
            assert_eq!(title(Path::new(file)), expected);
        }
    }
}
