use std::error::Error;

/// An error and what lies behind it, in one line. What an error says of its cause already is not said again.
pub fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("cannot read")]
        Silent(#[source] io::Error),
        #[error("cannot read: {0}")]
        Telling(#[source] io::Error),
    }

    #[test]
    fn each_cause_is_told_once() {
        let cause = || io::Error::other("no such disk");
        for error in [Outer::Silent(cause()), Outer::Telling(cause())] {
            assert_eq!(with_sources(&error), "cannot read: no such disk");
        }
    }
}
