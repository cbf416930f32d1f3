#!/usr/bin/env python3
"""Writes the shapes of service responses beside this file, from the service models in botocore (Apache-2.0).

    pip download --no-deps botocore==1.41.5 && python3 generate.py botocore-*.whl

Kept of a model is what a mocked result is checked against: the types of an operation's output, which members are required, enumerations
and bounds. Names are those that Step Functions gives the members: the model's with a capital first letter.
"""
import gzip
import json
import pathlib
import sys
import zipfile

# Service of a `Resource` -> directory of its model, and the actions kept; None keeps all of them, for the AWS SDK integrations.
SERVICES = {
    "athena": ("athena", ["getQueryExecution", "getQueryResults", "startQueryExecution", "stopQueryExecution"]),
    "batch": ("batch", ["submitJob"]),
    "codebuild": ("codebuild", ["batchDeleteBuilds", "deleteBuildBatch", "retryBuildBatch", "startBuild", "startBuildBatch",
                                "stopBuild", "stopBuildBatch"]),
    "databrew": ("databrew", ["startJobRun"]),
    "dynamodb": ("dynamodb", None),
    "ecs": ("ecs", ["runTask"]),
    "eks": ("eks", ["createCluster", "createNodegroup", "deleteCluster", "deleteNodegroup"]),
    "emr-containers": ("emr-containers", ["createVirtualCluster", "deleteVirtualCluster", "startJobRun"]),
    "emr-serverless": ("emr-serverless", ["cancelJobRun", "createApplication", "deleteApplication", "startApplication", "startJobRun",
                                          "stopApplication"]),
    "events": ("events", None),
    "glue": ("glue", ["startJobRun"]),
    "kms": ("kms", None),
    "lambda": ("lambda", None),
    "s3": ("s3", None),
    "sagemaker": ("sagemaker", ["createEndpoint", "createEndpointConfig", "createHyperParameterTuningJob", "createLabelingJob",
                                "createModel", "createProcessingJob", "createTrainingJob", "createTransformJob", "describeEndpoint",
                                "describeHyperParameterTuningJob", "describeLabelingJob", "describeModel", "describeProcessingJob",
                                "describeTrainingJob", "describeTransformJob", "updateEndpoint"]),
    "secretsmanager": ("secretsmanager", None),
    "sns": ("sns", None),
    "sqs": ("sqs", None),
    "states": ("stepfunctions", None),
    "sts": ("sts", None),
}
PLAIN = {"string": "string", "character": "string", "timestamp": "string", "blob": "string", "boolean": "boolean",
         "integer": "number", "long": "number", "short": "number", "float": "number", "double": "number", "bigdecimal": "number"}


def capital(name):
    return name[:1].upper() + name[1:]


class Service:
    def __init__(self, model):
        self.model = model
        self.shapes = {}

    def reference(self, name):
        """The name of a shape in the table; a type with no bounds is its own name."""
        shape = self.model["shapes"][name]
        kind = shape["type"]
        if shape.get("document"):
            return "any"
        bounds = {key: shape[key] for key in ("min", "max") if shape.get(key) is not None}
        if bounds.get("min") == 0:
            del bounds["min"]
        if kind in PLAIN:
            if kind == "timestamp" or kind == "boolean":
                bounds = {}
            entry = dict(bounds)
            if "enum" in shape:
                entry = {"enum": shape["enum"]}
            if not entry:
                return PLAIN[kind]
            self.shapes[name] = {"type": PLAIN[kind], **entry}
            return name
        if name in self.shapes:
            return name
        self.shapes[name] = None
        if kind == "structure":
            entry = {"type": "object", "members": {capital(k): self.reference(v["shape"]) for k, v in shape["members"].items()}}
            if shape.get("required"):
                entry["required"] = [capital(k) for k in shape["required"]]
        elif kind == "list":
            entry = {"type": "array", "items": self.reference(shape["member"]["shape"]), **bounds}
        elif kind == "map":
            entry = {"type": "map", "items": self.reference(shape["value"]["shape"])}
        else:
            raise ValueError(kind)
        self.shapes[name] = entry
        return name

    def table(self, actions):
        operations = {}
        for name, operation in sorted(self.model["operations"].items()):
            action = name[:1].lower() + name[1:]
            if (actions is None or action in actions) and "output" in operation:
                operations[action] = self.reference(operation["output"]["shape"])
        if actions is not None:
            missing = [a for a in actions if a not in operations and capital(a) not in self.model["operations"]]
            if missing:
                raise ValueError(f"no such actions: {missing}")
        return {"operations": operations, "shapes": dict(sorted(self.shapes.items()))}


def main():
    wheel = zipfile.ZipFile(sys.argv[1])
    here = pathlib.Path(__file__).parent
    for service, (directory, actions) in SERVICES.items():
        models = [n for n in wheel.namelist() if n.startswith(f"botocore/data/{directory}/") and n.endswith("/service-2.json.gz")]
        model = json.loads(gzip.decompress(wheel.read(max(models))))
        text = json.dumps(Service(model).table(actions), separators=(",", ":"))
        (here / f"{service}.json").write_text(text + "\n")


main()
