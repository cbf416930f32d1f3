//! `States.Format`.

use serde_json::Value;

use crate::data;

/// Fills the `{}` of the first value with the others; `placeholders` are their places where the template is a literal.
pub(super) fn format(values: &[Value], placeholders: Option<&[usize]>) -> Result<Value, String> {
    let Some((Value::String(template), arguments)) = values.split_first() else {
        return Err(String::from("the first argument must be a string"));
    };
    let found: Vec<usize>;
    let places = if let Some(places) = placeholders {
        places
    } else {
        found = template.match_indices("{}").map(|(place, _)| place).collect();
        &found
    };
    if places.len() != arguments.len() {
        return Err(format!(
            "the template has {} placeholders but {} arguments were given",
            places.len(),
            arguments.len()
        ));
    }
    let mut text = String::with_capacity(template.len());
    let mut done = 0;
    for (&place, argument) in places.iter().zip(arguments) {
        text.push_str(&template[done..place]);
        write_plain(argument, &mut text);
        if text.len() > data::COPIES / 32 {
            return Err(String::from("the text is too long"));
        }
        done = place + 2;
    }
    text.push_str(&template[done..]);
    Ok(Value::String(text))
}

/// The service writes objects and arrays as Java's collections print: `{a=1, b=[x, 2]}`.
fn write_plain(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_plain(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(key);
                out.push('=');
                write_plain(item, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
