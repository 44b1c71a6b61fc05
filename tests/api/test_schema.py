"""The API keeps to its own description, whatever is sent (schemathesis)."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from locator.api import build_api
from locator.settings import Settings

OPERATIONS = [
    ("POST", "/v1/find"), ("POST", "/v1/geocode"), ("POST", "/v1/suggest"), ("GET", "/v1/find"), ("GET", "/v1/route"),
    ("GET", "/v1/points"), ("GET", "/v1/points/{id}"), ("GET", "/v1/hours"), ("GET", "/v1/guide"),
]  # fmt: skip


@pytest.fixture(scope="module")
def schema(locator):
    return schemathesis.openapi.from_asgi("/openapi.json", build_api(lambda: locator, Settings(rate_limit=0)))


def test_every_operation_is_tried(schema):
    described = {(op.method.upper(), op.path) for op in (result.ok() for result in schema.get_all_operations())}
    assert described == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_an_operation_answers_as_described(schema, method, path):
    # A schema cannot say which texts are opening hours, or that (0, 0) is no position: those are 422 and documented.
    @given(case=schema[path][method].as_strategy())
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def call(case):
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    call()
