//! What `mlpp.toml` says, with the place of everything.

use std::collections::BTreeMap;

use mlpp_parameters::SecretSource;
use toml::Spanned;
use toml::de::DeValue;

use super::reader::{Reader, Table, owned};
use super::registry::{SETTINGS, setting};

pub(crate) type Texts = Vec<Spanned<String>>;
pub(crate) type Pairs = Vec<(Spanned<String>, Spanned<String>)>;

/// The members of the file that are no single values.
pub(super) const OTHERS: [&str; 14] = [
    "documents",
    "schemas",
    "buckets",
    "overridable",
    "secrets",
    "substitutions",
    "tags",
    "environments",
    "algorithms",
    "data",
    "state_machines",
    "input_schemas",
    "predict",
    "$schema",
];
/// Those of an environment.
pub(super) const OF_ENVIRONMENT: [&str; 5] = ["overlays", "buckets", "secrets", "substitutions", "tags"];
/// Those of the request with which a run ends.
pub(super) const OF_PREDICT: [&str; 3] = ["file", "content_type", "accept"];

/// The most characters of a tag's key, of its value, and the most tags.
const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;
const MAX_TAGS: usize = 50;

/// The settings of `mlpp.toml`.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) values: BTreeMap<&'static str, Spanned<String>>,
    pub(super) documents: Texts,
    pub(super) schemas: Texts,
    pub(super) buckets: Option<Texts>,
    pub(super) overridable: Option<Texts>,
    pub(super) secrets: Pairs,
    pub(super) substitutions: Pairs,
    pub(super) tags: Pairs,
    pub(super) environments: BTreeMap<String, Environment>,
    pub(super) algorithms: Texts,
    pub(super) data: Pairs,
    pub(super) state_machines: Pairs,
    pub(super) input_schemas: Pairs,
    pub(super) predict: Option<Predict>,
}

/// The table of one environment.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) values: BTreeMap<&'static str, Spanned<String>>,
    pub(super) overlays: Texts,
    pub(super) buckets: Option<Texts>,
    pub(super) secrets: Pairs,
    pub(super) substitutions: Pairs,
    pub(super) tags: Pairs,
}

/// The request with which `run` ends.
#[derive(Debug, Clone)]
pub(crate) struct Predict {
    /// The file that is sent.
    pub(crate) file: Spanned<String>,
    /// Its media type.
    pub(crate) content_type: String,
    /// The media type of the answer.
    pub(crate) accept: String,
}

/// Reads the file; what is wrong with it is told to `reader`.
pub(super) fn read(reader: &mut Reader, text: &str) -> File {
    let Some(table) = reader.table(text) else { return File::default() };
    let mut file = File::default();
    for (key, value) in &table {
        let name = key.get_ref().as_ref();
        if let Some(known) = setting(name) {
            value_of(reader, known, value, &mut file.values);
            continue;
        }
        match name {
            "$schema" => {
                reader.text(name, value);
            }
            "documents" => file.documents = reader.texts(name, value).unwrap_or_default(),
            "schemas" => file.schemas = reader.texts(name, value).unwrap_or_default(),
            "algorithms" => file.algorithms = reader.texts(name, value).unwrap_or_default(),
            "buckets" => file.buckets = buckets(reader, value),
            "overridable" => file.overridable = reader.texts(name, value),
            "secrets" => file.secrets = secrets(reader, value),
            "substitutions" => file.substitutions = reader.pairs(name, value).unwrap_or_default(),
            "tags" => file.tags = tags(reader, value),
            "data" => file.data = reader.pairs(name, value).unwrap_or_default(),
            "state_machines" => file.state_machines = reader.pairs(name, value).unwrap_or_default(),
            "input_schemas" => file.input_schemas = reader.pairs(name, value).unwrap_or_default(),
            "predict" => file.predict = predict(reader, value),
            "environments" => file.environments = environments(reader, value),
            _ => {
                let names = SETTINGS.iter().map(|setting| setting.name);
                let known: Vec<_> = names.chain(OTHERS).filter(|name| *name != "$schema").collect();
                reader.unknown(key, "mlpp.toml", &known);
            }
        }
    }
    file
}

/// A setting that is one value, checked.
fn value_of(
    reader: &mut Reader,
    known: &'static super::registry::Setting,
    value: &Spanned<DeValue<'_>>,
    values: &mut BTreeMap<&'static str, Spanned<String>>,
) {
    let Some(text) = reader.scalar(known.name, value) else { return };
    if let Some(fault) = known.fault(text.get_ref()) {
        reader.error(fault.code, text.span(), format!("{}: {}", known.name, fault.message), fault.help);
    }
    values.insert(known.name, text);
}

fn buckets(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> Option<Texts> {
    let names = reader.texts("buckets", value)?;
    let bucket = setting("manifest_s3_bucket_name")?;
    for name in &names {
        if let Some(fault) = bucket.fault(name.get_ref()) {
            reader.error(fault.code, name.span(), fault.message, fault.help);
        }
    }
    Some(names)
}

fn secrets(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> Pairs {
    // What is no source may be the secret itself, whatever else is wrong with it.
    let is_source = |text: &str| text.parse::<SecretSource>().is_ok();
    match value.get_ref() {
        DeValue::Table(members) => {
            for value in members.values().filter(|value| !value.get_ref().as_str().is_some_and(is_source)) {
                reader.hidden.push(reader.span(&value.span()));
            }
        }
        _ => reader.hidden.push(reader.span(&value.span())),
    }
    let mut pairs = reader.pairs("secrets", value).unwrap_or_default();
    pairs.retain(|(pointer, source)| {
        let mut valid = true;
        if !pointer.get_ref().starts_with('/') {
            let message = format!("\"{}\" is no JSON pointer", pointer.get_ref());
            reader.error("config/pointer", pointer.span(), message, "write \"/key\" or \"/object/key\"");
            valid = false;
        }
        if let Err(error) = source.get_ref().parse::<SecretSource>() {
            // The text may be the secret itself, and is not told.
            let help = "write \"env:NAME\", \"file:PATH\" or \"ssm:/existing/securestring\"";
            let message = format!("the source of the secret is none: {error}");
            reader.error("config/secret", source.span(), message, help);
            valid = false;
        }
        valid
    });
    pairs
}

/// Tags, by the rules that AWS has for them (`PutParameter`, member `Tags`).
fn tags(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> Pairs {
    let pairs = reader.pairs("tags", value).unwrap_or_default();
    let mut wrong = |at: &Spanned<String>, message: &str, help: &str| {
        reader.error("config/tag", at.span(), message, help);
    };
    for (key, value) in &pairs {
        let name = key.get_ref();
        if name.is_empty() || name.chars().count() > MAX_TAG_KEY {
            wrong(key, "the key of a tag has 1 to 128 characters", "choose a shorter key");
        }
        if name.to_ascii_lowercase().starts_with("aws:") {
            wrong(key, "the keys of tags that begin with \"aws:\" are AWS's own", "choose another key");
        }
        if value.get_ref().chars().count() > MAX_TAG_VALUE {
            wrong(value, "the value of a tag has at most 256 characters", "choose a shorter value");
        }
    }
    if let Some((key, _)) = pairs.get(MAX_TAGS) {
        wrong(key, "a parameter has at most 50 tags", "leave some away");
    }
    pairs
}

fn predict(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> Option<Predict> {
    let table = reader.members("predict", value)?;
    let (mut file, mut content_type, mut accept) = (None, None, None);
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "file" => file = reader.text("file", value),
            "content_type" => content_type = reader.text("content_type", value),
            "accept" => accept = reader.text("accept", value),
            _ => reader.unknown(key, "[predict]", &OF_PREDICT),
        }
    }
    let Some(file) = file else {
        reader.error("config/missing", value.span(), "[predict] has no file", "add file = \"rows.csv\"");
        return None;
    };
    let or = |text: Option<Spanned<String>>, default: &str| {
        text.map_or_else(|| default.to_owned(), Spanned::into_inner)
    };
    Some(Predict { file, content_type: or(content_type, "text/csv"), accept: or(accept, "application/json") })
}

fn environments(reader: &mut Reader, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, Environment> {
    let mut environments = BTreeMap::new();
    let Some(table) = reader.members("environments", value) else { return environments };
    for (key, value) in table {
        let name = owned(key);
        if let Some(members) = reader.members(&format!("environments.{}", name.get_ref()), value) {
            let environment = environment(reader, name.get_ref(), members);
            environments.insert(name.into_inner(), environment);
        }
    }
    environments
}

fn environment(reader: &mut Reader, name: &str, members: &Table<'_>) -> Environment {
    let mut environment = Environment::default();
    for (key, value) in members {
        let member = key.get_ref().as_ref();
        match (setting(member), member) {
            // An environment does not choose itself.
            (Some(known), _) if member != "environment" => {
                value_of(reader, known, value, &mut environment.values);
            }
            (_, "overlays") => environment.overlays = reader.texts(member, value).unwrap_or_default(),
            (_, "buckets") => environment.buckets = buckets(reader, value),
            (_, "secrets") => environment.secrets = secrets(reader, value),
            (_, "substitutions") => {
                environment.substitutions = reader.pairs(member, value).unwrap_or_default();
            }
            (_, "tags") => environment.tags = tags(reader, value),
            _ => {
                let names = SETTINGS.iter().map(|setting| setting.name).filter(|name| *name != "environment");
                let known: Vec<_> = names.chain(OF_ENVIRONMENT).collect();
                reader.unknown(key, &format!("[environments.{name}]"), &known);
            }
        }
    }
    environment
}
