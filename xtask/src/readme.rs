//! The commands of the README, read from it so that what is promised and what is checked cannot diverge.

use crate::error::Error;

/// The commands in the code blocks of the section whose heading begins with `Test`, in order, as words.
///
/// They are run without a shell, so one that needs a shell is refused.
pub(crate) fn test_commands(readme: &str) -> Result<Vec<Vec<String>>, Error> {
    let mut in_section = false;
    let mut in_block = false;
    let mut commands = Vec::new();
    for line in readme.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block && line.starts_with('#') {
            in_section = line.trim_start_matches('#').trim_start().starts_with("Test");
        } else if in_section && in_block && !line.trim().is_empty() {
            if line.contains(['|', '&', ';', '<', '>', '$', '`', '\\', '"', '\'', '*', '#', '=']) {
                return Err(Error::Readme("a command of its section on tests needs a shell"));
            }
            commands.push(line.split_whitespace().map(str::to_owned).collect());
        }
    }
    if commands.is_empty() {
        return Err(Error::Readme("it has no section that begins with `Test` and holds a code block"));
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::test_commands;

    #[test]
    fn the_commands_of_the_section_on_tests_are_found() {
        let readme = "# name\n\n```sh\ncargo run\n```\n\n## Tests\n\nEvery test:\n\n```sh\ncargo xtask test\n```\n\n\
            ## Licence\n\n```sh\n# Testing nothing\nrm\n```\n";
        assert_eq!(test_commands(readme).unwrap(), [["cargo", "xtask", "test"]]);
    }

    #[test]
    fn a_readme_without_them_is_an_error() {
        for readme in ["", "## Tests\n\nNone.\n", "```sh\n## Tests\ncargo xtask test\n```\n"] {
            assert!(test_commands(readme).unwrap_err().to_string().contains("no section"), "{readme}");
        }
    }

    #[test]
    fn a_command_that_needs_a_shell_is_refused() {
        let error = test_commands("## Testing\n```\ncargo test && echo done\n```\n").unwrap_err();
        assert!(error.to_string().contains("needs a shell"));
    }
}
