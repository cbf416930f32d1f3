use super::*;
use crate::{Content, Digest, Entry, Kind, StorePath};

fn sample(leaves: usize, seed: usize) -> Content {
    let entries = (0..leaves).map(|n| Entry {
        levels: vec!["a".into(), format!("leaf-{n}")],
        kind: Kind::String,
        value: Digest::of(format!("{seed} {n}")).to_string(),
    });
    Content { entries: entries.collect() }
}

fn head(content: &Content, chunks: &Chunks) -> Head {
    let time = "2026-01-01T00:00:00Z".parse().unwrap();
    Head {
        format: FORMAT,
        number: 3,
        parent: 2,
        action: Action::Rollback { to: 1 },
        owner: "mlpp".into(),
        author: "somebody".into(),
        time,
        lease_until: time,
        writer: "w".into(),
        tool: "mlpp 0.1.0".into(),
        documents: vec![("ml-parameters.json".into(), Digest::of("x"))],
        content: content.digest(),
        parameters: content.parameters().count(),
        chunks: chunks.listed.clone(),
        indexed: chunks.indexed,
    }
}

/// Reads a release back as a store would give it.
fn read(head: &Head, chunks: &Chunks) -> Result<Content, RecordError> {
    let value = |name: &String| chunks.all.iter().find(|chunk| chunk.name == *name).unwrap().value.as_str();
    let names = if head.indexed { index(head, head.chunks.iter().map(value))? } else { head.chunks.clone() };
    content(head, &names, names.iter().map(value))
}

#[test]
fn chunks_and_head_come_back_and_fit_a_standard_parameter() {
    for leaves in [0, 1, 500, 20_000] {
        let mut content = sample(leaves, 0);
        let long: String = (0..400).map(|n| Digest::of(format!("{n}")).to_string()).collect();
        content.entries.push(Entry { levels: vec!["long".into()], kind: Kind::Json, value: long });
        let pieces = chunks(&content);
        assert!(pieces.all.iter().all(|chunk| chunk.value.len() <= STANDARD_TIER_BYTES));
        assert_eq!(pieces.indexed, leaves == 20_000);
        let head = head(&content, &pieces);
        assert!(head.to_text().len() <= STANDARD_TIER_BYTES, "{}", head.to_text().len());
        assert_eq!(read(&head, &pieces).unwrap(), content);
    }
}

#[test]
fn a_small_change_leaves_most_chunks_as_they_are() {
    let before = sample(2000, 0);
    let mut after = before.clone();
    after.entries[1000].value = "changed".into();
    let before = chunks(&before).all;
    let new = chunks(&after).all.into_iter().filter(|chunk| !before.contains(chunk)).count();
    assert!(before.len() > 20);
    assert!((1..=8).contains(&new), "{new} of {}", before.len());
}

#[test]
fn what_was_damaged_is_told() {
    let content = sample(10, 0);
    let pieces = chunks(&content);
    let head = head(&content, &pieces);
    let with = |value| super::content(&head, &head.chunks, [value]).unwrap_err().to_string();
    assert!(with("!").contains("\"content/"));
    let other = chunks(&sample(10, 1));
    assert!(with(&other.all[0].value).ends_with("the digest of its content differs"));
    let newer = head.to_text().replace("\"format\":1", "\"format\":2");
    assert!(matches!(Head::from_text(3, &newer), Err(RecordError::Format { format: 2, .. })));
    assert!(matches!(Head::from_text(4, &head.to_text()), Err(RecordError::Damaged { .. })));
    assert_eq!(Head::from_text(3, &head.to_text()).unwrap(), head);
}

/// What this version wrote once must be read by every later one.
#[test]
fn a_release_of_format_1_is_read() {
    let text = concat!(
        r#"{"format":1,"number":1,"parent":0,"action":"apply","owner":"mlpp","author":"somebody","#,
        r#""time":"2026-01-01T00:00:00Z","lease_until":"2026-01-01T00:01:00Z","writer":"w","tool":"mlpp 0.1.0","#,
        r#""documents":[],"content":"9867178173b39fae56adb20e4dddf428e73d951848c951be73108b2eb52ec1a3","parameters":1,"#,
        r#""chunks":["x"]}"#
    );
    let head = Head::from_text(1, text).unwrap();
    let chunk = "ATAAz/97ImxldmVscyI6WyJhIl0sImtpbmQiOiJudW1iZXIiLCJ2YWx1ZSI6IjFlLTkifQo=";
    let read = content(&head, &head.chunks, [chunk]).unwrap();
    let entry = Entry { levels: vec!["a".into()], kind: Kind::Number, value: "1e-9".into() };
    assert_eq!(read.entries, [entry]);
}

#[test]
fn a_record_is_known_by_its_name() {
    let path: StorePath = "/p".parse().unwrap();
    let names = RecordNames::of(&path).unwrap();
    for (name, record) in [
        (names.head(7), RecordName::Head(7)),
        (names.committed(7), RecordName::Committed(7)),
        (names.pinned(12), RecordName::Pinned(12)),
        (names.current(), RecordName::Current),
        (names.chunk("abc"), RecordName::Chunk("abc".into())),
    ] {
        assert_eq!(names.parse(&name.unwrap()), Some(record));
    }
    for other in
        ["/p.releases/x", "/p.releases/07", "/p.releases/7/other", "/p/7", "/p.releases/7/committed/x"]
    {
        assert_eq!(names.parse(&other.parse().unwrap()), None, "{other}");
    }
    let deep: StorePath = "/a".repeat(14).parse().unwrap();
    assert!(RecordNames::of(&deep).is_err());
}
