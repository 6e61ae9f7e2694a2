"""The document of the API is judged by a validator of OpenAPI, and the server by Schemathesis, which makes requests out of
the document, good ones and bad ones, and holds every answer against it: no 5xx, every status, content type, header and
body as described, and nothing taken that the document forbids."""

import json
import subprocess
import urllib.error
import urllib.request

import jsonschema
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import CheckContext, load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from served import Served
from verdict import Verdict, equal
