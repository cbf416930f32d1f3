/// The state machines that come with the tool: name and definition, with `${Name}` still in it.
pub(crate) const STATE_MACHINES: [(&str, &str); 4] = [
    ("model-tuning", include_str!("../../../workflows/model-tuning.asl.json")),
    ("endpoint-deployment", include_str!("../../../workflows/endpoint-deployment.asl.json")),
    (
        "model-tuning-with-endpoint-deployment",
        include_str!("../../../workflows/model-tuning-with-endpoint-deployment.asl.json"),
    ),
    ("batch-inference", include_str!("../../../workflows/batch-inference.asl.json")),
];

/// The JSON Schema of the input of a state machine that comes with the tool, by its name: the text of
/// `workflows/<name>.input.schema.json`.
pub fn input_schema(name: &str) -> Option<&'static str> {
    match name {
        "model-tuning" => Some(include_str!("../../../workflows/model-tuning.input.schema.json")),
        "endpoint-deployment" => {
            Some(include_str!("../../../workflows/endpoint-deployment.input.schema.json"))
        }
        "model-tuning-with-endpoint-deployment" => {
            Some(include_str!("../../../workflows/model-tuning-with-endpoint-deployment.input.schema.json"))
        }
        "batch-inference" => Some(include_str!("../../../workflows/batch-inference.input.schema.json")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_machine_comes_with_the_schema_of_its_input() {
        for (name, _) in STATE_MACHINES {
            assert!(
                input_schema(name).is_some_and(|text| text.contains(&format!("Input of {name}"))),
                "{name}"
            );
        }
        assert_eq!(input_schema("own"), None);
    }
}
