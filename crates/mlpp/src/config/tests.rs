use clap::{Args as _, FromArgMatches as _};

use super::*;

/// The project whose mlpp.toml is `text`, with flags and variables.
fn open(text: &str, flags: &[&str], variables: &[(&str, &str)]) -> Result<Project, CommandError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), text).unwrap();
    let command = Overrides::augment_args(clap::Command::new("mlpp").no_binary_name(true));
    let matches = command.try_get_matches_from(flags).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let overrides = Overrides::from_arg_matches(&matches).unwrap().with_variables(variables);
    Project::open(folder.path(), &overrides)
}

fn origin(project: &Project, name: &str) -> (String, String) {
    let (value, origin) = &project.config.origins[name];
    (value.clone(), origin.to_string())
}

const TEXT: &str = "parameter_store_path = \"/file\"\n\
    drift = \"fail\"\n\
    [environments.production]\n\
    parameter_store_path = \"/production\"\n\
    overlays = [\"a.json\", \"b.json\"]\n\
    [environments.production.substitutions]\n\
    Name = \"other\"\n\
    [substitutions]\n\
    Name = \"one\"\n\
    More = \"two\"\n";

#[test]
fn a_flag_comes_before_a_variable_and_that_before_the_environment_and_the_file() {
    let path = |flags: &[&str], variables: &[(&str, &str)]| {
        let project = open(TEXT, flags, variables).unwrap();
        assert_eq!(project.path.as_str(), project.config.origins["parameter_store_path"].0);
        origin(&project, "parameter_store_path")
    };
    let variable = [("MLPP_PARAMETER_STORE_PATH", "/variable")];
    let both = [("MLPP_ENVIRONMENT", "production"), variable[0]];
    let flags = ["-e", "production", "--parameter-store-path", "/flag"];
    assert_eq!(path(&[], &[]), ("/file".into(), "mlpp.toml:1:24".into()));
    assert_eq!(
        path(&["-e", "production"], &[]),
        ("/production".into(), "mlpp.toml:4:24 [environments.production]".into())
    );
    assert_eq!(path(&[], &both), ("/variable".into(), "MLPP_PARAMETER_STORE_PATH".into()));
    assert_eq!(path(&flags, &variable), ("/flag".into(), "--parameter-store-path".into()));
    assert_eq!(origin(&open("", &[], &[]).unwrap(), "keep_releases"), ("20".into(), "default".into()));
}

#[test]
fn an_environment_has_overlays_and_settings_of_its_own() {
    let project = open(TEXT, &[], &[("MLPP_ENVIRONMENT", "production")]).unwrap();
    let overlays: Vec<_> = project.config.overlays.iter().map(|overlay| overlay.get_ref().as_str()).collect();
    assert_eq!(overlays, ["a.json", "b.json"]);
    let substitutions: Vec<_> = project.config.substitutions.iter().collect();
    assert_eq!(substitutions, [(&"More".into(), &"two".into()), (&"Name".into(), &"other".into())]);
    assert_eq!(project.config.drift, DriftPolicy::Fail);
    let development = open(TEXT, &[], &[]).unwrap();
    assert!(development.config.overlays.is_empty());
    assert_eq!(development.config.substitutions["Name"], "one");
}

#[test]
fn an_environment_that_was_named_must_be_there() {
    assert!(open(TEXT, &["-e", "prodution"], &[]).is_err());
    assert!(open(TEXT, &[], &[("MLPP_ENVIRONMENT", "staging")]).is_err());
    assert_eq!(open("", &["-e", "staging"], &[]).unwrap().environment(), "staging");
}

#[test]
fn what_a_flag_gives_is_checked_as_well() {
    for flags in [["--parameter-store-path", "ml"], ["--drift", "sometimes"], ["--keep-releases", "0"]] {
        assert!(open(TEXT, &flags, &[]).is_err(), "{flags:?}");
    }
}

#[test]
fn a_variable_that_is_nearly_one_of_ours_is_told() {
    let variables = ["MLPP_ENVIROMENT", "MLPP_DRIFTS", "MLPP_PROJECT", "MLPP_SHARED", "MLPP_DRIFT", "HOME"];
    let overrides =
        Overrides::default().with_variables(variables.map(|name| (name.to_owned(), "use".to_owned())));
    let told: Vec<_> = overrides.misspelt().collect();
    assert_eq!(told, [("MLPP_ENVIROMENT", "MLPP_ENVIRONMENT"), ("MLPP_DRIFTS", "MLPP_DRIFT")]);
}

#[test]
fn no_document_may_lie_where_manifests_arrive() {
    let text = "manifest_s3_bucket_key_prefix = \"in/\"\nparameters_s3_key = \"in/ml-parameters.json\"\n";
    assert!(open(text, &[], &[]).is_err());
    let elsewhere = format!("{text}parameters_s3_bucket_name = \"other-bucket\"\n");
    assert!(open(&elsewhere, &[], &[]).is_ok());
}
