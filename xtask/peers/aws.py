"""The calls of the replaced system by boto3, for the benchmark `aws`: launch and import.

`aws.py launch PATH BUCKET KEY STATE_MACHINE` does one launch for each line on standard input, and answers it with a line.
`aws.py import PATH BUCKET KEY...` imports the documents once, one parameter after the other.
"""

import json
import sys

import boto3
from botocore.config import Config


def flatten(prefix, value):
    """Names and values of a document's leaves."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(f"{prefix}/{key}", inner)
    else:
        yield prefix, value


def launch(path, bucket, key, state_machine):
    ssm, s3, stepfunctions = (boto3.client(name) for name in ("ssm", "s3", "stepfunctions"))
    pages = ssm.get_paginator("get_parameters_by_path")
    for _ in sys.stdin:
        document = {}
        for page in pages.paginate(Path=path, Recursive=True, WithDecryption=True):
            for parameter in page["Parameters"]:
                levels = parameter["Name"][len(path) + 1 :].split("/")
                inner = document
                for level in levels[:-1]:
                    inner = inner.setdefault(level, {})
                value = parameter["Value"]
                inner[levels[-1]] = value.split(",") if parameter["Type"] == "StringList" else value
        manifest = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        document["channels"] = manifest["channels"]
        stepfunctions.start_execution(stateMachineArn=state_machine, input=json.dumps(document))
        print("done", flush=True)


def import_documents(path, bucket, *keys):
    config = Config(retries={"max_attempts": 30})
    ssm, s3 = boto3.client("ssm", config=config), boto3.client("s3")
    for key in keys:
        document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        for name, value in flatten(path, document):
            is_list = isinstance(value, list)
            ssm.put_parameter(
                Name=name,
                Value=",".join(value) if is_list else str(value),
                Type="StringList" if is_list else "String",
            )


if __name__ == "__main__":
    {"launch": launch, "import": import_documents}[sys.argv[1]](*sys.argv[2:])
