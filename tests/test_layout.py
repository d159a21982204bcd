"""The repository's shape, held by itself: who may import whom, what a file must hold, and that no file is dead.

What each rule wants stands in its failure. A file that must break one is named in ALLOWED with its reason.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUST = ROOT / "rust"
PACKAGE = ROOT / "python" / "logloom"
TESTS = ROOT / "tests"

# Crate -> the crates it may use.
CRATES = {
    "record": set(),
    "formats": {"record"},
    "processors": {"record"},
    "journal": {"record"},
    "wire": {"record"},
    "tail": {"record", "wire"},
    "intake": {"record", "formats", "processors", "journal"},
    "server": {"record", "intake", "journal", "wire"},
    "python": {"record", "formats", "processors", "journal", "wire", "tail", "intake", "server"},
    "fuzz": {"record", "formats", "processors", "journal", "wire", "intake", "server"},
}

# Module or folder of python/logloom -> its layer. A module imports from lower layers and from its own folder only.
LAYERS = {
    "_native": 0,
    "errors": 1,
    "commits": 2,
    "config": 2,
    "rpc": 2,
    "tls": 3,
    "folder": 2,
    "identity": 2,
    "logs": 2,
    "memory": 3,
    "room": 2,
    "ticks": 3,
    "systemd": 2,
    "intake": 4,
    "journal": 3,
    "errands": 5,
    "tailing": 5,
    "store": 3,
    "telemetry": 3,
    "ledger": 3,
    "access": 3,
    "receivers": 5,
    "processors": 5,
    "connectors": 5,
    "exporters": 5,
    "extensions": 6,
    "web": 5,
    "compliance": 5,
    "detection": 5,
    "service": 7,
    "testing": 7,
    "pytest_plugin": 8,
    "cli": 8,
}
# The library's face: what `import logloom` gives. It stands on these, whatever their own layer, and only the command
# may use it from inside.
LIBRARY = {"_native", "errors"}
LIBRARY_USERS = {"cli"}
# What `import logloom` must not load.
SERVER_LIBRARIES = {"aiohttp", "asyncio", "google", "grpc", "opentelemetry", "pyarrow", "yaml"}

# Folders whose files are found by name, not imported: each file in them is one thing of a kind.
BY_NAME = {"cli", "receivers", "processors", "exporters", "connectors", "extensions", "controls"}
# What a file of the kind holds, besides its docstring.
COMPONENTS = {
    "receivers": ("Config", "create"),
    "exporters": ("Config", "create"),
    "extensions": ("Config", "create"),
    "connectors": ("Config", "create"),
    "processors": ("Config",),
}

FILE_LINES_MAX = 400
RECEIVER_LINES_MAX = 150

# (rule, file) -> the reason why this file breaks it.
ALLOWED: dict[tuple[str, str], str] = {
    ("lines", "rust/record/src/cursor.rs"): "one hot path: every call that writes a field, and what they all inline",
    (
        "unit test",
        "python/logloom/processors/batch.py",
    ): "keys alone, of which tests/configs has good and bad ones",
    ("unit test", "python/logloom/identity.py"): "types alone; what has them is tested under tests/unit/extensions",
    (
        "two languages",
        "python/logloom/processors/memory_limiter.py",
    ): "no work on a Batch: it sets when receivers take no more (logloom/memory.py)",
    (
        "two languages",
        "python/logloom/processors/batch.py",
    ): "no work on a Batch: it sets how exporters read the Journal",
}


def allowed(rule: str, path: Path) -> bool:
    return (rule, path.relative_to(ROOT).as_posix()) in ALLOWED


def report(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def crates() -> list[Path]:
    return sorted(path.parent for path in RUST.glob("*/Cargo.toml"))


def rust_files() -> Iterator[Path]:
    for crate in crates():
        for path in sorted(crate.rglob("*.rs")):
            if "target" not in path.relative_to(crate).parts:
                yield path


def python_modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """python/logloom/cli/run.py -> logloom.cli.run; a folder's __init__.py -> the folder."""
    parts = ["logloom", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Each module of logloom that `path` imports, at any depth of its code, with the line."""
    known = {dotted(module) for module in python_modules()} | {"logloom._native"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names if alias.name.split(".")[0] == "logloom")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "logloom":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield (inner if inner in known else str(node.module)), node.lineno


def place(module: str) -> str:
    """The word of LAYERS a module belongs to; empty for the library's face."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


# --- directions ---


def test_crates_use_only_what_lies_below_them() -> None:
    problems = []
    for crate in crates():
        if crate.name not in CRATES:
            problems.append(f"{name(crate)}: say in {name(Path(__file__))}, under CRATES, what it may use")
            continue
        manifest = tomllib.loads((crate / "Cargo.toml").read_text("utf-8"))
        tables = [manifest, *manifest.get("target", {}).values()]
        used = {
            dependency.removeprefix("logloom-")
            for table in tables
            for kind in ("dependencies", "dev-dependencies", "build-dependencies")
            for dependency in table.get(kind, {})
            if dependency.startswith("logloom-")
        }
        problems += [f"{name(crate)} uses {other}, which does not lie below it" for other in used - CRATES[crate.name]]
    report(problems)


def test_only_the_extension_module_may_be_unsafe() -> None:
    problems = [
        f"{name(crate)}/src/lib.rs: needs #![forbid(unsafe_code)]"
        for crate in crates()
        if crate.name not in {"python", "fuzz"}
        and "#![forbid(unsafe_code)]" not in (crate / "src" / "lib.rs").read_text("utf-8")
    ]
    report(problems)


def test_modules_import_only_from_lower_layers() -> None:
    problems = []
    for path in python_modules():
        here = place(dotted(path))
        if here and here not in LAYERS and here not in LIBRARY:
            problems.append(f"{name(path)}: say in {name(Path(__file__))}, under LAYERS or LIBRARY, where it stands")
            continue
        for module, line in imports(path):
            there = place(module)
            if there == here:
                continue
            if not here or here in LIBRARY:
                fine = there in LIBRARY
            elif not there:
                fine = here in LIBRARY_USERS
            else:
                fine = there in LIBRARY or LAYERS.get(there, 99) < LAYERS[here]
            if not fine:
                problems.append(f"{name(path)}:{line}: {here or 'the library'} may not import {module}")
    report(problems)


def test_importing_the_library_loads_no_server_library() -> None:
    code = "import sys; before = set(sys.modules); import logloom; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "logloom._native" in loaded
    report([f"import logloom loads {module}" for module in loaded if module.split(".")[0] in SERVER_LIBRARIES])


# --- files ---


def code_lines(path: Path) -> int:
    """Lines that are not blank, without a Rust file's own tests."""
    text = path.read_text("utf-8")
    if path.suffix == ".rs":
        text = re.split(r"^#\[cfg\(test\)\]\nmod ", text, maxsplit=1, flags=re.MULTILINE)[0]
    return sum(1 for line in text.splitlines() if line.strip())


def test_a_file_is_one_thing_and_short() -> None:
    problems = []
    folders = [PACKAGE, TESTS, ROOT / "tools", ROOT / "bench"]
    for path in [*rust_files(), *(file for folder in folders for file in sorted(folder.rglob("*.py")))]:
        receiver = path.parent == PACKAGE / "receivers" and path.name != "__init__.py"
        most = RECEIVER_LINES_MAX if receiver else FILE_LINES_MAX
        if (lines := code_lines(path)) > most and not allowed("lines", path):
            problems.append(f"{name(path)}: {lines} lines, more than {most}: is it still one thing?")
    report(problems)


def test_every_exception_is_still_needed() -> None:
    problems = [
        f"{file}: gone, so its line under ALLOWED goes too" for _, file in ALLOWED if not (ROOT / file).exists()
    ]
    problems += [
        f"{file}: short enough by now, so its line under ALLOWED goes"
        for rule, file in ALLOWED
        if rule == "lines" and (ROOT / file).exists() and code_lines(ROOT / file) <= FILE_LINES_MAX
    ]
    problems += [f"{file}: an exception needs a reason" for (_, file), reason in ALLOWED.items() if len(reason) < 10]
    report(problems)


def test_every_component_holds_what_its_kind_holds() -> None:
    problems = []
    for folder, needed in COMPONENTS.items():
        for path in sorted((PACKAGE / folder).glob("[!_]*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            if not ast.get_docstring(tree):
                problems.append(f"{name(path)}: needs a docstring: what it is, its config, its failures")
            held = {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
            problems += [f"{name(path)}: needs {what}" for what in needed if what not in held]
    report(problems)


def test_a_processor_has_one_name_in_both_languages() -> None:
    in_python = {path.stem for path in (PACKAGE / "processors").glob("[!_]*.py")}
    sources = RUST / "processors" / "src"
    in_rust = {path.stem for path in sources.glob("*.rs")} - {"lib"} | {
        path.parent.name for path in sources.glob("*/mod.rs")
    }
    problems = [f"python/logloom/processors/{stem}.py: missing, its Config and page" for stem in in_rust - in_python]
    problems += [
        f"python/logloom/processors/{stem}.py: no rust/processors/src/{stem}.rs"
        for stem in in_python - in_rust
        if not allowed("two languages", PACKAGE / "processors" / f"{stem}.py")
    ]
    report(problems)


# --- formats ---


def formats() -> set[str]:
    folder = RUST / "formats" / "src" / "formats"
    return {path.stem for path in folder.glob("*.rs")} - {"mod"} | {
        path.parent.name for path in folder.glob("*/mod.rs")
    }


def test_every_format_has_fixtures_and_every_fixture_a_format() -> None:
    folders = {path.name for path in (TESTS / "formats").iterdir() if path.is_dir() and path.name != "__pycache__"}
    problems = [f"tests/formats/{stem}/: missing, and the format {stem} exists" for stem in formats() - folders]
    problems += [f"tests/formats/{folder}/: no such format" for folder in folders - formats()]
    for folder in sorted(folders & formats()):
        paths = (TESTS / "formats" / folder).iterdir()
        files = [path for path in paths if path.is_file() and path.name != "README.md"]  # where the lines are from
        beside = {path for path in files if path.name.endswith(".options.json")}
        expected = {path.stem for path in files if path.suffix == ".json" and path not in beside}
        inputs = {path.stem for path in files if path.suffix != ".json"}
        if not expected:
            problems.append(f"tests/formats/{folder}/: holds no example")
        expected |= {path.name.removesuffix(".options.json") for path in beside}
        problems += [f"tests/formats/{folder}/{stem}.json: no input beside it" for stem in expected - inputs]
        problems += [f"tests/formats/{folder}/{stem}: no {stem}.json beside it" for stem in inputs - expected]
    report(problems)


# --- dead files ---


def test_every_rust_file_is_part_of_its_crate() -> None:
    problems = []
    for crate in crates():
        if crate.name == "fuzz":
            continue
        source = crate / "src"
        reached, waiting = set(), [source / "lib.rs"]
        while waiting:
            path = waiting.pop()
            reached.add(path)
            folder = path.parent if path.name in {"lib.rs", "mod.rs"} else path.with_suffix("")
            for module in re.findall(r"^\s*(?:pub(?:\([a-z]+\))? )?mod (\w+);", path.read_text("utf-8"), re.MULTILINE):
                candidates = (folder / f"{module}.rs", folder / module / "mod.rs")
                waiting += [candidate for candidate in candidates if candidate.exists()]
        problems += [f"{name(path)}: no mod names it" for path in source.rglob("*.rs") if path not in reached]
    report(problems)


def test_every_module_is_imported() -> None:
    imported = {module for path in python_modules() for module, _ in imports(path)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    imported |= {module for points in project["entry-points"].values() for module in points.values()}
    problems = []
    for path in python_modules():
        found_by_name = path.parent.name in BY_NAME and not path.name.startswith("_")
        if path.name not in {"__init__.py", "__main__.py"} and not found_by_name and dotted(path) not in imported:
            problems.append(f"{name(path)}: nothing imports it")
    report(problems)


def test_unit_tests_mirror_the_package() -> None:
    units = TESTS / "unit"
    modules = {path.relative_to(PACKAGE).with_name(f"test_{path.stem.lstrip('_')}.py") for path in python_modules()}
    faces = {path.relative_to(PACKAGE).with_name("test_init.py") for path in PACKAGE.rglob("__init__.py")}
    whole = {Path(f"test_{path.parent.name}.py") for path in PACKAGE.glob("*/__init__.py")}
    core = {Path(f"test_{(path.parent if path.stem == 'mod' else path).stem}.py") for path in rust_files()}
    core.add(Path("test_fixtures.py"))  # through the library, these are named as in the core
    there = {path.relative_to(units) for path in units.rglob("test_*.py")}
    problems = [f"tests/unit/{path}: no such module" for path in sorted(there - modules - faces - whole - core)]
    for path in python_modules():
        test = path.relative_to(PACKAGE).with_name(f"test_{path.stem}.py")
        folder = test.parent if test.parent.name else Path(test.stem)
        tested = {test, Path(f"test_{folder.name}.py"), folder / f"test_{folder.name}.py"} & there
        private = path.name.startswith("_")  # by the tests of what uses it
        if not private and not tested and not allowed("unit test", path):
            problems.append(f"{name(path)}: no tests/unit/{test}")
    report(problems)


def test_every_tool_is_used() -> None:
    tasks = (ROOT / "Makefile").read_text("utf-8") + (ROOT / ".ci" / "run").read_text("utf-8")
    tools = sorted(path for path in (ROOT / "tools").iterdir() if path.is_file())
    report([f"{name(path)}: neither the Makefile nor .ci/run uses it" for path in tools if name(path) not in tasks])


def test_no_unfinished_work_is_marked() -> None:
    marks = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
    problems = []
    for path in [*rust_files(), *python_modules()]:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if marks.search(line):
                problems.append(f"{name(path)}:{number}: finish it, or say in CHANGELOG what is not there yet")
    report(problems)


# --- builds ---


def test_the_wheel_and_the_tests_compile_each_crate_once() -> None:
    """Where the two ask for different features of a crate, it and all above it are compiled twice, logloom included."""

    def features(*selection: str) -> dict[str, str]:
        command = ["cargo", "tree", "--locked", "--prefix", "none", "--no-dedupe", "--format", "{p} | {f}", *selection]
        lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
        rows = (line.split(" | ") for line in set(lines) if " | " in line and "(proc-macro)" not in line)
        return {package: wanted for package, wanted in rows if "logloom" not in package}

    wheel = features("--package", "logloom-python", "--edges", "normal")
    tests = features("--workspace", "--exclude", "logloom-python", "--edges", "normal,dev")
    report(
        [
            f"{package}: the wheel wants [{wheel[package]}], the tests [{tests[package]}]; see rust/python/Cargo.toml"
            for package in sorted(wheel.keys() & tests.keys())
            if wheel[package] != tests[package]
        ]
    )
