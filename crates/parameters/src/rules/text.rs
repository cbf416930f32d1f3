//! What can be wrong with a text whatever it means.

/// A placeholder such as `<region>` that was left in: its first character and the one behind it, counted from 0.
///
/// It is a letter followed by letters, digits, blanks, `_`, `.` and `-`, in angle brackets.
pub(super) fn placeholder(text: &str) -> Option<(usize, usize)> {
    for (at, _) in text.match_indices('<') {
        let inside = &text[at + 1..];
        let length =
            inside.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, ' ' | '_' | '.' | '-'))?;
        if inside[length..].starts_with('>') && inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let from = text[..at].chars().count();
            return Some((from, from + length + 2));
        }
    }
    None
}

/// Checks an S3 URI: `s3://`, a bucket's name, and perhaps a key or prefix of keys. Where and why it is none.
///
/// A bucket's name: Amazon S3 User Guide, "Bucket naming rules". What follows `https://` is left to the service.
pub(super) fn check_s3_uri(uri: &str) -> Result<(), (usize, &'static str)> {
    const SCHEME: usize = "s3://".len();
    let Some(rest) = uri.strip_prefix("s3://") else {
        let endpoint =
            uri.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
        return if endpoint { Ok(()) } else { Err((0, "does not begin with \"s3://\"")) };
    };
    let bucket = rest.split('/').next().unwrap_or_default();
    if bucket.starts_with("arn:") {
        // An access point's ARN may stand for a bucket.
        return Ok(());
    }
    let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let count = bucket.chars().count();
    if let Some(index) = bucket.chars().position(|c| !is_edge(c) && !matches!(c, '.' | '-')) {
        return Err((SCHEME + index, "has a character that no bucket's name has"));
    }
    if !(3..=63).contains(&count) {
        return Err((SCHEME, "has no bucket's name of 3 to 63 characters"));
    }
    if !bucket.starts_with(is_edge) {
        return Err((SCHEME, "has a bucket's name that does not begin with a letter or a digit"));
    }
    if !bucket.ends_with(is_edge) {
        return Err((SCHEME + count - 1, "has a bucket's name that does not end with a letter or a digit"));
    }
    match bucket.find("..") {
        Some(at) => Err((SCHEME + at, "has a bucket's name with two periods in a row")),
        None => Ok(()),
    }
}

/// The bucket of an S3 URI, and where its name begins, counted from 0; `None` for an access point or an HTTPS endpoint,
/// which do not tell.
pub(super) fn bucket(uri: &str) -> Option<(usize, &str)> {
    const SCHEME: &str = "s3://";
    let bucket = uri.strip_prefix(SCHEME)?.split('/').next()?;
    (!bucket.is_empty() && !bucket.starts_with("arn:")).then_some((SCHEME.len(), bucket))
}

/// The most edits between a name and what it may have been meant as.
const MAX_EDITS: usize = 2;
/// Below this many characters one edit is all that leaves a name recognisable.
const SHORT: usize = 8;

/// The candidate that `name` was probably meant as: the same but for case, `-` and `_`, or at most two edits away (one for
/// a short name).
pub(crate) fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len().abs_diff(name.len()) > MAX_EDITS + 2 || candidate == name {
            continue;
        }
        let allowed = if candidate.len().min(name.len()) < SHORT { 1 } else { MAX_EDITS };
        let edits = if same_but_for_spelling(name, candidate) {
            0
        } else if letters_apart(name, candidate) > 2 * allowed {
            continue;
        } else {
            strsim::damerau_levenshtein(name, candidate)
        };
        if edits <= allowed && best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn same_but_for_spelling(a: &str, b: &str) -> bool {
    fn plain(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase())
    }
    plain(a).eq(plain(b))
}

/// How many characters one text has that the other has not, order aside and some taken for the same: at most twice the
/// edits, and much cheaper to know.
fn letters_apart(a: &str, b: &str) -> usize {
    let mut counts = [0_i16; 32];
    for byte in a.bytes().take(256) {
        counts[usize::from(byte % 32)] += 1;
    }
    for byte in b.bytes().take(256) {
        counts[usize::from(byte % 32)] -= 1;
    }
    counts.iter().map(|count| usize::from(count.unsigned_abs())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_a_word_in_angle_brackets() {
        assert_eq!(placeholder("arn:aws:sagemaker:<region>:1"), Some((18, 26)));
        assert_eq!(placeholder("ü <your bucket-name>"), Some((2, 20)));
        for text in ["a < b > c", "a<b", "<>", "<1>", "<a&b>", "1<2", "</b>"] {
            assert_eq!(placeholder(text), None, "{text}");
        }
        assert_eq!(placeholder("a<b <x>"), Some((4, 7)));
    }

    #[test]
    fn an_s3_uri_names_a_bucket_that_can_be() {
        for uri in [
            "s3://demo-bucket",
            "s3://demo-bucket/",
            "s3://a.b.c/x y/ü",
            "https://demo.s3.amazonaws.com/x",
            "s3://arn:aws:s3:us-east-1:123456789012:accesspoint/demo/x",
        ] {
            assert_eq!(check_s3_uri(uri), Ok(()), "{uri}");
        }
        for (uri, at) in [
            ("demo-bucket/x", 0),
            ("s3:/demo-bucket", 0),
            ("S3://demo-bucket", 0),
            ("https://", 0),
            ("s3://", 5),
            ("s3://ab/x", 5),
            ("s3://Demo/x", 5),
            ("s3://de_mo/x", 7),
            ("s3://-demo/x", 5),
            ("s3://demo-/x", 9),
            ("s3://de..mo/x", 7),
        ] {
            assert_eq!(check_s3_uri(uri).map_err(|(at, _)| at), Err(at), "{uri}");
        }
    }

    #[test]
    fn a_bucket_is_what_stands_behind_the_scheme() {
        assert_eq!(bucket("s3://demo-bucket/x/y"), Some((5, "demo-bucket")));
        assert_eq!(bucket("s3://demo-bucket"), Some((5, "demo-bucket")));
        for uri in
            ["https://demo.s3.amazonaws.com/x", "s3://arn:aws:s3:us-east-1:1:accesspoint/x", "s3://", "x"]
        {
            assert_eq!(bucket(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_near_miss_is_a_typing_error_and_not_another_word() {
        let known = ["tuningJobName", "endpointName", "model", "hosting", "trainingInstanceType"];
        for (name, meant) in [
            ("tuningjobname", "tuningJobName"),
            ("tuning_job_name", "tuningJobName"),
            ("endpiontName", "endpointName"),
            ("modle", "model"),
            ("endpointNames", "endpointName"),
        ] {
            assert_eq!(near(name, known), Some(meant));
        }
        for name in ["mode1s", "trainingInstanceCount", "posting2", "x", "", "productionVariants", "model"] {
            assert_eq!(near(name, known), None, "{name}");
        }
    }
}
