"""What a test can check about the house: files, documents, names and sentences agree with each other."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from admin.cli import COMMANDS, aduan
from channels.registry import setting_names
from dispatch.config import NAMES
from dispatch.phrases import REQUIRED

ROOT = Path(__file__).parents[1]
ROOMS = ("admin", "bot", "channels", "classifier", "dispatch")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
#: Written by ``make migrations``: as long as the schema.
GENERATED = ROOT / "dispatch" / "migrations" / "versions"
MOST_LINES = 400
#: A test file is mostly its tables of cases.
MOST_LINES_OF_TESTS = 800


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


# Files


def test_every_package_is_listed_and_every_listed_one_is_there():
    found = {shown(path.parent).replace("/", ".") for room in ROOMS for path in (ROOT / room).rglob("__init__.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


def test_every_folder_with_code_is_a_package():
    assert [shown(path) for path in SOURCES if not (path.parent / "__init__.py").exists()] == []


def test_every_file_a_package_reads_is_shipped():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]
    shipped = {path for room, globs in patterns.items() for each in globs for path in (ROOT / room).glob(each)}
    kinds = {".html", ".css", ".js", ".yaml", ".csv", ".txt", ".mako", ".po", ".svg", ".png"}
    needed = {path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in kinds}
    assert sorted(map(shown, needed - shipped)) == []


@pytest.mark.parametrize("kind", ["py", "html", "css", "js"])
def test_no_file_is_longer_than_a_reader_can_hold(kind):
    long = {
        shown(path): lines
        for room, most in (*((room, MOST_LINES) for room in ROOMS), ("tests", MOST_LINES_OF_TESTS))
        for path in (ROOT / room).rglob(f"*.{kind}")
        if not path.is_relative_to(GENERATED) and "payloads" not in path.parts
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > most
    }
    assert long == {}


# Dependencies


def requirement(line: str) -> str:
    return re.split(r"[\[<>=!~; ]", line.strip(), maxsplit=1)[0].lower()


DIRECT = {requirement(line) for line in PROJECT["project"]["dependencies"]}
FOR_WORK = {requirement(line) for line in PROJECT["project"]["optional-dependencies"]["dev"]}


@pytest.mark.parametrize(
    ("lock", "wanted"), [("requirements.lock", DIRECT), ("requirements-dev.lock", DIRECT | FOR_WORK)]
)
def test_a_lock_pins_everything_with_hashes_and_names_no_place_to_fetch_from(lock, wanted):
    text = (ROOT / lock).read_text()
    assert not re.search(
        r"https?://|^\s*-|index|trusted-host", re.sub(r"--hash=sha256:[0-9a-f]{64}", "", text), re.MULTILINE
    )
    pins = re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    assert wanted <= {name.lower().replace("_", "-") for name in pins}
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_every_dependency_has_its_reason():
    rows = re.findall(r"^\| *`?([A-Za-z0-9._-]+)[^|]*\|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    named = {name.lower() for name in rows} - {"library", "---", "--", "-"}
    assert sorted((DIRECT | FOR_WORK) - named) == []


# Documents


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", ".env.example", "docs/map.md"]
)
def test_a_document_is_there(name):
    assert (ROOT / name).is_file()


TOP = (*ROOMS, "tests", "docs", ".ci")
#: What looks like a path of ours: it begins with one of our rooms.
_PATH = re.compile(rf"(?<![\w/.])(?:{'|'.join(map(re.escape, TOP))})/[\w./-]*")


def mentioned_paths(text: str) -> Iterator[str]:
    for code in re.findall(r"`([^`\n]+)`", text):
        if not re.search(r"[<>*…{]", code):
            yield from _PATH.findall(code)


def is_there(path: str) -> bool:
    """A path, or a module or one of its functions: ``services/answers.reply``."""
    clean = path.rstrip("./")
    candidates = [clean, f"{clean}.py", f"{clean.rpartition('.')[0]}.py"]
    return any((ROOT / each).exists() for each in candidates)


@pytest.mark.parametrize("document", DOCS, ids=shown)
def test_every_path_a_document_mentions_is_there(document):
    assert [path for path in mentioned_paths(document.read_text()) if not is_there(path)] == []


@pytest.mark.parametrize("document", DOCS, ids=shown)
def test_every_link_of_a_document_leads_somewhere(document):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text())
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (document.parent / target).exists()] == []


def code_of(text: str) -> str:
    """The code of a document: fenced blocks, indented or not, and what stands in back quotes."""
    return "\n".join([*re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)])


MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))


def test_every_target_explains_itself():
    undescribed = set(re.findall(r"^([a-z][a-z-]*):(?!.*##)", MAKEFILE, re.MULTILINE))
    assert undescribed == set()


@pytest.mark.parametrize("document", DOCS, ids=shown)
def test_every_target_a_document_mentions_is_there(document):
    named = set(
        re.findall(r"(?:^|[\s;&])make(?: [A-Z]+=\S+)* ([a-z][a-z-]+)", code_of(document.read_text()), re.MULTILINE)
    )
    assert named - TARGETS == set()


def subcommands() -> set[str]:
    """Every command, and every command of a group, as it is typed."""
    context = click.Context(aduan)
    found = set()
    for name in COMMANDS:
        command = aduan.get_command(context, name)
        found.add(name)
        if isinstance(command, click.Group):
            found |= {f"{name} {each}" for each in command.commands}
    return found


@pytest.mark.parametrize("document", DOCS, ids=shown)
def test_every_command_a_document_mentions_is_there(document):
    known = subcommands()
    groups = {name.split()[0] for name in known if " " in name}
    wrong = []
    for line in code_of(document.read_text()).splitlines():
        for first, second in re.findall(r"(?:^|[\s/;|&])aduan ([a-z]+)(?: ([a-z]+))?", line):
            if first == "is":  # the line that says it serves
                continue
            typed = f"{first} {second}" if first in groups and second else first
            if typed not in known:
                wrong.append(typed)
    assert wrong == []


# Names others rely on

PROCESSES = ["release", "web", "hooks", "worker", "clock", "fetch", "lmtp"]


def test_the_procfile_has_the_processes_operators_know():
    assert re.findall(r"^([a-z]+):", (ROOT / "Procfile").read_text(), re.MULTILINE) == PROCESSES


#: Between ``aduan up`` and its children, and where ``.env`` itself lies: not for ``.env``.
INTERNAL = {"ADUAN_UP_PID", "ADUAN_ENV_FILE"}
_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")


def names_read() -> set[str]:
    """Every name the Procfile, the settings or the code itself takes out of the environment."""
    found = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "Procfile").read_text())) | NAMES | setting_names()
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            found |= {name for name in _looked_up(node) if _NAME.fullmatch(name)}
    return found - {"PATH"}


def _looked_up(node: ast.AST) -> Iterator[str]:
    """The constant in ``environ["X"]``, ``given.get("X")``, ``values["X"]`` and the like."""
    sources = {"environ", "values", "given"}
    if isinstance(node, ast.Subscript):
        owner, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        owner, key = node.func.value, node.args[0]
    else:
        return
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    if name in sources and isinstance(key, ast.Constant) and isinstance(key.value, str):
        yield key.value


def test_every_setting_is_in_the_example_and_every_one_there_is_read():
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    read = names_read() - INTERNAL - {"REQUEST_URI", "RAW_URI", "PATH_INFO"}
    assert (sorted(read - example), sorted(example - read)) == ([], [])


# Sentences

USED_IN = [*SOURCES, *(path for room in ROOMS for path in (ROOT / room).rglob("*.html"))]


def phrase_uses() -> tuple[set[str], set[str], set[str]]:
    """Keys given to ``say`` as they stand, the beginnings of those put together, and every other string in the code."""
    keys: set[str] = set()
    prefixes: set[str] = set()
    strings: set[str] = set()
    for path in USED_IN:
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
            keys |= set(re.findall(r"\bsay\(\s*['\"](\w+)['\"]\s*[,)]", text))
            prefixes |= set(re.findall(r"\bsay\(\s*['\"](\w+)['\"]\s*~", text))
            strings |= set(re.findall(r"['\"]([a-z]+(?:_[a-z]+)*)['\"]", text))
            continue
        if path.name == "phrases.py":
            keys.add("moment")  # the sentences it says itself
            prefixes.add("channel_")
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.add(node.value)
            if isinstance(node, ast.Call) and _called(node) == "say" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str) and not _is_talk(first.value):
                    keys.add(first.value)
                if isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
                    prefixes.add(str(first.values[0].value))
    return keys, prefixes, strings


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_talk(text: str) -> bool:
    return not re.fullmatch(r"[a-z]+(?:_[a-z]+)*", text)


def test_every_sentence_the_code_says_is_required_of_a_region_pack():
    keys, prefixes, _ = phrase_uses()
    assert sorted(keys - REQUIRED.keys()) == []
    assert [prefix for prefix in prefixes if not any(key.startswith(prefix) for key in REQUIRED)] == []


def test_every_sentence_required_of_a_region_pack_is_said():
    keys, prefixes, strings = phrase_uses()
    unsaid = [
        key
        for key in REQUIRED
        if key not in keys and key not in strings and not any(prefix and key.startswith(prefix) for prefix in prefixes)
    ]
    assert unsaid == []


# Code


def documented(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Name, docstring, and whether it must begin with "Calling this will", of everything public of a module.

    A class may say what it is instead; a command's docstring is its help; a method that overrides one of a library's
    base classes needs none.
    """
    module = tree(path)
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) or "", not _is_command(node)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) or "", False
            for part in node.body:
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and not part.name.startswith("_"):
                    text = ast.get_docstring(part) or ""
                    if text or not node.bases:
                        yield f"{node.name}.{part.name}", text, True


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(re.search(r"\b(command|group)\b", ast.unparse(each)) for each in node.decorator_list)


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_public_says_what_calling_it_will_do(room):
    wrong = [
        f"{shown(path)}: {name}"
        for path in SOURCES
        if path.is_relative_to(ROOT / room) and not path.is_relative_to(GENERATED)
        for name, text, must in documented(path)
        if not text or (must and not text.startswith("Calling this will"))
    ]
    assert wrong == []


def test_every_module_says_what_it_is_for():
    assert [shown(path) for path in SOURCES if path.read_text().strip() and not ast.get_docstring(tree(path))] == []


def test_nothing_prints_or_stops_in_a_debugger():
    found = [
        f"{shown(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "breakpoint", "pdb.set_trace", "pprint"}
    ]
    assert found == []


def test_no_fault_is_swallowed():
    """``except Exception: pass`` hides what a person should see."""
    found = [
        f"{shown(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and all(isinstance(each, ast.Pass) for each in node.body)
    ]
    assert found == []


#: A private key; what Twilio, Telegram, Meta and Amazon give out.
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAC[0-9a-f]{32}\b|\b\d{8,10}:AA[\w-]{33}\b"
    r"|\bEAA[A-Za-z0-9]{40,}|\bAKIA[0-9A-Z]{16}\b"
)


def test_no_secret_is_kept_with_the_code():
    kept = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    found = [
        name.decode()
        for name in kept
        if name and not name.startswith(b"tests/") and (ROOT / name.decode()).is_file()
        if SECRET.search((ROOT / name.decode()).read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []
    assert ".env" not in [name.decode() for name in kept]
