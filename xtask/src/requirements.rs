//! A list of peers, such as `xtask/peers.txt`: one requirement to a line, followed by pip's options for it.

use std::path::Path;

use crate::error::Error;

/// One peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// The package's name, by which it is reported.
    pub(crate) part: String,
    /// What pip is asked for: `name==version`, with extras if any.
    pub(crate) wanted: String,
    /// Options of `pip install` for this peer.
    pub(crate) options: Vec<String>,
}

/// Peers that one call of pip installs, so that it finds versions that fit them all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) options: Vec<String>,
    pub(crate) peers: Vec<Requirement>,
}

/// Reads the list; `path` is for messages. Empty lines and those that begin with `#` count for nothing.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Vec<Requirement>, Error> {
    let mut requirements = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let fail = |reason| Error::Requirement { path: path.to_owned(), line: number + 1, reason };
        let mut words = line.split_whitespace().map(str::to_owned);
        let Some(wanted) = words.next().filter(|word| !word.starts_with('#')) else { continue };
        let (name, version) = wanted.split_once("==").ok_or_else(|| fail("not pinned as name==version"))?;
        let part = name.split('[').next().unwrap_or(name).to_owned();
        if part.is_empty() || version.is_empty() {
            return Err(fail("not pinned as name==version"));
        }
        let options: Vec<_> = words.collect();
        if !options.iter().all(|option| option.starts_with("--")) {
            return Err(fail("an option begins with `--`, and its value follows after `=`"));
        }
        requirements.push(Requirement { part, wanted, options });
    }
    Ok(requirements)
}

/// Puts the peers with the same options together, in the list's order.
pub(crate) fn groups(requirements: &[Requirement]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for requirement in requirements {
        match groups.iter_mut().find(|group| group.options == requirement.options) {
            Some(group) => group.peers.push(requirement.clone()),
            None => {
                groups.push(Group { options: requirement.options.clone(), peers: vec![requirement.clone()] });
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{groups, parse};
    use crate::error::Error;

    const LIST: &str = "# peers\n\nmoto[server,ssm]==5.2.5\ndalex==1.8.0  --no-deps\nboto3==1.44.5\n";

    #[test]
    fn names_pins_and_options_are_told_apart() {
        let list = parse(LIST, Path::new("peers.txt")).unwrap();
        let told: Vec<_> = list.iter().map(|peer| (peer.part.as_str(), peer.wanted.as_str())).collect();
        let expected =
            [("moto", "moto[server,ssm]==5.2.5"), ("dalex", "dalex==1.8.0"), ("boto3", "boto3==1.44.5")];
        assert_eq!(told, expected);
        assert_eq!(list[1].options, ["--no-deps"]);
    }

    #[test]
    fn peers_with_equal_options_are_installed_together() {
        let groups = groups(&parse(LIST, Path::new("peers.txt")).unwrap());
        let told: Vec<Vec<_>> =
            groups.iter().map(|group| group.peers.iter().map(|peer| peer.part.as_str()).collect()).collect();
        assert_eq!(told, [vec!["moto", "boto3"], vec!["dalex"]]);
    }

    #[test]
    fn a_line_that_pins_nothing_or_has_a_stray_word_is_an_error_with_its_place() {
        for line in ["scikit-learn", "scikit-learn>=1.9", "==1.9", "scikit-learn==", "dalex==1.8.0 no-deps"] {
            let error = parse(&format!("# first\n{line}\n"), Path::new("peers.txt")).unwrap_err();
            assert!(matches!(error, Error::Requirement { line: 2, .. }), "{line}: {error}");
        }
    }
}
