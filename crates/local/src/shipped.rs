/// The state machines that come with the tool: name and definition, with `${Name}` still in it.
pub(crate) const STATE_MACHINES: [(&str, &str); 3] = [
    ("model-tuning", include_str!("../../../workflows/model-tuning.asl.json")),
    ("endpoint-deployment", include_str!("../../../workflows/endpoint-deployment.asl.json")),
    (
        "model-tuning-with-endpoint-deployment",
        include_str!("../../../workflows/model-tuning-with-endpoint-deployment.asl.json"),
    ),
];
