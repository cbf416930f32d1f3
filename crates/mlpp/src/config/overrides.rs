use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Command};

use super::registry::{SETTINGS, Setting};

/// The variable that names the project's folder.
const PROJECT: &str = "MLPP_PROJECT";

/// The settings that flags and environment variables give.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    flags: BTreeMap<&'static str, String>,
    variables: BTreeMap<&'static str, String>,
    misspelt: Vec<(String, &'static str)>,
}

/// Where a setting that overrides the file came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overrider {
    Flag,
    Variable,
}

impl Overrides {
    /// The value of a setting, and where it came from: a flag before a variable.
    pub(super) fn get(&self, setting: &Setting) -> Option<(&str, Overrider)> {
        let flag = self.flags.get(setting.name).map(|value| (value.as_str(), Overrider::Flag));
        flag.or_else(|| Some((self.variables.get(setting.name)?.as_str(), Overrider::Variable)))
    }

    /// The same with what the variables of the environment give, of all that there are.
    #[must_use]
    pub(crate) fn with_variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in variables {
            match SETTINGS.iter().find(|setting| setting.variable == name) {
                Some(setting) => {
                    self.variables.insert(setting.name, value);
                }
                None => self.misspelt.extend(meant(&name).map(|meant| (name.clone(), meant))),
            }
        }
        self
    }

    /// Variables that are none of ours, and the ones that were perhaps meant.
    pub(crate) fn misspelt(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.misspelt.iter().map(|(name, meant)| (name.as_str(), *meant))
    }
}

/// The variable that `name` was perhaps meant as.
fn meant(name: &str) -> Option<&'static str> {
    const NEAR: f64 = 0.93;
    if !name.starts_with("MLPP_") || name == PROJECT {
        return None;
    }
    let near =
        SETTINGS.iter().map(|setting| (strsim::jaro_winkler(setting.variable, name), setting.variable));
    near.filter(|(likeness, _)| *likeness > NEAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, meant)| meant)
}

impl clap::FromArgMatches for Overrides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut overrides = Self::default();
        overrides.update_from_arg_matches(matches)?;
        Ok(overrides)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in SETTINGS {
            if let Some(value) = matches.get_one::<String>(setting.name) {
                self.flags.insert(setting.name, value.clone());
            }
        }
        Ok(())
    }
}

impl clap::Args for Overrides {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().fold(command, |command, setting| {
            let arg = Arg::new(setting.name)
                .long(setting.flag)
                .global(true)
                .value_name("VALUE")
                .help(setting.about)
                .long_help(format!("{}\n\nVariable: {}", setting.about, setting.variable))
                .help_heading("Settings (of mlpp.toml, for this call)")
                .hide_short_help(true);
            command.arg(match setting.name {
                "environment" => arg.short('e').hide_short_help(false),
                "backend" => arg.hide_short_help(false),
                _ => arg,
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
