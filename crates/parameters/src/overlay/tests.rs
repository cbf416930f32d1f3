use proptest::prelude::*;

use super::*;
use crate::Sources;
use crate::json::{Pointer, parse};

fn parsed(sources: &mut Sources, text: &str) -> Node {
    let source = sources.add("a.json", text);
    parse(sources, source).unwrap()
}

fn overlaid(base: &Node, over: &Node) -> Node {
    let mut base = base.clone();
    overlay(&mut base, over.clone());
    base
}

/// The text of `over` laid over `base`.
fn text(base: &str, over: &str) -> String {
    let mut sources = Sources::default();
    let base = parsed(&mut sources, base);
    let over = parsed(&mut sources, over);
    overlaid(&base, &over).to_string()
}

#[test]
fn objects_are_joined_and_the_rest_is_replaced() {
    for (base, over, expected) in [
        (r#"{"a":1,"b":2}"#, r#"{"b":3,"c":4}"#, r#"{"a":1,"b":3,"c":4}"#),
        (r#"{"o":{"x":1,"y":{"z":2}}}"#, r#"{"o":{"y":{"w":3}}}"#, r#"{"o":{"x":1,"y":{"z":2,"w":3}}}"#),
        (r#"{"l":[1,2,3]}"#, r#"{"l":[4]}"#, r#"{"l":[4]}"#),
        (r#"{"l":[{"Name":"a","x":1}]}"#, r#"{"l":[{"Name":"a"}]}"#, r#"{"l":[{"Name":"a"}]}"#),
        (r#"{"a":{"x":1}}"#, r#"{"a":null}"#, r#"{"a":null}"#),
        (r#"{"a":"text"}"#, r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
        (r#"{"a":{"x":1}}"#, r#"{"a":{}}"#, r#"{"a":{"x":1}}"#),
        ("{}", r#"{"a":[]}"#, r#"{"a":[]}"#),
    ] {
        assert_eq!(text(base, over), expected);
    }
}

#[test]
fn ranges_are_joined_by_name_in_place_and_new_ones_appended() {
    let ranges = |list: &str| format!(r#"{{"parameterRanges":{{"IntegerParameterRanges":[{list}]}}}}"#);
    let base =
        ranges(r#"{"Name":"a","MinValue":"1","MaxValue":"9"},{"Name":"b","MinValue":"1","MaxValue":"9"}"#);
    for (over, expected) in [
        (
            r#"{"MaxValue":"5","Name":"a"}"#,
            r#"{"Name":"a","MinValue":"1","MaxValue":"5"},{"Name":"b","MinValue":"1","MaxValue":"9"}"#,
        ),
        (
            r#"{"Name":"c","MinValue":"2"},{"Name":"b","MinValue":"2"}"#,
            r#"{"Name":"a","MinValue":"1","MaxValue":"9"},{"Name":"b","MinValue":"2","MaxValue":"9"},{"Name":"c","MinValue":"2"}"#,
        ),
        // The second one of a name is kept, so that it is told.
        (
            r#"{"Name":"b","MinValue":"2"},{"Name":"b","MinValue":"3"},7"#,
            r#"{"Name":"a","MinValue":"1","MaxValue":"9"},{"Name":"b","MinValue":"2","MaxValue":"9"},{"Name":"b","MinValue":"3"},7"#,
        ),
        ("", r#"{"Name":"a","MinValue":"1","MaxValue":"9"},{"Name":"b","MinValue":"1","MaxValue":"9"}"#),
    ] {
        assert_eq!(text(&base, &ranges(over)), ranges(expected));
    }
    let values = |list: &str| {
        format!(r#"{{"parameterRanges":{{"CategoricalParameterRanges":[{{"Name":"d","Values":{list}}}]}}}}"#)
    };
    assert_eq!(text(&values(r#"["x","y"]"#), &values(r#"["y"]"#)), values(r#"["y"]"#));
    let other = r#"{"parameterRanges":{"IntegerParameterRanges":null}}"#;
    assert_eq!(text(&base, other), other);
}

#[test]
fn a_secret_is_one_value() {
    let recorded = r#"{"t":{"$secret":"/p/t","version":3}}"#;
    for over in [r#"{"t":{"version":9}}"#, r#"{"t":{"$secret":"env:T"}}"#, r#"{"t":"plain"}"#] {
        assert_eq!(text(recorded, over), over);
        assert_eq!(text(over, recorded), recorded);
    }
}

/// The sources in which the names and values stand, by pointer.
fn places(node: &Node, pointer: &Pointer, found: &mut Vec<(String, u16)>) {
    found.push((pointer.as_str().to_owned(), node.span.source));
    match &node.value {
        Value::Object(members) => {
            for member in members {
                let pointer = pointer.child(&member.name);
                found.push((format!("{pointer} name"), member.name_span.source));
                places(&member.node, &pointer, found);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                places(element, &pointer.child(index), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_value_keeps_its_place() {
    let mut sources = Sources::default();
    let base = parsed(&mut sources, r#"{"a":1,"o":{"x":1},"parameterRanges":{"I":[{"Name":"n","Min":1}]}}"#);
    let over = parsed(
        &mut sources,
        r#"{"a":2,"o":{"x":1,"y":{"z":0}},"parameterRanges":{"I":[{"Name":"n","Min":2},{"Name":"m"}]}}"#,
    );
    let mut found = Vec::new();
    places(&overlaid(&base, &over), &Pointer::default(), &mut found);
    let theirs: Vec<_> = found.iter().filter(|(_, source)| *source == 1).map(|(at, _)| at.as_str()).collect();
    assert_eq!(
        theirs,
        [
            "/a name",
            "/a",
            "/o/x name",
            "/o/x",
            "/o/y name",
            "/o/y",
            "/o/y/z name",
            "/o/y/z",
            "/parameterRanges/I/0/Min name",
            "/parameterRanges/I/0/Min",
            "/parameterRanges/I/1",
            "/parameterRanges/I/1/Name name",
            "/parameterRanges/I/1/Name",
        ]
    );
}

/// Documents in which a name has one kind of value wherever it stands, as those of one project have: `s…` a scalar, `l…` a
/// list, `o…` an object.
fn document() -> impl Strategy<Value = Value> {
    fn name(kind: &'static str) -> impl Strategy<Value = String> {
        (0..3_u8).prop_map(move |n| format!("{kind}{n}"))
    }
    let scalar = prop_oneof![
        (0..5_u8).prop_map(|n| Value::Number(n.to_string())),
        "[ab]{0,2}".prop_map(Value::String),
        any::<bool>().prop_map(Value::Boolean),
        Just(Value::Null),
    ];
    let list = prop::collection::vec(scalar.clone(), 0..3)
        .prop_map(|list| Value::Array(list.into_iter().map(Node::from).collect()));
    let leaf = prop_oneof![(name("s"), scalar.clone()), (name("l"), list)];
    let members = |member: BoxedStrategy<(String, Value)>| {
        prop::collection::vec(member, 0..5).prop_map(|members| {
            let unique: indexmap::IndexMap<_, _> = members.into_iter().collect();
            Value::Object(unique.into_iter().map(|(name, value)| Member::new(name, value)).collect())
        })
    };
    let object = members(leaf.clone().boxed()).boxed().prop_recursive(3, 24, 4, move |inner| {
        members(prop_oneof![leaf.clone(), (name("o"), inner)].boxed()).boxed()
    });
    let range = ("[a-d]", object.clone()).prop_map(|(name, rest)| {
        let mut members = vec![Member::new(NAME, Value::String(name))];
        if let Value::Object(rest) = rest {
            members.extend(rest);
        }
        Value::Object(members)
    });
    let ranges = prop::collection::vec(range, 0..4).prop_map(|mut ranges| {
        let mut seen = std::collections::HashSet::new();
        ranges.retain(|range| seen.insert(range.get(NAME).map(ToString::to_string)));
        Value::Array(ranges.into_iter().map(Node::from).collect())
    });
    (object, prop::option::of(ranges)).prop_map(|(mut root, ranges)| {
        if let (Value::Object(members), Some(ranges)) = (&mut root, ranges) {
            let kinds = Value::Object(vec![Member::new("IntegerParameterRanges", ranges)]);
            members.push(Member::new("parameterRanges", kinds));
        }
        root
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_and_itself_change_nothing(document in document()) {
        let document = Node::from(document);
        let nothing = Node::from(Value::Object(Vec::new()));
        for over in [&nothing, &document] {
            prop_assert_eq!(overlaid(&document, over).to_string(), document.to_string());
        }
        prop_assert_eq!(overlaid(&nothing, &document).to_string(), document.to_string());
    }

    #[test]
    fn what_is_laid_over_wins(base in document(), over in document()) {
        let (base, over) = (Node::from(base), Node::from(over));
        let once = overlaid(&base, &over);
        prop_assert_eq!(overlaid(&once, &over).to_string(), once.to_string());
    }

    /// Of documents in which one name is a scalar here and an object there it does not hold: the scalar in the middle
    /// would hide what lies below it.
    #[test]
    fn three_documents_of_one_project_give_the_same_however_they_are_joined(
        a in document(), b in document(), c in document(),
    ) {
        let [a, b, c] = [a, b, c].map(Node::from);
        let left = overlaid(&overlaid(&a, &b), &c);
        let right = overlaid(&a, &overlaid(&b, &c));
        prop_assert_eq!(left.to_string(), right.to_string());
    }
}
