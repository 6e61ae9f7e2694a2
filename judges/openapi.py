"""The document of the API is judged by a validator of OpenAPI; the server by Schemathesis, which makes requests out of the
document, good ones and bad ones, and holds every answer against it: no 5xx, every status, content type, header and body
as described, and nothing taken that the document forbids.

Answers may have more fields in time, so the document leaves room for them; here that room is closed, so that no field
goes undescribed."""

import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import jsonschema
from openapi_spec_validator import OpenAPIV31SpecValidator
from served import Served
from verdict import Verdict, equal

# Which random requests are made, and how many for each operation beside its examples and the edges of its schemas.
SEED = 20
EXAMPLES = 8
# What is begun later than this is left out: a slow machine judges less, and not for longer.
SECONDS_MAX = 80

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
]

# Operations that are not asked, each with its reason.
LEFT_OUT = {
    "stream": "its answer never ends",
    "revoke_key": "may revoke the key that asks, after which every answer is a 401",
    "rotate_key": "may end the key that asks",
    "put_key_budget": "may leave the key that asks nothing to spend",
    "erase_customer": "forgets the customer that other requests are about",
    "openapi": "is the document itself, and is judged as such",
    "docs": "a page for people, which the tests of the door look at",
    "ping_webhook_endpoint": "calls addresses that were made up",
}

# Any error is a refusal, but for one of the server's own; `gone` is not among those that Schemathesis takes for one.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = ["4XX", "503"]

# A position that will never be reached is waited for, and then answered with 503: as described, and to be tried again.
[checks.not_a_server_error]
expected-statuses = ["2XX", "3XX", "4XX", "503"]

# What is wrong with one event of a batch is answered in its place, and no reason to refuse the others.
[[operations]]
include-operation-id = "meter_events"
checks.negative_data_rejection.expected-statuses = ["2XX", "4XX", "503"]

[[operations]]
include-operation-id = "receive_cloud_events"
checks.negative_data_rejection.expected-statuses = ["2XX", "4XX", "503"]
"""

verdict = Verdict()
served = Served()


def fetch(path):
    with urllib.request.urlopen(served.url + path) as answer:
        return answer.read()


def closed(part):
    """A schema of answers without room for fields that nobody described."""
    if isinstance(part, list):
        return [closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    part = {name: closed(value) for name, value in part.items()}
    if part.get("type") in ("object", ["object", "null"]) and isinstance(part.get("properties"), dict):
        part.setdefault("additionalProperties", False)
    return part


def without_room(document):
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] = closed(operation["responses"])
    for kind in ("responses", "schemas"):
        document["components"][kind] = closed(document["components"][kind])
    return document


document = json.loads(fetch("/openapi.json"))

with verdict("the document is an OpenAPI document"):
    equal([str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()], [])

with verdict("every example is what its schema says, in its form too"):
    exact = without_room(copy.deepcopy(document))
    operations = [operation for path in exact["paths"].values() for operation in path.values()]
    for operation in operations:
        for part in [operation.get("requestBody", {}), *operation["responses"].values()]:
            content = part.get("content", {}).get("application/json", {})
            if "example" in content:
                schema = {**content["schema"], "components": exact["components"]}
                wrong = [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(content["example"])]
                equal((operation["operationId"], wrong), (operation["operationId"], []))

with verdict("what is left out is described"):
    names = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    equal(set(LEFT_OUT) - names, set())

# Something of everything, so that requests find what they ask for.
served.call("POST", "/v1/customers/user_42/grants", {"credits": 5000, "kind": "promotional"})
served.call("POST", "/v1/events", {"event": "image.generate", "customer": "user_42", "idempotency_key": "first"})

with tempfile.TemporaryDirectory() as folder:
    strict, report = pathlib.Path(folder) / "openapi.json", pathlib.Path(folder) / "report.json"
    strict.write_text(json.dumps(without_room(document)))
    configuration = pathlib.Path(folder) / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    arguments = [pathlib.Path(sys.executable).parent / "schemathesis", "--no-color", "--config-file", configuration]
    arguments += ["run", strict]
    arguments += ["--url", served.url, "--header", f"Authorization: Bearer {served.key}"]
    arguments += ["--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--warnings", "off"]
    arguments += ["--seed", str(SEED), "--max-examples", str(EXAMPLES), "--max-time", str(SECONDS_MAX)]
    arguments += ["--continue-on-failure", "--no-shrink", "--suppress-health-check", "all"]
    arguments += ["--report", "json", "--report-json-path", report]
    for name in LEFT_OUT:
        arguments += ["--exclude-operation-id", name]
    environment = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": folder}
    ran = subprocess.run(arguments, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    found = json.loads(report.read_text())

with verdict("every operation that is not left out was asked"):
    equal(found["operations"]["tested"], len(names) - len(LEFT_OUT))
    equal(found["errors"], [])

with verdict(f"{found['test_cases']['generated']} requests were answered as described"):
    assert ran.returncode == 0 and not found["failures"], ran.stdout

served.end()
verdict.end()
