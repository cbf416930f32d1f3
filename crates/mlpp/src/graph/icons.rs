//! A sign for each type of state, 18 by 18 pixels, drawn with lines of the class `icon`.

pub(super) fn of(kind: &str) -> &'static str {
    match kind {
        "Pass" => r#"<path d="M2 9h13M10 4l5 5-5 5"/>"#,
        "Task" => r#"<path d="M2.5 3.5h13v11h-13zM5.5 7l2.5 2-2.5 2M9.5 11.5h3.5"/>"#,
        "Choice" => {
            r#"<path d="M9 1.5 16.5 9 9 16.5 1.5 9zM7.2 7.3c0-2.4 3.6-2.4 3.6 0 0 1.5-1.8 1.3-1.8 2.9M9 12.3v.4"/>"#
        }
        "Wait" => r#"<circle cx="9" cy="9" r="7"/><path d="M9 4.5v4.5l3 2"/>"#,
        "Succeed" => r#"<circle cx="9" cy="9" r="7"/><path d="M5.5 9.2l2.5 2.5 4.5-5"/>"#,
        "Fail" => r#"<circle cx="9" cy="9" r="7"/><path d="M6.2 6.2l5.6 5.6M11.8 6.2l-5.6 5.6"/>"#,
        "Parallel" => r#"<path d="M9 1.5v3M3.5 16.5v-4M14.5 16.5v-4M9 16.5v-4M3.5 12.5v-4h11v4M9 4.5v8"/>"#,
        _ => r#"<path d="M2 6.5h9.5v9.5h-9.5zM4.5 6v-2h9.5v9.5h-2M7 3.5v-2h9.5v9.5h-2"/>"#,
    }
}
