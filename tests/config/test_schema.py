"""The published description of the API and what the code does are the same."""

from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def schema() -> dict:
    return yaml.safe_load(COMMITTED.read_text())


def test_committed_description_is_what_the_code_says():
    said = SchemaGenerator().get_schema(request=None, public=True)

    written = OpenApiYamlRenderer().render(said, renderer_context={}).decode()

    assert written == COMMITTED.read_text(), (
        "docs/openapi.yaml is behind the code: run `manage.py spectacular --file docs/openapi.yaml`"
    )


def test_served_description_is_openapi_3_1(client: Client, schema: dict):
    served = client.get("/api/schema")

    assert served.status_code == 200
    assert served["Content-Type"].startswith("application/vnd.oai.openapi")
    assert yaml.safe_load(served.content)["openapi"] == schema["openapi"] == "3.1.0"


def test_description_is_served_as_json_too(client: Client):
    served = client.get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"})

    assert served.json()["info"]["title"] == "VEZEPySports API"


def test_every_operation_documents_its_problems(schema: dict):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            expected = {"406", "422", "429", "500", "503"}
            expected |= {"404"} if "{" in path else set()
            expected |= {"200", "304"} if method == "get" else {"400", "403", "415"}
            expected -= {"304", "406"} if path == "/api/v1/stream" else set()
            assert expected <= set(operation["responses"]), path


def test_docs_page_needs_no_inline_script_and_no_other_host(client: Client):
    response = client.get("/api/docs")
    html = response.content.decode()

    assert response.status_code == 200
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "http://" not in html
    assert "https://" not in html
    assert all(" src=" in tag for tag in html.split("<script")[1:])


def test_index_leads_to_every_list(client: Client):
    answer = client.get("/api/v1").json()

    assert set(answer) == {
        "leagues",
        "seasons",
        "teams",
        "players",
        "matches",
        "standings",
        "changes",
        "stream",
        "fantasy-games",
        "schema",
        "docs",
    }
