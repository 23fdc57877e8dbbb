"""Help, manual, completion and `init` say what the tables say; recipes and documents name only what there is."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import termios

import pytest
import spoke
from groovy_parser import parser as groovy

PROGRAM = str(spoke.program("san"))
DOCS = sorted([spoke.TOP / "README.md", *(spoke.TOP / "docs").glob("*.md")])
RECIPES = sorted(p for p in (spoke.TOP / "conf" / "ci").rglob("*") if p.is_file())
GROUPS = ("Selection (as in dbt)", "State and deferral (as in dbt)", "Project and connection (as in dbt)", "What to compare",
          "Schema and clones", "Build and checks", "Program, output, log")


def run(argv, **options):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "CLONECI_", "GITHUB_", "COLUMNS"))}
    env.update(options.pop("env", {}))
    return subprocess.run([str(a) for a in argv], text=True, capture_output=True, check=False, env=env, timeout=120,
                          stdin=subprocess.DEVNULL, **options)


def cloneci(*args, **options):
    return run([PROGRAM, *args], **options)


def said(*args, **options):
    done = cloneci(*args, **options)
    assert done.returncode == 0 and not done.stderr, f"{args}: exit {done.returncode}\n{done.stderr}"
    return done.stdout


def commands():
    """As the overview lists them: 'state check', 'run'."""
    rows = said("help", env={"COLUMNS": "110"}).split("Commands\n")[1].split("\n\n")[0].splitlines()
    names = [re.match(r"  ([a-z]+(?: [a-z]+)?(?= |$))(?!\|)", row) for row in rows]
    return [n.group(1) for n in names if n]


COMMANDS = commands()


# --- help ---

def test_the_overview_names_every_command():
    assert {"run", "plan", "ls", "state check", "state push", "completion", "help", "init"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_in_both_ways(command):
    text = said("help", *command.split())
    assert text == said(*command.split(), "--help")
    assert f"Usage: cloneci {command}" in text and "Exit codes" in text and "--help" in text


def test_help_of_run_is_grouped_and_complete():
    text = said("help", "run", env={"COLUMNS": "110"})
    places = [text.index(f"\n{group}\n") for group in GROUPS]
    assert places == sorted(places)
    assert ("--strategy HOW how to clone incremental models and snapshots (auto, copy, lazy, window, sample, shape, view; default: auto) "
            "[CLONECI_STRATEGY; cloneci.yml: clone.strategy]") in " ".join(text.split())
    assert "-s, --select WORD .." in text and "--[no-]favor-state" in text
    assert "[DBT_ENGINE_STATE, DBT_STATE; cloneci.yml: state]" in " ".join(text.split())
    # the file's alone, and other commands'
    assert "build.command" not in text and "--closed-prs" not in text and "--format" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_help_is_wrapped_at_the_width(width):
    for command in COMMANDS:
        text = said("help", *command.split(), env={"COLUMNS": str(width)})
        example = text.split("Example\n")[1].splitlines()[0]
        for line in text.splitlines():
            # a word that is longer than the line stays whole
            words = line.split()
            assert len(line) <= width or line == example or len(words) <= 2 or line.startswith(("Usage", "  -", "      -")), line
    assert max(map(len, said("help", "run", env={"COLUMNS": str(width)}).splitlines())) > width - 15


def test_help_takes_the_terminals_own_width():
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 57, 0, 0))
    process = subprocess.Popen([PROGRAM, "help"], stdout=child, stdin=subprocess.DEVNULL,
                               env={**os.environ, "NO_COLOR": "1", "COLUMNS": ""})
    os.close(child)
    text = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:
            break
        if not part:
            break
        text += part
    assert process.wait() == 0
    os.close(parent)
    paragraph = text.decode().replace("\r", "").split("\n\n")[0].splitlines()
    assert 45 < max(map(len, paragraph)) <= 57


def test_the_first_word_of_two_lists_its_commands():
    text = said("help", "state")
    assert "state check" in text and "state pull" in text and "sql" not in text


@pytest.mark.parametrize(("argv", "near"), [
    (["rnu"], "'run'"), (["help", "explian"], "'explain'"), (["state", "chek"], "'state check'"), (["state"], "'state check'"),
    (["run", "--selct", "a"], "'--select'"), (["run", "--favour-state"], "'--favor-state'"),
    (["run", "--strategy", "copi"], "'copy'")])
def test_misspelt_words_get_a_suggestion(argv, near):
    done = cloneci(*argv)
    assert done.returncode == 2
    assert f"Did you mean {near}?" in done.stderr


# --- manual and completion ---

def options_of(command):
    return set(re.findall(r"--(?:\[no-\])?([a-z-]+)", said("help", *command.split(), env={"COLUMNS": "110"}).split("Example")[0]))


def test_the_manual_page_is_clean_and_complete(tmp_path):
    page = tmp_path / "cloneci.1"
    page.write_text(said("help", "--format", "man"))
    lint = run(["mandoc", "-T", "lint", page])
    assert lint.returncode == 0 and not lint.stdout, lint.stdout
    text = re.sub(r".\b", "", run(["mandoc", "-T", "utf8", "-O", "width=200", page]).stdout)
    plain = page.read_text().replace("\\-", "-")
    for command in COMMANDS:
        assert f".SS cloneci {command}" in plain
        for option in options_of(command):
            assert f"--{option}" in plain, option
    assert "EXIT STATUS" in plain and text


def complete_in_bash(script, *words):
    code = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); set -u; spec=$(complete -p cloneci);'
            ' function=${spec#*-F }; "${function%% *}"; printf "%s\\n" "${COMPREPLY[@]}"')
    done = run(["bash", "--norc", "-c", code, "bash", script, "cloneci", *words])
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        (folder / shell).write_text(said("completion", shell))
    return folder


def test_bash_completes(scripts):
    done = run(["bash", "-n", scripts / "bash"])
    assert done.returncode == 0 and not done.stderr
    assert set(complete_in_bash(scripts / "bash", "")) == {c.split()[0] for c in COMMANDS}
    assert complete_in_bash(scripts / "bash", "expl") == ["explain"]
    assert set(complete_in_bash(scripts / "bash", "state", "")) == {c.split()[1] for c in COMMANDS if c.startswith("state ")}
    assert complete_in_bash(scripts / "bash", "run", "--strategy", "sh") == ["shape"]
    assert complete_in_bash(scripts / "bash", "run", "--strategy", "=", "c") == ["copy"]
    assert complete_in_bash(scripts / "bash", "run", "--strategy", "=") == ["auto", "copy", "lazy", "window", "sample", "shape", "view"]
    assert complete_in_bash(scripts / "bash", "completion", "") == ["bash", "zsh", "fish"]
    assert complete_in_bash(scripts / "bash", "--output", "json", "run", "--full") == ["--full-refresh"]
    for command in COMMANDS:
        offered = complete_in_bash(scripts / "bash", *command.split(), "-")
        assert {f"--{o}" for o in options_of(command)} <= set(offered), command
    assert "--strategy" not in complete_in_bash(scripts / "bash", "doctor", "-")


def test_bash_completes_folders(scripts, tmp_path):
    (tmp_path / "prod-artifacts").mkdir()
    (tmp_path / "prod.txt").write_text("")
    assert complete_in_bash(scripts / "bash", "run", "--state", f"{tmp_path}/pr") == [f"{tmp_path}/prod-artifacts"]


def test_zsh_takes_it(scripts):
    for argv in (["zsh", "-n", scripts / "zsh"],
                 ["zsh", "-fc", 'autoload -U compinit; compinit -D -u; source "$1"; [[ $_comps[cloneci] == _cloneci ]]', "zsh", scripts / "zsh"]):
        done = run(argv)
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_fish_completes(scripts):
    done = run(["fish", "--no-execute", scripts / "fish"])
    assert done.returncode == 0 and not done.stderr, done.stderr

    def offered(line):
        answer = run(["fish", "--no-config", "-c", f"source {scripts / 'fish'}; complete -C '{line}'"])
        assert answer.returncode == 0, answer.stderr
        return [row.split("\t")[0] for row in answer.stdout.splitlines()]

    assert set(offered("cloneci ")) == {c.split()[0] for c in COMMANDS}
    assert set(offered("cloneci state ")) == {c.split()[1] for c in COMMANDS if c.startswith("state ")}
    assert offered("cloneci run --strateg") == ["--strategy"]
    assert offered("cloneci doctor --strateg") == []
    assert set(offered("cloneci run --strategy ")) == {"auto", "copy", "lazy", "window", "sample", "shape", "view"}


def test_make_install_puts_everything_in_its_place(tmp_path):
    done = run(["make", "-s", "-C", spoke.TOP, "install", f"PREFIX={tmp_path}"])
    assert done.returncode == 0, done.stdout + done.stderr
    for path in ("bin/cloneci", "share/man/man1/cloneci.1", "share/bash-completion/completions/cloneci",
                 "share/zsh/site-functions/_cloneci", "share/fish/vendor_completions.d/cloneci.fish",
                 "share/doc/cloneci/cloneci.example.yml", "share/doc/cloneci/docs/ci.md", "share/doc/cloneci/ci/github/cloneci.yml"):
        assert (tmp_path / path).stat().st_size > 0, path
    assert run([tmp_path / "bin" / "cloneci", "--version"]).stdout.startswith("cloneci ")


# --- init ---

@pytest.fixture
def project(tmp_path):
    """A dbt project in a subfolder of a repository whose default branch is not main."""
    folder = tmp_path / "repository" / "sub" / "warehouse"
    shutil.copytree(spoke.DEMO / "spoke", folder)
    (tmp_path / "repository" / ".github").mkdir()
    git = ["git", "-c", "user.name=Spoke", "-c", "user.email=data@spoke.example", "-C", tmp_path / "repository"]
    for step in (["init", "-q", "-b", "trunk"], ["add", "-A"], ["commit", "-q", "-m", "x"],
                 ["update-ref", "refs/remotes/origin/trunk", "HEAD"],
                 ["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]):
        spoke.must([*git, *step])
    return folder


HERE = {"SPOKE_HOST": "/nowhere", "SPOKE_DATABASE": "spoke"}


def test_init_writes_what_it_found(project):
    (project / "prod-artifacts").mkdir()
    (project / "prod-artifacts" / "manifest.json").write_text("{}")
    said("init", cwd=project, env=HERE)
    text = (project / "cloneci.yml").read_text()
    assert "profile spoke, target ci (postgres), from profiles.yml" in text
    assert "go into trunk" in text and "cloneci init --ci github" in text
    assert "\nstate: prod-artifacts\n" in text
    # the settings are read: it is this manifest that is looked at
    done = cloneci("state", "check", cwd=project, env=HERE)
    assert "prod-artifacts/manifest.json" in done.stderr, done.stderr


def test_init_suggests_the_target_of_ci(project):
    profiles = project / "profiles.yml"
    profiles.write_text(profiles.read_text().replace("target: ci", "target: prod", 1))
    said("init", cwd=project, env=HERE)
    assert "\ntarget: ci\n" in (project / "cloneci.yml").read_text()


def test_every_line_that_init_offers_loads(project):
    said("init", cwd=project, env=HERE)
    settings = project / "cloneci.yml"
    offered = re.findall(r"^ *#([a-z_]+): ", settings.read_text(), re.M)
    assert len(offered) > 60 and {"command", "strategy", "template", "sources"} <= set(offered)
    settings.write_text(re.sub(r"^( *)#([a-z_]+: )", r"\1\2", settings.read_text(), flags=re.M))
    done = cloneci("state", "check", cwd=project, env=HERE)
    assert "cloneci.yml" not in done.stderr, done.stderr
    assert "warehouse/prod-artifacts: there is no manifest.json" in done.stderr, done.stderr
    settings.write_text(settings.read_text() + "\nno_such_key: 1\n")
    assert "no_such_key" in cloneci("state", "check", cwd=project, env=HERE).stderr


def test_init_overwrites_nothing(project):
    settings = project / "cloneci.yml"
    settings.write_text("threads: 3\n")
    done = cloneci("init", cwd=project, env=HERE)
    assert done.returncode == 2 and "already exists" in done.stderr
    recipe = project.parents[1] / "Jenkinsfile"
    recipe.write_text("mine")
    assert "kept" in said("init", "--ci", "jenkins", cwd=project, env=HERE)
    assert recipe.read_text() == "mine" and settings.read_text() == "threads: 3\n"


WRITTEN = {"github": ".github/workflows/cloneci.yml", "gitlab": ".gitlab-ci.yml", "bitbucket": "bitbucket-pipelines.yml",
           "azure": "azure-pipelines.yml", "jenkins": "Jenkinsfile"}


@pytest.mark.parametrize("system", WRITTEN)
def test_init_writes_the_recipe_for_this_repository(project, system):
    said("init", "--ci", system, cwd=project, env=HERE)
    written = (project.parents[1] / WRITTEN[system]).read_text()
    source, = (spoke.TOP / "conf" / "ci" / system).iterdir()
    differing = [(a, b) for a, b in zip(source.read_text().splitlines(), written.splitlines(), strict=True) if a != b]
    assert differing
    for before, after in differing:
        assert before.replace("main", "trunk") == after or before.replace(".", "sub/warehouse", 1) == after
    assert "sub/warehouse" in written


# --- recipes ---

SCHEMAS = {"github": ["--builtin-schema", "vendor.github-workflows"],
           "gitlab": ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
           "bitbucket": ["--builtin-schema", "vendor.bitbucket-pipelines"],
           # its patterns are not all of the stricter kind
           "azure": ["--builtin-schema", "vendor.azure-pipelines", "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"]}
CHECK = spoke.DBT.parent / "check-jsonschema"


@pytest.mark.parametrize("system", SCHEMAS)
def test_the_recipe_is_what_the_system_takes(system, tmp_path):
    file, = (spoke.TOP / "conf" / "ci" / system).iterdir()
    done = run([CHECK, *SCHEMAS[system], file])
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    broken = tmp_path / file.name
    broken.write_text(re.sub(r"script:|runs-on:|steps:|- step:", "wrong:", file.read_text()))
    assert run([CHECK, *SCHEMAS[system], broken]).returncode != 0


def test_the_jenkinsfile_is_groovy():
    file = spoke.TOP / "conf" / "ci" / "jenkins" / "Jenkinsfile"
    groovy.parse_groovy_content(file.read_text())
    with pytest.raises(Exception):
        groovy.parse_groovy_content(file.read_text().replace("stages {", "stages ("))


# --- what recipes and documents name ---

def invocations(text):
    """Command lines of cloneci in a text: in shell blocks, recipes and `code`."""
    found = re.findall(r"(?<![\w/.-])cloneci +([a-z-][^`\n]*)", text)
    for line in found:
        words = []
        for word in line.split():
            if word.startswith("#") or word in ("|", "&&", ">", ">>", ";") or not re.match(r"[\w\"'$./:{-]", word):
                break
            words.append(word.strip("'\"`,.:;)"))
        yield words


def check_invocation(words):
    pair = " ".join(words[:2])
    command = pair if pair in COMMANDS else words[0]
    if command.startswith("-") or command in {c.split()[0] for c in COMMANDS} - set(COMMANDS):
        known = options_of("help")
    else:
        assert command in COMMANDS, f"cloneci {' '.join(words)}: no such command"
        known = options_of(command)
    for word in words:
        if word.startswith("--"):
            name = word[2:].split("=")[0].rstrip("`,.:;)]|")
            assert name in known or name.removeprefix("no-") in known, f"cloneci {' '.join(words)}: no such option"
        elif re.fullmatch(r"-[a-zA-Z]", word):
            text = said("help", *command.split())
            assert f"{word}, --" in text, f"cloneci {' '.join(words)}: no such option"


@pytest.mark.parametrize("file", RECIPES, ids=lambda p: p.parent.name)
def test_recipes_call_what_there_is(file):
    calls = [w for w in invocations(file.read_text()) if w[0] in {c.split()[0] for c in COMMANDS}]
    names = {" ".join(w[:2]) if w[0] == "state" else w[0] for w in calls}
    assert {"run", "gc", "state pull", "state push", "promote"} <= names, names
    for words in calls:
        check_invocation(words)


def consoles(text):
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        for line in block.splitlines():
            if line.startswith("$ cloneci "):
                yield line


@pytest.mark.parametrize("file", DOCS, ids=lambda p: p.name)
def test_documents_show_only_what_there_is(file):
    for line in consoles(file.read_text()):
        for words in invocations(line):
            check_invocation(words)


@pytest.mark.parametrize("file", DOCS, ids=lambda p: p.name)
def test_links_lead_somewhere(file):
    text = file.read_text()
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        if link.startswith(("http:", "https:")):
            continue
        target = file if not path else (file.parent / path).resolve()
        assert target.exists(), f"{file.name}: {link}"
        if anchor and target.suffix == ".md":
            heads = {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-")
                     for h in re.findall(r"^#+ (.*)$", target.read_text(), re.M)}
            assert anchor in heads or f'id="{anchor}"' in target.read_text(), f"{file.name}: {link}"


def test_generated_documents_are_what_the_program_prints():
    assert (spoke.TOP / "docs" / "commands.md").read_text() == said("help", "--format", "markdown"), "run: make manual"
    assert (spoke.TOP / "conf" / "cloneci.example.yml").read_text() == said("help", "--format", "yaml"), "run: make manual"
    text = (spoke.TOP / "docs" / "configuration.md").read_text()
    tables, = re.findall(r"^<!-- options: .*-->\n(.*?)^<!-- end of options -->$", text, re.M | re.S)
    assert tables == said("help", "--format", "options"), "run: make manual"


def test_troubleshooting_quotes_messages_that_exist():
    """Each heading's messages stand in the source, with the exit code that the section names."""
    kinds = {2: "CONFIG", 3: "INPUT", 4: "WAREHOUSE", 5: "REFUSED", 6: "LOCKED", 1: "BUILD"}
    source = "".join(p.read_text() for folder in ("runner", "adapters") for p in sorted((spoke.TOP / folder).rglob("*.c")))
    known = {kind: [] for kind in kinds.values()}
    for kind, text in re.findall(r'\bfail(?:_errno)?\([^;"]*?ERR_([A-Z]+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', source):
        known.get(kind, []).append("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)))
    known["CONFIG"] += re.findall(r'\byaml_fail\([^;"]*"((?:[^"\\]|\\.)*)"', source)
    known["CONFIG"] += [f": {kind}" for kind in re.findall(r'"(is a [^"]*, not a file)"', source)]
    known["REFUSED"] += [f"the schema name %s {why}" for why in re.findall(r'return "([^"]* reserved[^"]*)";', source)]
    facts = "".join(p.read_text() for p in sorted((spoke.TOP / "runner" / "job").glob("facts*.c")))
    known["BUILD"] += re.findall(r'"((?:[^"\\]|\\.)*)"', facts)  # what the verdict is made of
    section, checked = None, 0
    for line in (spoke.TOP / "docs" / "troubleshooting.md").read_text().splitlines():
        if found := re.match(r"## .*\(exit code (\d)\)", line):
            section = kinds[int(found.group(1))]
        elif line.startswith("### "):
            for message in re.findall(r"`([^`]+)`", line):
                pieces = [re.escape(piece.strip(" ()")) for piece in message.split("..") if piece.strip(" '():,")]
                assert any(re.search(".*".join(pieces), text) for text in known[section]), f"{section}: {message}"
                checked += 1
    assert checked > 40


def test_the_example_of_a_build_command_runs(pull):
    text = (spoke.TOP / "docs" / "build-command.md").read_text()
    script, = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    pull.write("build.sh", script)
    pull.write("sql/rides.sql", """UPDATE :"schema".rides SET plan = 'tried';\n""")
    pull.build_command("sh", "build.sh")
    where = {"PGHOST": pull.cluster.socket, "PGDATABASE": pull.database, "PGUSER": "ci"}
    done = pull.ask("run", "--select", "rides.sql", **where)
    assert done.returncode == 0, done.stdout + done.stderr
    assert pull.value("SELECT count(*) FROM pr_7.rides WHERE plan = 'tried'") > 0
    # a table that the command makes anew was not run incrementally
    pull.write("sql/rides.sql", """CREATE TABLE :"schema".other AS TABLE :"schema".rides; DROP TABLE :"schema".rides;
                                   ALTER TABLE :"schema".other RENAME TO rides;\n""")
    done = pull.ask("run", "--select", "rides.sql", **where)
    assert done.returncode == 5 and "false green" in done.stderr, done.stdout + done.stderr
    pull.write("sql/rides.sql", "SELECT 1 / 0;\n")
    assert pull.ask("run", "--select", "rides.sql", **where).returncode == 1
