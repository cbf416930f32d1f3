//! The texts of errors, as the service's evaluator has them.

use jsonata_core::evaluator::EvaluatorError;

/// Code and message of an evaluation's error; one that names no code gets that of a general failure.
pub(super) fn of_evaluation(error: &EvaluatorError) -> String {
    let message = error.message();
    match error.code() {
        Some(code) => in_own_words(code, message),
        None if message == MEMORY => message.to_owned(),
        None => format!("D1001: {message}"),
    }
}

/// An expression that asks for more than the service gives.
pub(super) const MEMORY: &str = "Expression evaluation memory limit exceeded";

fn in_own_words(code: &str, message: &str) -> String {
    let text = match code {
        "T1006" => String::from("Attempted to invoke a non-function"),
        "T2001" | "T2002" => {
            let side = if code == "T2001" { "left" } else { "right" };
            let operator = message.split("of the ").nth(1).and_then(|rest| rest.split(' ').next());
            let Some(operator) = operator else { return message.to_owned() };
            format!("The {side} side of the \"{operator}\" operator must evaluate to a number")
        }
        "T2003" => String::from("The left side of the range operator (..) must evaluate to an integer"),
        "T2004" => String::from("The right side of the range operator (..) must evaluate to an integer"),
        "D3030" => match message.split('\'').nth(1) {
            Some(value) => format!("Unable to cast value to a number: \"{value}\""),
            None => return message.to_owned(),
        },
        _ => return message.to_owned(),
    };
    format!("{code}: {text}")
}

/// Names that the parser gives to tokens, with what they are in the text.
const TOKENS: [(&str, &str); 34] = [
    ("LeftParen", "("),
    ("RightParen", ")"),
    ("LeftBracket", "["),
    ("RightBracket", "]"),
    ("LeftBrace", "{"),
    ("RightBrace", "}"),
    ("Plus", "+"),
    ("Minus", "-"),
    ("Star", "*"),
    ("StarStar", "**"),
    ("Slash", "/"),
    ("Percent", "%"),
    ("Equal", "="),
    ("NotEqual", "!="),
    ("LessThan", "<"),
    ("LessThanOrEqual", "<="),
    ("GreaterThan", ">"),
    ("GreaterThanOrEqual", ">="),
    ("And", "and"),
    ("Or", "or"),
    ("In", "in"),
    ("Ampersand", "&"),
    ("Dot", "."),
    ("DotDot", ".."),
    ("Question", "?"),
    ("QuestionQuestion", "??"),
    ("QuestionColon", "?:"),
    ("Colon", ":"),
    ("ColonEqual", ":="),
    ("TildeArrow", "~>"),
    ("Comma", ","),
    ("Semicolon", ";"),
    ("Caret", "^"),
    ("Pipe", "|"),
];

/// A token as the text has it, in quotes.
fn quoted(token: &str) -> String {
    let known = TOKENS.iter().find(|(name, _)| *name == token).map(|(_, symbol)| *symbol);
    match (known, token.split_once('(')) {
        (Some(symbol), _) => format!("\"{symbol}\""),
        (None, Some(("Number", value))) => value.trim_end_matches(')').trim_end_matches(".0").to_owned(),
        (None, Some((_, value))) => value.strip_suffix(')').unwrap_or(value).to_owned(),
        (None, None) => format!("\"{token}\""),
    }
}

/// The parser's message as the service gives it: without code, and with tokens as the text has them.
pub(super) fn of_parser(message: &str) -> String {
    let message = message.strip_prefix("Parse error: ").unwrap_or(message);
    let coded = message.split_once(": ").filter(|(code, _)| code.len() == 5 && code.starts_with('S'));
    let text = coded.map_or(message, |(_, text)| text);
    let between = |before: &str, after: &str| text.strip_prefix(before)?.strip_suffix(after);
    if let Some((expected, found)) = between("Expected ", "").and_then(|rest| rest.split_once(", got ")) {
        return format!("Expected {}, got {}", quoted(expected), quoted(found));
    }
    if let Some(expected) = between("Expected ", " before end of expression") {
        return format!("Expected {} before end of expression", quoted(expected));
    }
    if let Some(token) = between("The symbol ", " cannot be used as a unary operator") {
        return format!("The symbol {} cannot be used as a unary operator", quoted(token));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Expression;
    use super::*;

    fn compile(text: &str) -> Result<(), String> {
        Expression::compile(&format!("{{% {text} %}}")).map(|_| ())
    }

    #[test]
    fn messages_of_the_parser() {
        for (text, message) in [
            ("a[1,2)", "Expected \"]\", got \",\""),
            ("\"unterminated", "String literal must be terminated by a matching quote"),
            ("1 +", "Unexpected end of expression"),
            ("{\"a\":}", "The symbol \"}\" cannot be used as a unary operator"),
            ("$x :=", "Unexpected end of expression"),
            ("", "Unexpected end of expression"),
            ("(1", "Expected \")\" before end of expression"),
            ("[1 \"two three\"]", "Expected \"]\", got \"two three\""),
        ] {
            assert_eq!(compile(text), Err(String::from(message)), "{text}");
        }
    }

    #[test]
    fn messages_of_evaluations() {
        for (message, expected) in [
            (
                "T2001: The left side of the + operator must evaluate to a number",
                "T2001: The left side of the \"+\" operator must evaluate to a number",
            ),
            ("D3030: Cannot convert 'x' to number", "D3030: Unable to cast value to a number: \"x\""),
            ("T1006: something", "T1006: Attempted to invoke a non-function"),
            ("no code", "D1001: no code"),
            (MEMORY, MEMORY),
        ] {
            let error = EvaluatorError::EvaluationError(String::from(message));
            assert_eq!(of_evaluation(&error), expected);
        }
    }
}
