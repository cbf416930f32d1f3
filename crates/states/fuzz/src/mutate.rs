//! Variations of an input that keep its shape: of a definition its JSON, of a text its words.
//!
//! A fuzzer that only flips bytes seldom gets past a parser.

use serde_json::Value;

use super::{SEPARATOR, Target};

/// A stream of numbers that is a function of its seed (`SplitMix64`).
#[derive(Debug)]
pub struct Draws(u64);

impl Draws {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, 0 where there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }
}

/// Varies the first `size` bytes of `data`, half of the time as `bytewise` does, and returns the new size: a mutator for libFuzzer.
pub fn in_place(
    target: Target,
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    bytewise: fn(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut draws = Draws::new(u64::from(seed));
    if draws.below(2) == 0 {
        return bytewise(data, size, max_size);
    }
    let varied = std::str::from_utf8(&data[..size]).ok().map(|text| vary(target, text, &mut draws));
    match varied {
        Some(text) if text.len() <= max_size.min(data.len()) && !text.is_empty() => {
            data[..text.len()].copy_from_slice(text.as_bytes());
            text.len()
        }
        _ => bytewise(data, size, max_size),
    }
}

/// A variation of `text`, an input of `target`.
pub fn vary(target: Target, text: &str, draws: &mut Draws) -> String {
    let mut parts: Vec<String> = text.split(SEPARATOR).map(String::from).collect();
    let chosen = draws.below(parts.len());
    let json = match target {
        Target::Definition => chosen == 0,
        Target::Execution => chosen < 2,
        Target::JsonPath | Target::Intrinsic | Target::Jsonata => chosen == 1,
    };
    let part = &mut parts[chosen];
    let varied = if json { node(part, target, draws) } else { None };
    *part = match (varied, target, chosen) {
        (Some(varied), ..) => varied,
        (None, Target::Execution, 2) => script(part, draws),
        (None, ..) => words(part, target, draws),
    };
    parts.join(SEPARATOR)
}

/// One event more, less, or other.
fn script(text: &str, draws: &mut Draws) -> String {
    let mut events: Vec<(u8, u8)> =
        text.as_bytes().chunks_exact(2).map(|pair| (pair[0] & 0x7f, pair[1] & 0x7f)).collect();
    let operand = u8::try_from(33 + draws.below(90)).unwrap_or(b'0');
    let letter = b"SSSFFTTTEHBACGXR"[draws.below(16)];
    let at = draws.below(events.len() + 1);
    match draws.below(4) {
        0 if at < events.len() => events[at] = (letter, operand),
        1 if at < events.len() => drop(events.remove(at)),
        _ => events.insert(at, (letter, operand)),
    }
    events.into_iter().flat_map(|(letter, operand)| [char::from(letter), char::from(operand)]).collect()
}

/// One word more, less, or other; sometimes a piece is repeated.
fn words(text: &str, target: Target, draws: &mut Draws) -> String {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let (mut from, mut to) = (places[draws.below(places.len())], places[draws.below(places.len())]);
    if from > to {
        std::mem::swap(&mut from, &mut to);
    }
    let word = match target {
        Target::JsonPath => draws.pick(PATH_WORDS),
        Target::Intrinsic => draws.pick(CALL_WORDS),
        Target::Jsonata => draws.pick(JSONATA_WORDS),
        Target::Definition | Target::Execution => draws.pick(JSON_WORDS),
    };
    let (before, piece, after) = (&text[..from], &text[from..to], &text[to..]);
    match draws.below(6) {
        0 => format!("{before}{after}"),
        1 => format!("{before}{piece}{piece}{after}"),
        2 => format!("{before}{word}{after}"),
        3 => format!("{before}({piece}){after}"),
        _ => format!("{before}{word}{piece}{after}"),
    }
}

/// The JSON `text` with one node changed; `None` where it is no JSON.
fn node(text: &str, target: Target, draws: &mut Draws) -> Option<String> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    let mut count = 0;
    walk(&value, &mut count);
    let donor = nth(&value, &mut draws.below(count))?.clone();
    let mut at = draws.below(count);
    change(&mut value, &mut at, &donor, target, draws);
    Some(value.to_string())
}

fn walk(value: &Value, count: &mut usize) {
    *count += 1;
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, count)),
        Value::Object(map) => map.values().for_each(|item| walk(item, count)),
        _ => {}
    }
}

fn nth<'v>(value: &'v Value, at: &mut usize) -> Option<&'v Value> {
    if *at == 0 {
        return Some(value);
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter().find_map(|item| nth(item, at)),
        Value::Object(map) => map.values().find_map(|item| nth(item, at)),
        _ => None,
    }
}

fn change(value: &mut Value, at: &mut usize, donor: &Value, target: Target, draws: &mut Draws) -> bool {
    if *at == 0 {
        *value = other(value, donor, target, draws);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(item, at, donor, target, draws)),
        Value::Object(map) => map.values_mut().any(|item| change(item, at, donor, target, draws)),
        _ => false,
    }
}

/// What to put in the place of `value`.
fn other(value: &Value, donor: &Value, target: Target, draws: &mut Draws) -> Value {
    let text = |text: String| Value::String(text);
    match (draws.below(8), value) {
        (0, _) => donor.clone(),
        (1, _) => draws.pick(JSON_WORDS).parse().unwrap_or(Value::Null),
        (2..=4, Value::String(old)) => {
            let of = match (target, old.as_str()) {
                (Target::Definition | Target::Execution, old) if old.starts_with("{%") => Target::Jsonata,
                (Target::Definition | Target::Execution, old) if old.starts_with('$') => Target::JsonPath,
                (Target::Definition | Target::Execution, old) if old.starts_with("States.") => {
                    Target::Intrinsic
                }
                _ => return text(String::from(draws.pick(STRINGS))),
            };
            let inner = old.strip_prefix("{%").and_then(|old| old.strip_suffix("%}"));
            match inner {
                Some(inner) => text(format!("{{%{}%}}", words(inner, of, draws))),
                None => text(words(old, of, draws)),
            }
        }
        (5, Value::Object(map)) => {
            let mut map = map.clone();
            let gone = map.keys().nth(draws.below(map.len())).cloned();
            gone.and_then(|key| map.shift_remove(&key));
            Value::Object(map)
        }
        (_, Value::Object(map)) => {
            let mut map = map.clone();
            map.insert(String::from(draws.pick(KEYS)), donor.clone());
            Value::Object(map)
        }
        (5, Value::Array(items)) => {
            let mut items = items.clone();
            items.truncate(draws.below(items.len() + 1));
            Value::Array(items)
        }
        (_, Value::Array(items)) => {
            let mut items = items.clone();
            items.push(donor.clone());
            Value::Array(items)
        }
        _ => draws.pick(NUMBERS).parse().unwrap_or(Value::Null),
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "1.5",
    "1e300",
    "99999999",
    "99999999999",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "true",
    "false",
    "null",
];

const JSON_WORDS: &[&str] = &[
    "{}",
    "[]",
    "null",
    "true",
    "0",
    "-1",
    "1e308",
    "\"\"",
    "\"$\"",
    "\"$$\"",
    "\"{% %}\"",
    "\"\\u0000\"",
    "\"\u{1f600}\"",
    "{\"a\": [1, {\"b\": null}]}",
    "[[[]]]",
    "${Name}",
    "${",
    "\\",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
];

const STRINGS: &[&str] = &[
    "JSONata",
    "JSONPath",
    "Pass",
    "Task",
    "Choice",
    "Wait",
    "Succeed",
    "Fail",
    "Parallel",
    "Map",
    "INLINE",
    "DISTRIBUTED",
    "STANDARD",
    "EXPRESS",
    "States.ALL",
    "States.Timeout",
    "States.TaskFailed",
    "States.Runtime",
    "A",
    "B",
    "FULL",
    "NONE",
    "$",
    "$$",
    "$.a",
    "$.list[*]",
    "$..a",
    "$$.Map.Item.Value",
    "$v",
    "$.a[?(@.b == 1)]",
    "2016-12-05T21:29:29Z",
    "{% $states.input %}",
    "{% $states.result.list %}",
    "{% [1..3] %}",
    "{% $v %}",
    "{% $states.errorOutput %}",
    "States.Format('{}', $)",
    "States.UUID()",
    "States.ArrayRange(1, 5, 2)",
    "arn:aws:states:::lambda:invoke",
    "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "arn:aws:states:::sagemaker:createTrainingJob.sync",
    "arn:aws:lambda:us-east-1:111111111111:function:f",
    "arn:aws:states:us-east-1:111111111111:activity:a",
    "arn:aws:states:::s3:getObject",
    "arn:aws:states:::s3:listObjectsV2",
    "JSON",
    "CSV",
    "JSONL",
    "FIRST_ROW",
    "GIVEN",
];

const KEYS: &[&str] = &[
    "QueryLanguage",
    "Comment",
    "StartAt",
    "States",
    "Type",
    "Next",
    "End",
    "InputPath",
    "OutputPath",
    "Parameters",
    "ResultSelector",
    "ResultPath",
    "Result",
    "Assign",
    "Output",
    "Arguments",
    "Retry",
    "Catch",
    "ErrorEquals",
    "MaxAttempts",
    "IntervalSeconds",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "TimeoutSeconds",
    "TimeoutSecondsPath",
    "HeartbeatSeconds",
    "HeartbeatSecondsPath",
    "Credentials",
    "Resource",
    "Choices",
    "Default",
    "Condition",
    "Variable",
    "And",
    "Or",
    "Not",
    "IsPresent",
    "StringMatches",
    "NumericGreaterThan",
    "Seconds",
    "SecondsPath",
    "Timestamp",
    "TimestampPath",
    "Error",
    "ErrorPath",
    "Cause",
    "CausePath",
    "Branches",
    "ItemProcessor",
    "Iterator",
    "ItemsPath",
    "Items",
    "ItemSelector",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
    "ProcessorConfig",
    "Mode",
    "ExecutionType",
    "Label",
    "ReaderConfig",
    "InputType",
    "MaxItems",
    "CSVHeaderLocation",
    "CSVHeaders",
    "MaxItemsPerBatch",
    "MaxInputBytesPerBatch",
    "BatchInput",
    "a",
    "a.$",
    "list",
];

const PATH_WORDS: &[&str] = &[
    "$",
    "$$",
    "$v",
    ".",
    "..",
    "*",
    "[*]",
    "[0]",
    "[-1]",
    "[1:]",
    "[:-1]",
    "[::2]",
    "[0,1]",
    "['a']",
    "[\"a b\"]",
    "['a','b']",
    "[?(@.a)]",
    "[?(@.a == 1)]",
    "[?(!@.a)]",
    "[?(@.a > 1 && @.b != 'x')]",
    "[?(@.a || (@.b))]",
    "@",
    "?",
    "(",
    ")",
    "[",
    "]",
    "'",
    "\"",
    "\\",
    ",",
    ":",
    ".a",
    ".list",
    "..a",
    ".*",
    " ",
    "9223372036854775807",
    "-9223372036854775808",
    "é",
    "null",
    ".length()",
];

const CALL_WORDS: &[&str] = &[
    "States.Array(",
    "States.ArrayPartition(",
    "States.ArrayContains(",
    "States.ArrayRange(",
    "States.ArrayGetItem(",
    "States.ArrayLength(",
    "States.ArrayUnique(",
    "States.Base64Encode(",
    "States.Base64Decode(",
    "States.Hash(",
    "States.JsonMerge(",
    "States.StringToJson(",
    "States.JsonToString(",
    "States.MathRandom(",
    "States.MathAdd(",
    "States.StringSplit(",
    "States.UUID()",
    "States.Format(",
    ")",
    ",",
    "$",
    "$.a",
    "$.list",
    "$.list[*]",
    "'{}'",
    "'a,b'",
    "'",
    "\\'",
    "\\{",
    "{}",
    "0",
    "-1",
    "1.5",
    "9223372036854775807",
    "-9223372036854775808",
    "1e300",
    "null",
    "true",
    "false",
    "'MD5'",
    "'SHA-256'",
    " ",
    "é",
];

const JSONATA_WORDS: &[&str] = &[
    "$states.input",
    "$states.input.items",
    "$states.input.list",
    "$states.context",
    "$",
    "$$",
    "%",
    "*",
    "**",
    ".",
    "..",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ";",
    ":=",
    "~>",
    "&",
    "=",
    "!=",
    "<",
    ">=",
    " and ",
    " or ",
    " in ",
    "?",
    ":",
    "@$i",
    "#$j",
    "^(v)",
    "^(>v)",
    "|$|{'x': 1}|",
    "/a+/",
    "/(a*)*b/i",
    "'x'",
    "1e300",
    "-1",
    "0.5",
    "null",
    "true",
    "[1..20]",
    "[1..9999]",
    "function($x){$x}",
    "function($x, $y){$x & $y}",
    "($f := function($x){$f($x)}; $f(1))",
    "$map(",
    "$filter(",
    "$reduce(",
    "$sift(",
    "$each(",
    "$single(",
    "$sort(",
    "$zip(",
    "$append(",
    "$reverse(",
    "$shuffle(",
    "$distinct(",
    "$keys(",
    "$lookup(",
    "$merge(",
    "$spread(",
    "$type(",
    "$error('e')",
    "$assert(",
    "$string(",
    "$length(",
    "$substring(",
    "$substringBefore(",
    "$pad(",
    "$trim(",
    "$contains(",
    "$split(",
    "$join(",
    "$match(",
    "$replace(",
    "$uppercase(",
    "$base64encode(",
    "$base64decode(",
    "$encodeUrl(",
    "$decodeUrlComponent(",
    "$number(",
    "$abs(",
    "$power(",
    "$sqrt(",
    "$round(",
    "$formatNumber(",
    "$formatBase(",
    "$formatInteger(",
    "$parseInteger(",
    "$fromMillis(",
    "$toMillis(",
    "$now()",
    "$millis()",
    "$random()",
    "$uuid()",
    "$hash(",
    "$partition(",
    "$range(",
    "$parse(",
    "$eval(",
    "$sum(",
    "$max(",
    "$average(",
    "$count(",
    "$exists(",
    "$boolean(",
    "$not(",
    ", ",
    "`a b`",
    "'[Y0001]-[M01]-[D01]'",
    "'#,##0.00'",
    "%}",
    "\u{1f600}",
    "$clone(",
];
