//! How wide a text is, and how to make it fit.

/// Widths of the printable ASCII characters in thousandths of the font's size: the wider of `DejaVu` Sans and Arial for each,
/// since nobody knows which font a reader has.
const ASCII: [u16; 95] = [
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, //
    637, 637, 637, 637, 637, 637, 637, 637, 637, 637, 337, 337, 838, 838, 838, 557, //
    1016, 685, 687, 723, 771, 667, 611, 778, 752, 295, 500, 667, 558, 863, 749, 788, //
    667, 788, 723, 667, 611, 732, 685, 989, 686, 667, 686, 391, 337, 391, 838, 557, //
    500, 613, 635, 550, 635, 616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612, //
    635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637, 337, 637, 838,
];
/// Other letters, and characters of a square.
const LETTER: u16 = 800;
const SQUARE: u16 = 1_050;
const ELLIPSIS: char = '…';
const NO_BREAK: char = '\u{a0}';

/// The width of a text in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| f64::from(of(character)) * size / 1000.0).sum()
}

fn of(character: char) -> u16 {
    let code = u32::from(character);
    let ascii = code.checked_sub(32).and_then(|index| ASCII.get(usize::try_from(index).ok()?));
    match ascii {
        Some(width) => *width,
        None if code < 0x0300 || (0x0370..0x1100).contains(&code) => LETTER,
        // Combining marks and what is not shown, taken for narrow.
        None if (0x0300..0x0370).contains(&code) || (0x200B..0x2010).contains(&code) => 0,
        None => SQUARE,
    }
}

/// The text in at most `lines` lines of at most `most` pixels; what does not fit is cut off with an ellipsis.
///
/// Lines are broken at spaces, else behind punctuation or before a capital, else anywhere.
pub(super) fn wrap(text: &str, size: f64, most: f64, lines: usize) -> Vec<String> {
    let mut rest: Vec<char> = one_line(text).chars().collect();
    let mut wrapped = Vec::new();
    while !rest.is_empty() {
        let fitting = fitting(&rest, size, most);
        if fitting == rest.len() {
            wrapped.push(rest.iter().collect());
            break;
        }
        if wrapped.len() + 1 >= lines {
            wrapped.push(shorten(&rest.iter().collect::<String>(), size, most));
            break;
        }
        let at = breaking(&rest, fitting);
        let line: String = rest.drain(..at).collect();
        wrapped.push(line.trim_end().to_owned());
        if rest.first() == Some(&' ') {
            rest.remove(0);
        }
    }
    wrapped
}

/// The text with every run of white space as one space; a no-break space stays.
fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() && character != NO_BREAK);
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The text on one line, cut off with an ellipsis where it is too long.
pub(super) fn shorten(text: &str, size: f64, most: f64) -> String {
    let characters: Vec<char> = text.chars().collect();
    if fitting(&characters, size, most) == characters.len() {
        return text.to_owned();
    }
    let room = most - f64::from(of(ELLIPSIS)) * size / 1000.0;
    let fitting = fitting(&characters, size, room);
    let mut short: String = characters[..fitting].iter().collect();
    short.truncate(short.trim_end().len());
    short.push(ELLIPSIS);
    short
}

/// How many characters fit, and one at least.
fn fitting(characters: &[char], size: f64, most: f64) -> usize {
    let mut used = 0.0;
    let beyond = characters.iter().position(|character| {
        used += f64::from(of(*character)) * size / 1000.0;
        used > most
    });
    beyond.unwrap_or(characters.len()).max(1).min(characters.len())
}

/// Where to break so that at most `fitting` characters stay, for a text that is longer.
fn breaking(characters: &[char], fitting: usize) -> usize {
    let before = |at: usize| characters.get(at.wrapping_sub(1)).copied().unwrap_or(' ');
    let here = |at: usize| characters.get(at).copied().unwrap_or(' ');
    let last = |good: &dyn Fn(usize) -> bool, least: usize| (least..=fitting).rev().find(|at| good(*at));
    last(&|at| here(at) == ' ' || before(at) == ' ', 1)
        .or_else(|| last(&|at| !before(at).is_alphanumeric(), fitting / 3 + 1))
        .or_else(|| last(&|at| before(at).is_lowercase() && here(at).is_uppercase(), fitting / 3 + 1))
        .unwrap_or(fitting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_wide_letters_wider() {
        assert!(width("WWW", 10.0) > width("iii", 10.0));
        assert!((width("日本", 10.0) - 21.0).abs() < 0.01);
        assert!((width("e\u{301}", 10.0) - width("e", 10.0)).abs() < 0.01);
    }

    #[test]
    fn breaks_where_a_person_would() {
        let wrap = |text: &str| wrap(text, 10.0, 62.0, 4);
        assert_eq!(wrap("short"), ["short"]);
        assert_eq!(wrap("some words that wrap"), ["some words", "that wrap"]);
        assert_eq!(wrap("snake_case_name_here"), ["snake_", "case_", "name_here"]);
        assert_eq!(wrap("NotifyTheOperator"), ["NotifyThe", "Operator"]);
        assert_eq!(wrap("aaaaaaaaaaaaaaaaaaaaa"), ["aaaaaaaaaa", "aaaaaaaaaa", "a"]);
        assert!(wrap("").is_empty());
    }

    #[test]
    fn cuts_off_what_does_not_fit() {
        let lines = wrap(&"words and ".repeat(20), 10.0, 60.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'));
        for line in lines {
            assert!(width(&line, 10.0) <= 60.0, "{line}");
        }
        assert_eq!(shorten("xy", 10.0, 0.0), "x…");
    }
}
