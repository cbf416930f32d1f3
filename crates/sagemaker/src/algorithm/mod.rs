//! Algorithms: the programs that train and serve, and what they say about themselves.

mod describe;
mod parse;
pub(crate) mod validate;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use regex::Regex;

pub use parse::AlgorithmError;

/// An algorithm as its `algorithm.toml` declares it: what an algorithm resource and its container images are on the
/// service.
#[derive(Clone, Debug)]
pub struct Algorithm {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The folder of `algorithm.toml`, which relative paths in commands start from.
    pub(crate) folder: PathBuf,
    pub(crate) training: Training,
    pub(crate) inference: Option<Inference>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) objectives: Vec<Objective>,
    pub(crate) hyperparameters: Vec<Hyperparameter>,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// A program with its arguments.
    Command(Vec<String>),
    /// A script beside `algorithm.toml`, by an interpreter. A script that trains gets the hyperparameters as arguments, as
    /// from SageMaker's training toolkit.
    Script { interpreter: String, script: String },
}

#[derive(Clone, Debug)]
pub(crate) struct Training {
    pub(crate) run: Run,
    pub(crate) content_types: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Inference {
    pub(crate) run: Run,
    pub(crate) content_types: Vec<String>,
    /// Repository names of container images which this algorithm stands for.
    pub(crate) image_aliases: Vec<String>,
}

/// A metric and the expression whose first group is its value in a line of the log.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) regex: Regex,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objective {
    pub(crate) metric: String,
    pub(crate) kind: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Hyperparameter {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: HyperparameterKind,
    pub(crate) default: Option<String>,
    pub(crate) tunable: bool,
    pub(crate) required: bool,
}

/// The type of a hyperparameter, with bounds in the text form in which they are declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HyperparameterKind {
    Integer { min: Option<String>, max: Option<String> },
    Continuous { min: Option<String>, max: Option<String> },
    Categorical { values: Vec<String> },
    FreeText,
}

/// The registry part of the image names which stand for algorithms of this machine.
const REGISTRY: &str = "mlpp.local";

impl Algorithm {
    /// Its name, by which requests refer to it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The image name that stands for it.
    pub(crate) fn image(&self) -> String {
        format!("{REGISTRY}/{}", self.name)
    }

    /// Whether `image` means this algorithm: its own image, or a repository of its name or of an alias.
    pub(crate) fn is_image(&self, image: &str) -> bool {
        let repository = image.rsplit('/').next().unwrap_or(image);
        let repository = repository.split(['@', ':']).next().unwrap_or(repository);
        let aliases = self.inference.iter().flat_map(|inference| &inference.image_aliases);
        repository == self.name || aliases.into_iter().any(|alias| alias == repository)
    }

    /// What is declared, as it is run: the word `mlpp` in front stands for `program`, a relative path starts from the
    /// algorithm's folder, a bare word is looked up in the search path.
    pub(crate) fn command(&self, run: &Run, program: &Path) -> Vec<OsString> {
        let executable = |word: &str| {
            if word == "mlpp" {
                program.into()
            } else if word.contains('/') {
                self.folder.join(word).into()
            } else {
                OsString::from(word)
            }
        };
        match run {
            Run::Command(words) => {
                let rest = words.iter().skip(1).map(OsString::from);
                words.first().map(|word| executable(word)).into_iter().chain(rest).collect()
            }
            Run::Script { interpreter, script } => {
                vec![executable(interpreter), self.folder.join(script).into()]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_commands() {
        let text = "name = \"gbm\"\n[training]\ncommand = [\"./train\", \"x\"]\n[inference]\ncommand = [\"mlpp\"]\n\
                    image_aliases = [\"h2o-gbm-predictor\"]\n";
        let algorithm = Algorithm::parse(text, Path::new("/a/algorithm.toml")).unwrap();
        for image in
            ["mlpp.local/gbm", "1.dkr.ecr.us-east-1.amazonaws.com/h2o-gbm-predictor:latest", "gbm@sha256:0"]
        {
            assert!(algorithm.is_image(image), "{image}");
        }
        assert!(!algorithm.is_image("mlpp.local/gbm2"));
        let command = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            algorithm.command(&Run::Command(words), Path::new("/bin/mlpp"))
        };
        assert_eq!(command(&["./train", "./x"]), ["/a/./train", "./x"]);
        assert_eq!(command(&["mlpp", "mlpp"]), ["/bin/mlpp", "mlpp"]);
        assert_eq!(command(&["sh", "-c"]), ["sh", "-c"]);
    }

    #[test]
    fn scripts() {
        let run = |table: &str| {
            let text = format!("name = \"a\"\n[training]\n{table}\n");
            Algorithm::parse(&text, Path::new("/a/algorithm.toml"))
                .map(|algorithm| algorithm.command(&algorithm.training.run, Path::new("/bin/mlpp")))
        };
        assert_eq!(run("script = \"train.py\"").unwrap(), ["python3", "/a/train.py"]);
        let own = "script = \"src/train.py\"\ninterpreter = \".venv/bin/python\"";
        assert_eq!(run(own).unwrap(), ["/a/.venv/bin/python", "/a/src/train.py"]);
        for (table, message) in [
            ("", "either a command or a script"),
            ("script = \"a\"\ncommand = [\"b\"]", "either a command or a script"),
            ("command = [\"b\"]\ninterpreter = \"c\"", "an interpreter is for a script"),
            ("script = \"\"", "must not be empty"),
        ] {
            let error = run(table).unwrap_err();
            assert!(error.message.contains(message), "{error}");
        }
    }
}
