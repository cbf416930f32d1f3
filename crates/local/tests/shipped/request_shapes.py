"""Writes request_shapes.json: the shapes of the requests that the shipped workflows make, from the services' models in botocore.

    pip install botocore && python3 crates/local/tests/shipped/request_shapes.py

A member is followed when its name occurs in a workflow, in the schema of its input or in the example; the others are known
by name alone (null).
"""

import json
import pathlib
import re

import botocore
import botocore.loaders

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[3]
REQUESTS = {
    "sagemaker": [
        "CreateHyperParameterTuningJob", "CreateTrainingJob", "CreateTransformJob", "CreateModel", "CreateEndpointConfig",
        "CreateEndpoint", "UpdateEndpoint", "DescribeEndpoint", "DescribeAlgorithm", "DescribeTrainingJob", "ListModels",
    ],
    "application-autoscaling": ["RegisterScalableTarget", "PutScalingPolicy"],
    "sns": ["Publish"],
}

files = [*sorted((ROOT / "workflows").glob("*.json")), *sorted((ROOT / "examples/titanic").glob("*.json"))]
words = {word for file in files for word in re.findall(r"\w+", file.read_text())}
shapes, requests = {}, {}


def add(service, model, name):
    key = f"{service}:{name}"
    if key not in shapes:
        shape = model["shapes"][name]
        entry = shapes[key] = {"type": shape["type"]}
        entry |= {k: shape[k] for k in ("required", "min", "max", "pattern", "enum") if k in shape}
        if shape["type"] == "structure":
            entry["members"] = {
                member: add(service, model, of["shape"]) if member in words else None
                for member, of in sorted(shape["members"].items())
            }
        elif shape["type"] == "list":
            entry["member"] = add(service, model, shape["member"]["shape"])
        elif shape["type"] == "map":
            entry["value"] = add(service, model, shape["value"]["shape"])
    return key


for service, actions in REQUESTS.items():
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    for action in actions:
        requests[action] = add(service, model, model["operations"][action]["input"]["shape"])

lines = lambda table: ",\n".join(f"    {json.dumps(key)}: {json.dumps(table[key])}" for key in sorted(table))
text = f"""{{
  "about": "The shapes of the requests that the shipped workflows make, from the services' models in botocore. Written by request_shapes.py.",
  "botocore": "{botocore.__version__}",
  "requests": {{
{lines(requests)}
  }},
  "shapes": {{
{lines(shapes)}
  }}
}}
"""
json.loads(text)
(HERE / "request_shapes.json").write_text(text)
