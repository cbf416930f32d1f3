//! JSONata as Step Functions has it: `$states`, variables, six more functions, no `$eval`, and limits.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

mod allocation;
mod bounded;
mod convert;
mod direct;
mod functions;
mod messages;
mod pictures;
mod tree;
mod unsupported;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use indexmap::IndexMap;
use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::value::JValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::ContextObject;
use crate::data::Json;
use crate::environment::Variables;
use crate::random::Random;
use crate::time::Timestamp;

/// What an expression may cost. Depth, lengths and sizes decide deterministically; the time is the last resort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Depth of the evaluation's stack.
    pub depth: usize,
    /// Items of any sequence that an expression builds.
    pub sequence_length: usize,
    /// Values in an expression's result, and characters of a text that a function builds.
    pub size: usize,
    /// Milliseconds of one evaluation.
    pub milliseconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 2_000, sequence_length: 100_000, size: 4_000_000, milliseconds: 10_000 }
    }
}

/// An expression, parsed once.
pub(crate) struct Expression {
    text: Arc<str>,
    tree: AstNode,
    uses: tree::Uses,
    unsupported: Vec<unsupported::Reference>,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EvaluationError {
    /// JSONata's code and message.
    Message(String),
    /// The value is a function.
    Unsupported,
}

/// Where an expression stands: the error output is there in catchers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    State,
    Catcher,
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Expression").field(&self.text).finish()
    }
}

/// What an expression can see.
pub(crate) struct Scope<'e> {
    pub(crate) input: &'e Json,
    pub(crate) result: Option<&'e Json>,
    pub(crate) error_output: Option<&'e Json>,
    pub(crate) context: &'e ContextObject<'e>,
    pub(crate) variables: &'e dyn Variables,
    pub(crate) now: Timestamp,
    pub(crate) limits: &'e Limits,
}

impl Expression {
    /// Whether `text` is an expression: it begins with `{%` and ends with `%}`.
    pub(crate) fn is_delimited(text: &str) -> bool {
        inner(text).is_some()
    }

    /// Parses a field's text; `None` where it is no expression but plain text.
    pub(crate) fn compile(text: &str) -> Result<Option<Self>, String> {
        let Some(inner) = inner(text) else { return Ok(None) };
        let parsed = catch_unwind(|| jsonata_core::parser::parse(inner));
        let tree = match parsed {
            Ok(Ok(tree)) => tree,
            Ok(Err(error)) => return Err(messages::of_parser(&error.to_string())),
            Err(_) => return Err(String::from("the expression cannot be parsed")),
        };
        let unsupported = unsupported::references(&tree);
        let (tree, uses) = tree::prepare(tree)?;
        Ok(Some(Self { text: Arc::from(inner), tree, uses, unsupported }))
    }

    /// The expression without its delimiters.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What the expression reads that there is not at `place`, in the service's words.
    pub(crate) fn unsupported(&self, place: Place) -> Vec<String> {
        self.unsupported.iter().filter_map(|reference| reference.problem(place)).collect()
    }

    /// Names of the workflow's variables that the expression reads.
    pub(crate) fn references(&self) -> impl Iterator<Item = &str> {
        self.uses.references().map(tree::original)
    }

    /// The expression's value, `None` where it is undefined; an error is JSONata's code and message.
    pub(crate) fn evaluate(
        &self,
        scope: &Scope<'_>,
        random: &mut Random,
    ) -> Result<Option<Value>, EvaluationError> {
        // Functions that hold one another are freed recursively; [`allocation`] bounds how many there are.
        if self.uses.functions.has(allocation::ESCAPE) {
            return stacker::grow(allocation::STACK, || self.evaluate_here(scope, random));
        }
        self.evaluate_here(scope, random)
    }

    fn evaluate_here(
        &self,
        scope: &Scope<'_>,
        random: &mut Random,
    ) -> Result<Option<Value>, EvaluationError> {
        let limits = scope.limits;
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut evaluator = Evaluator::with_options(
                self.bindings(scope),
                EvaluatorOptions {
                    timeout_ms: Some(limits.milliseconds),
                    max_stack_depth: Some(limits.depth),
                    max_sequence_length: Some(limits.sequence_length),
                    cancel: None,
                },
            );
            let drawn = functions::register(&mut evaluator, self.uses.functions, scope, random)?;
            let value = evaluator.evaluate(&self.tree, &JValue::Undefined)?;
            Ok((value.unwrap_sequence(), drawn))
        }));
        match result {
            Ok(Ok((value, drawn))) => {
                if let Some(drawn) = drawn {
                    *random = drawn.borrow().clone();
                }
                convert::to_json(&value, limits.size)
            }
            Ok(Err(error)) => Err(EvaluationError::Message(messages::of_evaluation(&error))),
            Err(_) => Err(EvaluationError::Message(String::from("D1001: The evaluation failed"))),
        }
    }

    fn bindings(&self, scope: &Scope<'_>) -> Context {
        let mut context = Context::new();
        for name in &self.uses.variables {
            if let Some(value) = scope.variables.get(tree::original(name)) {
                context.bind(name.clone(), convert::from_json(value));
            }
        }
        let uses = &self.uses.states;
        if uses.any() {
            let mut states = IndexMap::with_capacity(4);
            if uses.input {
                states.insert(String::from("input"), convert::from_json(scope.input));
            }
            if uses.context {
                states.insert(String::from("context"), convert::from_json(&scope.context.to_value()));
            }
            if let (true, Some(result)) = (uses.result, scope.result) {
                states.insert(String::from("result"), convert::from_json(result));
            }
            if let (true, Some(error)) = (uses.error_output, scope.error_output) {
                states.insert(String::from("errorOutput"), convert::from_json(error));
            }
            context.bind(String::from("states"), JValue::object(states));
        }
        context
    }
}

fn inner(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct None_;
    impl Variables for None_ {
        fn get(&self, name: &str) -> Option<&Json> {
            static VALUE: std::sync::LazyLock<Json> = std::sync::LazyLock::new(|| Arc::new(json!([1, 2])));
            (name == "list").then_some(&*VALUE)
        }
    }

    fn evaluate(text: &str) -> Result<Option<Value>, String> {
        evaluate_with(text, &Limits { milliseconds: 2_000, ..Limits::default() })
    }

    fn evaluate_with(text: &str, limits: &Limits) -> Result<Option<Value>, String> {
        let input = Arc::new(json!({"n": 5000, "items": [{"v": 1}, {"v": 2}], "one": [{"v": 3}]}));
        let context = ContextObject {
            given: None,
            execution_arn: "arn:aws:states:us-east-1:111111111111:execution:m:e",
            execution_name: "e",
            execution_input: &input,
            role_arn: "r",
            start_time: Timestamp(0),
            redrive_count: Some(0),
            redrive_time: None,
            state_machine_arn: "m",
            state_machine_name: "m",
            state_name: "S",
            entered_time: Timestamp(0),
            retry_count: None,
            task_token: None,
            item: None,
            child: None,
        };
        let scope = Scope {
            input: &input,
            result: None,
            error_output: None,
            context: &context,
            variables: &None_,
            now: Timestamp(1_480_973_369_120),
            limits,
        };
        match Expression::compile(&format!("{{% {text} %}}"))? {
            Some(expression) => {
                expression.evaluate(&scope, &mut Random::new(3)).map_err(|error| match error {
                    EvaluationError::Message(message) => message,
                    EvaluationError::Unsupported => String::from("unsupported"),
                })
            }
            None => Err(String::from("not an expression")),
        }
    }

    #[test]
    fn states_and_variables() {
        assert_eq!(evaluate("$states.input.n"), Ok(Some(json!(5000))));
        assert_eq!(evaluate("$states.input.n").unwrap().unwrap().to_string(), "5000");
        assert_eq!(evaluate("$sum($list)"), Ok(Some(json!(3))));
        assert_eq!(evaluate("$states.input.items.v"), Ok(Some(json!([1, 2]))));
        assert_eq!(evaluate("$states.input.one.v"), Ok(Some(json!(3))));
        assert_eq!(evaluate("$states.context.State.Name"), Ok(Some(json!("S"))));
        assert_eq!(evaluate("$states.result"), Ok(None));
        assert_eq!(evaluate("$nothing"), Ok(None));
        assert_eq!(evaluate("states.input"), Ok(None));
        assert_eq!(evaluate("($s := $states; $s.input.n)"), Ok(Some(json!(5000))));
        assert_eq!(evaluate("$lookup($states, 'input').n"), Ok(Some(json!(5000))));
    }

    #[test]
    fn time_and_randomness_come_from_outside() {
        assert_eq!(evaluate("$now()"), Ok(Some(json!("2016-12-05T21:29:29.120Z"))));
        assert_eq!(evaluate("$now('[Y0001]')"), Ok(Some(json!("2016"))));
        assert_eq!(evaluate("$millis()"), Ok(Some(json!(1_480_973_369_120_i64))));
        assert_eq!(evaluate("[$random(), $uuid()]"), evaluate("[$random(), $uuid()]"));
        assert_eq!(evaluate("$shuffle([1..50])"), evaluate("$shuffle([1..50])"));
        assert_ne!(evaluate("$shuffle([1..50])"), evaluate("[1..50]"));
        assert_eq!(evaluate("$random() = $random()"), Ok(Some(json!(false))));
        assert_eq!(evaluate("$random(7) = $random(7)"), Ok(Some(json!(true))));
        assert_eq!(evaluate("$random(42)"), Ok(Some(json!(0.727_563_680_032_868_1))));
    }

    #[test]
    fn added_functions() {
        assert_eq!(evaluate("$partition([0,1,2], 2)"), Ok(Some(json!([[0, 1], [2]]))));
        assert_eq!(evaluate("$partition([0], 2)"), Ok(Some(json!([[0]]))));
        assert_eq!(evaluate("$range(0, 10, 3)"), Ok(Some(json!([0, 3, 6, 9]))));
        assert_eq!(evaluate("$range(1, 9, 9)"), Ok(Some(json!(1))));
        assert_eq!(evaluate("$parse('{\"a\": [1]}').a"), Ok(Some(json!([1]))));
        assert_eq!(evaluate("$hash('', 'MD5')"), Ok(Some(json!("d41d8cd98f00b204e9800998ecf8427e"))));
        assert_eq!(evaluate("$eval('1')"), evaluate("$randomSeeded(1)"));
        assert_eq!(evaluate("$partition([1, 2, 3], 2.9)"), Ok(Some(json!([[1, 2], [3]]))));
        assert_eq!(evaluate("$range(-1.7, 2, 1)"), Ok(Some(json!([-1, 0, 1, 2]))));
        for undefined in [
            "$partition([1], 0)",
            "$partition([], 2)",
            "$range(0, 3)",
            "$range(0, 3, 0)",
            "$range(0, 3, -1)",
            "$hash('a')",
        ] {
            assert_eq!(evaluate(undefined), Ok(None), "{undefined}");
        }
        assert!(evaluate("$range(1, 360145, 1)").is_ok());
        assert_eq!(
            evaluate("$range(1, 360146, 1)"),
            Err(String::from("Expression evaluation memory limit exceeded"))
        );
        assert_eq!(
            evaluate("$randomSeeded(1)"),
            Err(String::from("T1006: Attempted to invoke a non-function"))
        );
    }

    #[test]
    fn numbers_that_json_has_not_are_texts() {
        for (text, expected) in [
            ("1 / 0", json!("Infinity")),
            ("[-1 / 0]", json!(["-Infinity"])),
            ("{'k': 1e308 * 10}", json!({"k": "Infinity"})),
            ("0 / 0", json!("NaN")),
            ("$parseInteger('abc', '0')", json!("NaN")),
        ] {
            assert_eq!(evaluate(text), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn a_function_is_no_result() {
        for text in ["$sum", "function($x) { $x }", "[$sum]"] {
            assert_eq!(evaluate(text), Err(String::from("unsupported")), "{text}");
        }
    }

    #[test]
    fn only_delimited_text_is_an_expression() {
        assert!(Expression::compile("{% 1 + %}").is_err());
        assert!(Expression::compile(" {% 1 %}").unwrap().is_none());
        assert!(Expression::compile("plain").unwrap().is_none());
    }

    #[test]
    fn bounds_do_not_show() {
        for (text, expected) in [
            ("'a' & 1 & true & null & $nothing", json!("a1truenull")),
            ("$string($states.input.one)", json!("[{\"v\":3}]")),
            ("$states.input.n.$string()", json!("5000")),
            ("$map([1, 2], $string)", json!(["1", "2"])),
            ("[1, 2] ~> $map($string) ~> $join('-')", json!("1-2")),
            ("$join($states.input.items.$string(v), ', ')", json!("1, 2")),
            ("$join('a')", json!("a")),
            ("$distinct([1, 1, 2])", json!([1, 2])),
            ("($string := function($x) { 'mine' }; $string(1))", json!("mine")),
            ("'abc' ~> $replace(/b/, 'x$0x')", json!("axbxc")),
            ("$replace('abc', /[ac]/, function($m) { $uppercase($m.match) })", json!("AbC")),
            ("$pad('x', -3, '#')", json!("##x")),
            ("$base64encode('a')", json!("YQ==")),
            ("$encodeUrlComponent('a b')", json!("a%20b")),
            ("$fromMillis(0, '[Y0001]-[M01]')", json!("1970-01")),
            ("($f := function($x) { $x = [1, 2] }; $f($list))", json!(true)),
            ("2 in $list", json!(true)),
            ("$map(['a', 'b'], $uppercase)", json!(["A", "B"])),
            ("($f := $substring; $f('hello', 3))", json!("lo")),
            ("($f := $substring(?, 0, 2); $f('hello'))", json!("he")),
            ("($f := $trim ~> $uppercase; $f(' a '))", json!("A")),
            ("' a ' ~> $trim ~> $uppercase()", json!("A")),
            (
                "[1..3].{'a': $, 'b': [$, [$]]}",
                json!([{"a": 1, "b": [1, [1]]}, {"a": 2, "b": [2, [2]]}, {"a": 3, "b": [3, [3]]}]),
            ),
            ("[1..2].[[1..2], 3]", json!([[[1, 2], 3], [[1, 2], 3]])),
            ("$map([1, 2], function($x) { [1..$x] })", json!([[1], [1, 2]])),
            ("$map([1, 2], function($x) { $states.input.items.v })", json!([[1, 2], [1, 2]])),
            ("($f := function($n) { $n = 0 ? 'done' : $f($n - 1) }; $f(5000))", json!("done")),
            ("$states.input.items[[0..1]].v", json!([1, 2])),
            ("$states.input.items{$string(v): v}", json!({"1": 1, "2": 2})),
            (
                "$map($states.input.items, function($i) { $i ~> |$|{'v': [v]}| })",
                json!([{"v": [1]}, {"v": [2]}]),
            ),
            ("$map($states.input.items, function($i) { $i.v })^(>$)", json!([2, 1])),
            ("($x := $states.input.items.v[]; [1].{'k': $x})", json!({"k": [1, 2]})),
            ("($g := function($x) { $states.input.one.v[] }; $g(1))", json!([3])),
            ("$sort([3, 1, 2], function($a, $b) { $a > $b })", json!([1, 2, 3])),
            ("$formatInteger(1999, 'I')", json!("MCMXCIX")),
            ("$formatNumber(1234.5, '#,##0.00')", json!("1,234.50")),
            ("$toMillis('2016-12-05', '[Y0001]-[M01]-[D01]')", json!(1_480_896_000_000_i64)),
            ("$toMillis('21:29', '[H01]:[m01]')", json!(1_480_973_340_000_i64)),
            ("$toMillis('21:29', '[H01]' & ':[m01]')", json!(1_480_973_340_000_i64)),
            ("$sum($shuffle([1..10]))", json!(55)),
            ("$states.input.items@$a.$states.input.items@$b.($a.v * 10 + $b.v)", json!([11, 12, 21, 22])),
            ("$states.input.items#$i.{'i': $i, 'v': v}", json!([{"i": 0, "v": 1}, {"i": 1, "v": 2}])),
            ("($a := [1, 2]; [$a, 3, [$a]])", json!([1, 2, 3, [1, 2]])),
            (
                "($a := [1, 2]; {'a': $a, 'b': [$a], 'c': $type(function($x) { $x })})",
                json!({"a": [1, 2], "b": [1, 2], "c": "function"}),
            ),
        ] {
            assert_eq!(evaluate(text), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn hostile_expressions_end() {
        let limits = Limits { depth: 500, sequence_length: 10_000, size: 100_000, milliseconds: 500 };
        for text in [
            "($f := function($x) { $f($x) + 1 }; $f(1))",
            "($f := function($x) { $f($x) }; $f(1))",
            "$pad('', 1e12)",
            "$count([1..1e9])",
            "$map([1..1000000], function($x) { $x })",
            "$reduce([1..200], function($a, $b) { $a & $a }, 'xx')",
            "($a := 'xxxxxxxxxxxxxxxxxxxx'; $b := $a & $a & $a & $a & $a & $a & $a & $a; $c := $b & $b & $b & $b & $b & $b & $b; $d := $c & $c & $c & $c & $c & $c & $c & $c & $c & $c; $e := $d & $d & $d & $d & $d & $d & $d & $d & $d; $e & $e)",
            "$reduce([1..200], function($a, $b) { [[$a], [$a]] }, [1])",
            "$string($reduce([1..200], function($a, $b) { [[$a], [$a]] }, [1]))",
            "$reduce([1..200], function($a, $b) { $join([$a, $a]) }, 'xx')",
            "$reduce([1..200], function($a, $b) { $replace($a, 'x', 'xx') }, 'xx')",
            "$fromMillis(0, '[Y,9999999999999]')",
            "$fromMillis(15100675571067557121)",
            "[0..1e99]",
            "[-1e99..1e99]",
            "($n := 9223372036854775807; [-$n..$n])",
            "$range(-1e99, 1e99, 1)",
            "$fromMillis(15100675571067557121, '[D1o] H[#1]m01] [P] [z]', '+0530')",
            "($f := $fromMillis; $f(-1e300, '[Y]'))",
            "$formatBase(5, 99)",
            "$formatInteger(5, $pad('0', 1e9, '0'))",
            "$reduce([1..5000], function($a, $b) { [[$a]] }, [1])",
            "$join([1..9000].('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'))",
            "($a := $reduce([1..60], function($a, $b) { [[$a], [$a]] }, 1); $b := $reduce([1..60], function($a, $b) { [[$a], [$a]] }, 1); $a = $b)",
            "$reduce([1..200], function($a, $b) { $base64encode($a) }, 'xx')",
            "$reduce([1..200], function($a, $b) { $a & $a ~> $encodeUrl }, '%%')",
            "($big := $pad('x', 90000); $replace($big, /x| /, function() { $big }))",
            "($f := $join; $reduce([1..200], function($a, $b) { $f([$a, $a]) }, 'xx'))",
            "$count($distinct([1..10001]))",
            "$states.input.items ~> |$|{'x': $pad('', 1e9)}|",
            "[1..10000].[[1..10000]]",
            "[1..10000].{'a': [1..1000]}",
            "$map([1..10000], function($x) { [1..10000] })",
            "$map([1..10000], function($x) { $pad('a', 90000, 'a') })",
            "($p := $pad('a', 90000, 'a'); [1..10000].$uppercase($p))",
            "($p := $pad('a', 90000, 'a'); $map([1..10000].($p), $uppercase))",
            "($f := function($a) { $f([[$a]]) }; $f(0))",
            "($f := function($a) { $f({'a': $a, 'b': [1..1000]}) }; $f(0))",
            "($f := function($g) { $f(function() { $g }) }; $f(1))",
            "($f := function($g) { $f($g ~> $trim) }; $f($trim))",
            "($f := function($n) { $g($n + 1) }; $g := function($n) { $f($n + 1) }; $f(0))",
            "$formatInteger(1e15, 'I')",
            "$reduce([1..40], function($a, $b) { [$a, $a] }, [1, 2])",
            "$boolean($reduce([1..60], function($a, $b) { [[$a], [$a]] }, 0))",
            "$count($reduce([1..60], function($a, $b) { {'a': $a, 'b': $a} }, 1).**)",
            "$reduce([1..60], function($a, $b) { $map([1, 2], function($x) { $a }) }, 1).x",
            "$states.input.items@$a.[1..1000]@$b.[1..1000]@$c.[1..1000]@$d",
            "$formatNumber(1, $pad('', 90000, '0'))",
            "0 ~> $fromMillis('[Y,9999999999999]')",
            "($f := $fromMillis; $f(0, '[Y,9999999999999]'))",
            "$count($keys([1..10000].{$string($) & 'a': 1, $string($): 2}))",
            "$count($match($pad('a', 90000, 'a'), /a/))",
        ] {
            assert!(evaluate_with(text, &limits).is_err(), "{text}");
        }
    }
}
