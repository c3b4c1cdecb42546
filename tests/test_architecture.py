"""The table of rooms and doors (docs: the README), and the house rules that a program can see."""

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = ("service", "attribution", "worker")
SDK = Path("clients/python/src/wellspring_client")

MODULES = sorted(
    path.relative_to(ROOT)
    for package in (*OURS, SDK)
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)

Rule = Callable[[Path], None]

# What each room may import of ours. A name stands for itself and all below it.
MAY_IMPORT = {
    "service.ledger": ("service.ledger",),
    "service.store": ("service.store", "service.ledger"),
    "service.documents": ("service.documents", "service.ledger"),
    "service.intake": ("service.intake", "service.ledger"),
    "service.api": (
        "service.api", "service.ledger", "service.store", "service.documents", "service.intake",
        "service.settings",
    ),
    "service.portal": (
        "service.portal", "service.ledger", "service.store", "service.documents",
        "service.intake", "service.settings", "service.api",
    ),
    "service.settings": (),
    "attribution": ("attribution",),
    "worker": OURS,
    "wellspring_client": (),
    "wellspring_client.fingerprints": (
        "worker.cli.fingerprints", "worker.installed_encoder", "service.settings",
    ),
}  # fmt: skip

# What each room may not import of others.
MAY_NOT_IMPORT = {
    "service.ledger": ("sqlmodel", "sqlalchemy", "psycopg", "pydantic", "fastapi", "celery", "os",
                       "time", "random", "secrets", "uuid"),
    "service.store": ("fastapi", "starlette", "celery", "faiss", "torch", "pydantic_settings"),
    "service.documents": ("fastapi", "starlette", "celery", "sqlmodel", "sqlalchemy", "psycopg"),
    "service.intake": ("fastapi", "starlette", "celery", "sqlmodel", "sqlalchemy", "psycopg"),
    "service.api": ("celery", "torch", "faiss", "sentence_transformers"),
    "service.portal": ("celery", "torch", "faiss", "sentence_transformers"),
    "service.settings": ("fastapi", "celery", "sqlmodel"),
    "attribution": ("sqlmodel", "sqlalchemy", "psycopg", "fastapi", "celery"),
    "worker": (),
    "wellspring_client": ("numpy", "pydantic", "sqlmodel", "fastapi"),
    "wellspring_client.fingerprints": (),
}  # fmt: skip

# Beside numpy the ledger is the standard library, and of that only what computes.
LEDGER_MAY_IMPORT = {
    "service", "numpy", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "graphlib", "hashlib", "itertools", "math", "operator",
    "re", "types", "typing",
}  # fmt: skip

NO_NOUNS = {
    "utils", "util", "helpers", "helper", "common", "core", "base", "manager", "processor", "data",
    "info", "models", "misc",
}  # fmt: skip

# Switches of libraries that know no other way; nothing of ours is read from the environment here.
SWITCHES = {
    "worker/embedded.py": "PostgreSQL's wheel wants XDG_RUNTIME_DIR for its socket",
    "worker/cli/application.py": "tokenizers warn in forked processes unless told",
    "worker/cli/serve.py": "huggingface_hub asks the network unless told",
    "attribution/sentence_model.py": "huggingface_hub and transformers ask the network unless told",
}


@cache
def nodes(module: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))))


def dotted(module: Path) -> str:
    inside = module.relative_to(SDK.parent) if module.is_relative_to(SDK) else module
    return ".".join(inside.with_suffix("").parts).removesuffix(".__init__")


def room_of(module: Path) -> str:
    name = dotted(module)
    rooms = [room for room in MAY_IMPORT if is_in(name, room)]
    return max(rooms, key=len, default="")


def is_in(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def imports(module: Path) -> Iterator[str]:
    """Yield every import wherever it stands; of ``from a import b`` both ``a`` and ``a.b``."""
    for node in nodes(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
            assert node.module
            yield node.module
            if node.module in {*OURS, "service"}:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(module: Path) -> Iterator[tuple[int, str]]:
    for node in nodes(module):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def of_each(modules: Sequence[Path]) -> Callable[[Rule], Callable[[], None]]:
    """Make a rule for one module one test of all; each that breaks it is named, with what it did.

    A test a module would be thousands, and cost more than all that they look at.
    """

    def of_all(rule: Rule) -> Callable[[], None]:
        def test() -> None:
            broken = {}
            for module in modules:
                try:
                    rule(module)
                except AssertionError as error:
                    broken[str(module)] = str(error)
            assert modules
            assert broken == {}

        test.__doc__ = rule.__doc__
        return test

    return of_all


each_module = of_each(MODULES)
each_of_the_ledger = of_each([m for m in MODULES if room_of(m) == "service.ledger"])


def test_there_is_something_to_look_at():
    rooms = {room_of(module) for module in MODULES if module.name != "__init__.py"}
    assert rooms >= {"service.ledger", "service.store", "service.api", "attribution", "worker"}
    assert "" not in rooms, "a module stands in no room of the table"


@each_module
def test_a_room_opens_only_its_doors(module):
    room = room_of(module)
    opened = [
        name
        for name in imports(module)
        if name.partition(".")[0] in OURS
        and name != "service"
        and not any(is_in(name, door) for door in MAY_IMPORT.get(room, ()))
    ]
    assert opened == []
    strangers = [
        name
        for name in imports(module)
        if any(is_in(name, banned) for banned in MAY_NOT_IMPORT.get(room, ()))
    ]
    assert strangers == []


@each_module
def test_the_portal_takes_only_doors_of_the_api(module):
    """The portal shares the API's context, keys and error table; it calls none of its routes."""
    if room_of(module) != "service.portal":
        return
    routes = {"sales", "works", "statements", "people", "ledger", "previews", "formats", "health"}
    taken = [n.removeprefix("service.api.") for n in imports(module) if is_in(n, "service.api")]
    assert not routes & {name.partition(".")[0] for name in taken}


@each_module
def test_a_module_is_named_by_a_noun_of_the_trade(module):
    assert not NO_NOUNS & {*module.with_suffix("").parts}


@each_module
def test_modules_and_functions_stay_short(module):
    lines = len((ROOT / module).read_text(encoding="utf-8").splitlines())
    assert lines <= 300, f"{lines} lines"
    long = [
        (node.name, node.end_lineno - node.lineno + 1)
        for node in nodes(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > 40
    ]
    assert long == []


@of_each([m for m in MODULES if m.name == "__init__.py" and m.parent != SDK])
def test_packages_are_empty(module):
    assert (ROOT / module).read_text(encoding="utf-8") == ""


def test_every_folder_of_modules_is_a_package():
    folders = {module.parent for module in MODULES}
    assert [str(f) for f in sorted(folders) if not (ROOT / f / "__init__.py").exists()] == []


@each_of_the_ledger
def test_the_ledger_is_standard_library_and_numpy(module):
    assert {name.partition(".")[0] for name in imports(module)} <= LEDGER_MAY_IMPORT


@each_of_the_ledger
def test_the_ledger_knows_no_float(module):
    found = []
    for node in nodes(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append((node.lineno, repr(node.value)))
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append((node.lineno, "/"))
        elif isinstance(node, ast.Name) and node.id in {"float", "complex", "round"}:
            found.append((node.lineno, node.id))
        elif isinstance(node, ast.Attribute) and node.attr.startswith(("float", "true_divide")):
            found.append((node.lineno, node.attr))
    assert found == []


@each_of_the_ledger
def test_the_ledger_has_no_clock_and_no_chance(module):
    asked = [
        (line, name)
        for line, name in calls(module)
        if name.rpartition(".")[2] in {"now", "utcnow", "today", "urandom", "open", "print"}
        or "random" in name
    ]
    assert asked == []


@each_module
def test_the_clock_is_read_by_the_outermost_package_only(module):
    if room_of(module).partition(".")[0] in {"worker", "wellspring_client"}:
        return
    read = [
        (line, name)
        for line, name in calls(module)
        if name in {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    ]
    assert read == []


@each_module
def test_the_environment_is_read_in_one_file(module):
    """Where a library's switch is set, it is set and no more."""
    if module in {Path("service/settings.py"), SDK / "settings.py"}:
        return
    read = []
    for node in nodes(module):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}:
            read.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            read += [node.lineno for a in node.names if a.name in {"environ", "getenv"}]
    if str(module) in SWITCHES:
        assert read, "no exception is needed here any more"
        asked = {name for _, name in calls(module) if "environ" in name or "getenv" in name}
        assert asked <= {"os.environ.setdefault", "os.environ.update", "os.environ.get"}
        if "os.environ.get" in asked:
            assert str(module) == "attribution/sentence_model.py", "it puts back what it found"
    else:
        assert read == []


@each_module
def test_only_the_store_commits(module):
    """One unit of work commits; code under it flushes (docs/decisions)."""
    if str(module) == "service/store/database.py":
        return
    commits = [line for line, name in calls(module) if name.endswith(".commit")]
    assert commits == []


@each_module
def test_nothing_is_left_for_later(module):
    body = (ROOT / module).read_text(encoding="utf-8")
    assert [mark for mark in ("TODO", "FIXME", "XXX", "HACK") if mark in body] == []
