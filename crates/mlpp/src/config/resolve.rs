//! One value for each setting: a flag before a variable, a variable before the table of the environment, that before the
//! rest of the file, and that before the default.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use mlpp_parameters::{Diagnostic, DriftPolicy, Overridable, Severity, Sources, StorePath};
use toml::Spanned;

use super::file::{self, Environment, File, Pairs};
use super::overrides::{Overrider, Overrides};
use super::reader::{Reader, place};
use super::registry::{SETTINGS, Setting, setting};
use super::{Backend, Config, Project};
use crate::error::{CommandError, Plain};
use crate::exit_code::ExitCode;

/// Where the value of a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// `mlpp.toml`.
    File {
        /// Where in the file.
        span: Range<usize>,
        /// Its line, from 1.
        line: usize,
        /// Its column, from 1.
        column: usize,
        /// The environment whose table it is in.
        environment: Option<String>,
    },
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Variable(variable) => f.write_str(variable),
            Self::File { line, column, environment: None, .. } => write!(f, "mlpp.toml:{line}:{column}"),
            Self::File { line, column, environment: Some(name), .. } => {
                write!(f, "mlpp.toml:{line}:{column} [environments.{name}]")
            }
            Self::Default => f.write_str("default"),
        }
    }
}

/// Reads the file and lays flags and variables over it.
pub(super) fn resolve(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    overrides: &Overrides,
) -> Result<Project, CommandError> {
    let mut sources = Sources::default();
    let source = match sources.add_bytes(name, bytes) {
        Ok(source) => source,
        Err(findings) => return Err(CommandError::invalid(&findings, &sources)),
    };
    let text = sources.get(source).map_or_else(String::new, |source| source.text.to_string());
    let mut reader = Reader { source, findings: Vec::new(), hidden: Vec::new() };
    let file = file::read(&mut reader, &text);
    reader.hidden.iter().for_each(|span| sources.mask(*span));
    let layers = Layers { overrides, file: &file, sources: &sources, source };
    let environment = layers.environment(&mut reader)?;
    let table = file.environments.get(&environment);
    let mut origins = BTreeMap::new();
    let mut faults = Vec::new();
    for known in SETTINGS {
        let (value, origin) = layers.value(known, &environment, table);
        if matches!(origin, Origin::Flag(_) | Origin::Variable(_))
            && let Some(fault) = known.fault(&value)
        {
            let message = format!("{origin}: {}", fault.message);
            faults.push(Plain { code: fault.code, message, help: fault.help.to_owned() });
        }
        origins.insert(known.name, (value, origin));
    }
    for covered in covered(&origins) {
        let help = "keep the documents elsewhere, or choose another prefix";
        match &origins["manifest_s3_bucket_key_prefix"].1 {
            Origin::File { span, .. } => reader.error("config/key-prefix", span.clone(), covered, help),
            _ => faults.push(Plain { code: "config/key-prefix", message: covered, help: help.to_owned() }),
        }
    }
    let overridable = overridable(&mut reader, &file);
    let errors = reader.findings.iter().any(|finding| finding.severity == Severity::Error);
    if errors || !faults.is_empty() {
        return Err(CommandError::invalid(&reader.findings, &sources).and(faults));
    }
    let warnings: Vec<Diagnostic> = reader.findings;
    let path = origins["parameter_store_path"].0.parse::<StorePath>();
    let path = path.map_err(|error| CommandError::failed("read parameter_store_path", error))?;
    let config = config(file, &environment, overridable.unwrap_or_default(), origins);
    Ok(Project { folder: folder.to_owned(), config, path, warnings, sources, aws: OnceLock::new() })
}

/// The documents that would be taken for manifests when they are uploaded: their keys begin as those of manifests do.
fn covered(origins: &BTreeMap<&'static str, (String, Origin)>) -> Vec<String> {
    let text = |name: &str| origins.get(name).map_or("", |(value, _)| value.as_str());
    let (bucket, prefix) = (text("manifest_s3_bucket_name"), text("manifest_s3_bucket_key_prefix"));
    let documents = [
        ("parameters_s3_bucket_name", "parameters_s3_key"),
        ("hyperparameters_s3_bucket_name", "hyperparameters_s3_key"),
    ];
    let lies_there = |(its_bucket, key): &(&str, &str)| {
        !prefix.is_empty() && text(its_bucket) == bucket && text(key).starts_with(prefix)
    };
    documents
        .into_iter()
        .filter(lies_there)
        .map(|(_, key)| {
            format!("{key} \"{}\" begins with the prefix of manifests, in the same bucket", text(key))
        })
        .collect()
}

struct Layers<'a> {
    overrides: &'a Overrides,
    file: &'a File,
    sources: &'a Sources,
    source: u16,
}

impl Layers<'_> {
    /// The environment that is chosen. One that is named must have a table, where there are tables.
    fn environment(&self, reader: &mut Reader) -> Result<String, CommandError> {
        let Some(known) = setting("environment") else { return Ok(String::new()) };
        let (name, origin) = self.value(known, "", None);
        let tables = &self.file.environments;
        if tables.is_empty() || tables.contains_key(&name) || origin == Origin::Default {
            return Ok(name);
        }
        let listed: Vec<_> = tables.keys().map(String::as_str).collect();
        let near = listed
            .iter()
            .map(|known| (strsim::jaro_winkler(known, &name), *known))
            .filter(|(likeness, _)| *likeness > 0.7)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let message = format!("there is no [environments.{name}] in mlpp.toml");
        let meant = near.map_or(String::new(), |(_, meant)| format!("did you mean {meant}? "));
        let help = format!("{meant}there are {}", listed.join(", "));
        if let Origin::File { span, .. } = origin {
            // The default's name needs no table.
            if name != known.default {
                reader.error("config/environment", span, message, help);
            }
            return Ok(name);
        }
        let plain = Plain { code: "config/environment", message: format!("{message} ({origin})"), help };
        Err(CommandError::one(ExitCode::InvalidInput, plain))
    }

    fn value(&self, known: &Setting, environment: &str, table: Option<&Environment>) -> (String, Origin) {
        if let Some((value, overrider)) = self.overrides.get(known) {
            let origin = match overrider {
                Overrider::Flag => Origin::Flag(known.flag),
                Overrider::Variable => Origin::Variable(known.variable),
            };
            return (value.to_owned(), origin);
        }
        if let Some(value) = table.and_then(|table| table.values.get(known.name)) {
            return (value.get_ref().clone(), self.in_file(value, Some(environment.to_owned())));
        }
        if let Some(value) = self.file.values.get(known.name) {
            return (value.get_ref().clone(), self.in_file(value, None));
        }
        (known.default.to_owned(), Origin::Default)
    }

    fn in_file(&self, value: &Spanned<String>, environment: Option<String>) -> Origin {
        let (line, column) = place(self.sources, self.source, &value.span());
        Origin::File { span: value.span(), line, column, environment }
    }
}

fn overridable(reader: &mut Reader, file: &File) -> Option<Overridable> {
    let pointers = file.overridable.as_ref()?;
    let mut valid = Vec::new();
    for pointer in pointers {
        match Overridable::new([pointer.get_ref().clone()]) {
            Ok(_) => valid.push(pointer.get_ref().clone()),
            Err(error) => {
                let help = "write a JSON pointer such as \"/staticHyperParameters\"";
                reader.error("config/pointer", pointer.span(), error.to_string(), help);
            }
        }
    }
    Overridable::new(valid).ok()
}

/// Later pairs win over earlier ones of the same key.
fn joined(first: Pairs, second: Pairs) -> Pairs {
    let given: Vec<_> = second.iter().map(|(key, _)| key.get_ref().clone()).collect();
    first.into_iter().filter(|(key, _)| !given.contains(key.get_ref())).chain(second).collect()
}

fn config(
    mut file: File,
    environment: &str,
    overridable: Overridable,
    origins: BTreeMap<&'static str, (String, Origin)>,
) -> Config {
    let table = file.environments.remove(environment).unwrap_or_default();
    let text = |name: &str| origins.get(name).map_or_else(String::new, |(value, _)| value.clone());
    let given = |name: &str| Some(text(name)).filter(|text| !text.is_empty());
    let spanned = |name: &str| {
        let span = match origins.get(name) {
            Some((_, Origin::File { span, .. })) => span.clone(),
            _ => 0..0,
        };
        Spanned::new(span, text(name))
    };
    let by_name = |pairs: Pairs| pairs.into_iter().map(|(key, value)| (key.into_inner(), value)).collect();
    let plain = |pairs: Pairs| -> BTreeMap<String, String> {
        pairs.into_iter().map(|(key, value)| (key.into_inner(), value.into_inner())).collect()
    };
    Config {
        environment: environment.to_owned(),
        target_state_machine_arn: spanned("target_state_machine_arn"),
        manifest_s3_bucket_name: text("manifest_s3_bucket_name"),
        manifest_s3_bucket_key_prefix: text("manifest_s3_bucket_key_prefix"),
        parameters_s3_bucket_name: text("parameters_s3_bucket_name"),
        hyperparameters_s3_bucket_name: text("hyperparameters_s3_bucket_name"),
        parameters_s3_key: text("parameters_s3_key"),
        hyperparameters_s3_key: text("hyperparameters_s3_key"),
        manifest: text("manifest"),
        drift: match text("drift").as_str() {
            "ignore" => DriftPolicy::Ignore,
            "fail" => DriftPolicy::Fail,
            _ => DriftPolicy::Use,
        },
        // It was checked to be a number.
        keep_releases: text("keep_releases").parse().unwrap_or(20),
        documents: file.documents,
        overlays: table.overlays,
        schemas: file.schemas,
        buckets: table.buckets.or(file.buckets),
        overridable,
        secrets: joined(file.secrets, table.secrets),
        algorithms: file.algorithms,
        data: file.data,
        state_machines: by_name(file.state_machines),
        input_schemas: by_name(file.input_schemas),
        substitutions: plain(joined(file.substitutions, table.substitutions)),
        predict: file.predict,
        backend: if text("backend") == "aws" { Backend::Aws } else { Backend::Local },
        profile: given("profile"),
        region: given("region"),
        endpoint_url: given("endpoint_url"),
        kms_key_id: given("kms_key_id"),
        tags: plain(joined(file.tags, table.tags)).into_iter().collect(),
        origins,
    }
}
