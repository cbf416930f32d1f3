//! The use cases over three ports: parameter store, objects, workflows.
