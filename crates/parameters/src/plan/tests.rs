use super::*;
use crate::{Documents, FingerprintKey, SecretValue, encode};

fn path() -> StorePath {
    "/p".parse().unwrap()
}

fn content(text: &str) -> Content {
    encode(&Documents::merge([("a.json", text)]).unwrap().root, &path()).unwrap()
}

fn live(name: &str, parameter_type: ParameterType, value: &str) -> LiveParameter {
    LiveParameter { name: name.parse().unwrap(), parameter_type, value: value.into(), version: 1 }
}

fn string(name: &str, value: &str) -> LiveParameter {
    live(name, ParameterType::String, value)
}

/// A plan without secrets.
fn plan(
    base: Option<&Content>,
    others: &[Content],
    wanted: &Content,
    live: &[LiveParameter],
    keep_drift: bool,
) -> Plan {
    let secrets = HashMap::new();
    let path = path();
    Plan::compute(&PlanInput { path: &path, base, others, wanted, live, secrets: &secrets, keep_drift })
        .unwrap()
}

/// Each parameter with its change and marks: `!` for drift, `?` for somebody else's.
fn rows(plan: &Plan) -> Vec<String> {
    let mark = |is: bool, mark: &'static str| if is { mark } else { "" };
    let row = |p: &PlannedParameter| {
        format!("{} {:?}{}{}", p.name, p.change, mark(p.drifted, "!"), mark(p.foreign, "?"))
    };
    plan.parameters.iter().map(row).collect()
}

#[test]
fn the_three_ways_are_told_apart() {
    let base = content(r#"{"same":1,"ours":1,"theirs":1,"kind":"x","gone":1,"gone-already":1}"#);
    let ours = content(r#"{"same":1,"ours":2,"theirs":1,"kind":["x"],"new":true,"taken":"v"}"#);
    let theirs = [
        string("/p/same", "1"),
        string("/p/ours", "1"),
        string("/p/theirs", "9"),
        string("/p/kind", "x"),
        string("/p/gone", "1"),
        string("/p/taken", "v"),
        string("/p/foreign", "1"),
    ];
    let plan = plan(Some(&base), &[], &ours, &theirs, false);
    assert_eq!(
        rows(&plan),
        [
            "/p/same Unchanged",
            "/p/ours Update",
            "/p/theirs Update!",
            "/p/kind Replace",
            "/p/new Create",
            "/p/taken Unchanged?",
            "/p/gone Delete"
        ]
    );
    assert!(plan.content_changed && !plan.is_empty());
}

#[test]
fn what_is_as_it_should_be_needs_nothing() {
    let same = content(r#"{"a":1,"b":""}"#);
    let theirs = [string("/p/a", "1")];
    assert!(plan(Some(&same), &[], &same, &theirs, false).is_empty());
    assert!(!plan(None, &[], &same, &theirs, false).is_empty());
}

#[test]
fn a_switch_as_a_python_application_wrote_it_is_the_same_switch() {
    let wanted = content(r#"{"on":true,"off":false,"text":"true"}"#);
    let theirs = [string("/p/on", "True"), string("/p/off", "False"), string("/p/text", "True")];
    let plan = plan(Some(&wanted), &[], &wanted, &theirs, false);
    assert_eq!(rows(&plan), ["/p/on Unchanged", "/p/off Unchanged", "/p/text Update!"]);
}

#[test]
fn an_edit_is_kept_when_asked_unless_the_documents_changed() {
    let base = content(r#"{"edited":1,"removed":1,"both":1}"#);
    let ours = content(r#"{"edited":1,"removed":1,"both":2}"#);
    let theirs = [string("/p/edited", "9"), string("/p/both", "9")];
    let kept = plan(Some(&base), &[], &ours, &theirs, true);
    assert_eq!(rows(&kept), ["/p/edited Keep!", "/p/removed Keep!", "/p/both Update!"]);
    let reverted = plan(Some(&base), &[], &ours, &theirs, false);
    assert_eq!(rows(&reverted), ["/p/edited Update!", "/p/removed Create!", "/p/both Update!"]);
    assert!(plan(Some(&base), &[], &base, &theirs, true).is_empty());
}

#[test]
fn what_an_apply_left_is_ours_and_no_drift() {
    let base = content(r#"{"a":1,"t":"x"}"#);
    let crashed = content(r#"{"a":2,"b":1,"c":1,"t":["x"]}"#);
    let earlier = content(r#"{"a":1,"old":1}"#);
    let theirs = [
        string("/p/a", "2"),
        string("/p/b", "1"),
        string("/p/c", "7"),
        string("/p/old", "1"),
        string("/p/x", "1"),
    ];
    let plan = plan(Some(&base), &[crashed, earlier], &base, &theirs, false);
    // "c" has been edited since: it is somebody's own now. "t" was deleted to be replaced.
    assert_eq!(rows(&plan), ["/p/a Update", "/p/t Create", "/p/b Delete", "/p/old Delete"]);
}

#[test]
fn a_secret_is_compared_by_fingerprint_and_recorded_as_the_version_it_will_have() {
    let key = FingerprintKey::new([7; 32]);
    let print = |text: &str| key.fingerprint(&SecretValue::new(text));
    let secure =
        |name: &str, version| LiveParameter { version, ..live(name, ParameterType::SecureString, "") };
    let document = r#"{"same":{"$secret":"env:A"},"other":{"$secret":"env:B"},"new":{"$secret":"env:C"}}"#;
    let wanted = content(document);
    let mut secrets = HashMap::new();
    for (name, wanted, live) in
        [("/p/same", "a", Some("a")), ("/p/other", "b", Some("x")), ("/p/new", "c", None)]
    {
        let state = SecretState { wanted: print(wanted), live: live.map(&print) };
        secrets.insert(name.parse().unwrap(), state);
    }
    let path = path();
    let theirs = [secure("/p/same", 4), secure("/p/other", 2)];
    let input = PlanInput {
        path: &path,
        base: None,
        others: &[],
        wanted: &wanted,
        live: &theirs,
        secrets: &secrets,
        keep_drift: false,
    };
    let plan = Plan::compute(&input).unwrap();
    assert_eq!(rows(&plan), ["/p/same Unchanged?", "/p/other Update?", "/p/new Create"]);
    let recorded: Vec<_> = plan.content.entries.iter().map(|entry| entry.value.as_str()).collect();
    assert_eq!(recorded, ["/p/same:4", "/p/other:3", "/p/new:1"]);
    let again = Plan::compute(&PlanInput {
        base: Some(&plan.content),
        live: &[secure("/p/same", 4), secure("/p/other", 3), secure("/p/new", 1)],
        ..input
    });
    // The value of "other" and "new" was not read anew here: what they are is as `secrets` says.
    assert_eq!(rows(&again.unwrap()), ["/p/same Unchanged", "/p/other Update", "/p/new Update"]);
    let missing = Plan::compute(&PlanInput { secrets: &HashMap::new(), ..input });
    assert_eq!(missing, Err(PlanError::Secret("/p/same".parse().unwrap())));
}
