"""promote and rollback where others are at home too: whose the journal is, what a name or an OID may be instead, several projects and
owners in one database, many at once. `ci` is a role that may create schemas and read production, as conf/roles.sql has it."""

import hashlib
import subprocess

import pytest

import generations

# What ci would have production's owner do: it writes who was made to run it.
EVIL = ("CREATE FUNCTION public.evil() RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO public.caught SELECT current_user WHERE current_user = 'prod_owner'; RETURN 'x'; END $$;"
        "CREATE FUNCTION public.evil_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.evil(); RETURN NEW; END $$;"
        "CREATE FUNCTION public.evil_stable(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM public.evil(); RETURN $1; END $$;"
        "CREATE DOMAIN public.evil_domain AS text CHECK (public.evil_stable(VALUE) IS NOT NULL)")
JOURNAL = ("CREATE TABLE cloneci.generation (run_id {run_id} PRIMARY KEY, generation bigint NOT NULL UNIQUE, kind text NOT NULL, content bigint NOT NULL,"
           " project text NOT NULL, production text{production}, at timestamptz NOT NULL, role name NOT NULL, origin text,"
           " schemas jsonb NOT NULL, relations jsonb NOT NULL);")


def journal(run_id="text", production="", then=""):
    return JOURNAL.format(run_id=run_id, production=production) + then


FOREIGN = {
    "a schema alone": ("", "owned by ci"),
    "a trigger": (journal(then="CREATE TRIGGER t BEFORE INSERT ON cloneci.generation FOR EACH ROW EXECUTE FUNCTION public.evil_trigger()"), "trigger t"),
    "a default": (journal(production=" DEFAULT public.evil()"), "column production"),
    "a generated column": (journal(production=" GENERATED ALWAYS AS (public.evil_stable(run_id)) STORED"), "column production"),
    "a domain": (journal(run_id="public.evil_domain"), "column run_id"),
    "a rule": (journal(then="CREATE RULE r AS ON INSERT TO cloneci.generation DO ALSO SELECT public.evil()"), "rule r"),
    "a policy": (journal(then="ALTER TABLE cloneci.generation ENABLE ROW LEVEL SECURITY;"
                              "CREATE POLICY p ON cloneci.generation USING (public.evil() IS NOT NULL)"), "row level security"),
    "an index": (journal(then="CREATE INDEX i ON cloneci.generation (public.evil_stable(project))"), "evil_stable"),
    "a check": (journal(then="ALTER TABLE cloneci.generation ADD CHECK (public.evil_stable(project) IS NOT NULL)"), "evil_stable"),
    "a child": (journal(then="CREATE TABLE cloneci.more () INHERITS (cloneci.generation)"), "not a table of its own"),
    "a column more": (journal(then="ALTER TABLE cloneci.generation ADD COLUMN more text DEFAULT public.evil()"), "column more"),
    "a view": ("CREATE VIEW cloneci.generation AS SELECT public.evil() AS run_id, 1::bigint AS generation", "not a table of its own"),
    "an open door": (journal(then="GRANT INSERT ON cloneci.generation TO PUBLIC"), "everybody has INSERT"),
}


@pytest.fixture(scope="module", autouse=True)
def roles(generations_cluster):
    generations_cluster.rows("CREATE ROLE ci LOGIN; CREATE ROLE blog_owner LOGIN; GRANT pg_read_all_stats TO blog_owner")


@pytest.fixture
def shared(live):
    live.cluster.rows(f'GRANT CREATE ON DATABASE "{live.database}" TO ci, blog_owner')
    live.run("CREATE TABLE public.caught (who name); GRANT ALL ON public.caught TO PUBLIC; GRANT CREATE ON SCHEMA public TO ci", "postgres")
    live.run(EVIL, "ci")
    return live


class Beside(generations.Live):
    """Another project in the same database: `blog`, in schemas of its own."""

    def __init__(self, live, folder, user="prod_owner", schema="blog", name="blog"):
        self.cluster, self.database, self.binary = live.cluster, live.database, live.binary
        self.folder, self.user, self.schema = folder, user, schema
        folder.mkdir(parents=True)
        (folder / "dbt_project.yml").write_text(f"name: {name}\nprofile: shop\nversion: '1.0'\nconfig-version: 2\n")
        self.profile()
        (folder / "profiles.yml").write_text((folder / "profiles.yml").read_text().replace("user: prod_owner", f"user: {user}")
                                             .replace("schema: prod", f"schema: {schema}"))

    def build(self, number, schema):
        self.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}; CREATE TABLE {schema}.posts AS SELECT {number} AS gen", self.user)

    def go(self, number, *args):
        self.build(number, f"stage_{self.schema}")
        return self.cloneci("promote", "--from", f"stage_{self.schema}={self.schema}", *args)

    def gen(self):
        return self.value(f"SELECT gen FROM {self.schema}.posts", "postgres")


# --- whose the journal is ---

def test_a_journal_that_somebody_else_made_is_named_and_not_touched(shared):
    shared.stage(1)
    before = shared.picture()
    for what, (sql, says) in FOREIGN.items():
        shared.run(f"CREATE SCHEMA cloneci; GRANT ALL ON SCHEMA cloneci TO PUBLIC; {sql}", "ci")
        if sql and "VIEW" not in sql:
            shared.run("GRANT ALL ON cloneci.generation TO prod_owner", "ci")
        for args in (["promote", "--from", "stage=prod"], ["rollback"], ["promote", "--list"]):
            said = shared.cloneci(*args, code=5).stderr
            assert says in said and "owned by ci" in said, (what, said)
            assert "->" in said and "cannot be trusted" in said, (what, said)
        shared.run("DROP SCHEMA cloneci CASCADE", "ci")
    assert shared.picture() == before
    assert shared.run("SELECT DISTINCT who FROM public.caught") == []
    shared.promote()
    assert shared.live() == 1


def test_membership_of_the_owner_in_the_role_is_no_trust(shared):
    """Whose member one is may run what he likes as him only."""
    shared.cluster.rows("GRANT ci TO prod_owner")
    try:
        shared.run("CREATE SCHEMA cloneci; " + journal(then="CREATE TRIGGER t BEFORE INSERT ON cloneci.generation FOR EACH ROW"
                                                            " EXECUTE FUNCTION public.evil_trigger()"), "ci")
        shared.stage(1)
        assert "owned by ci" in shared.promote(code=5).stderr
        shared.run("DROP TRIGGER t ON cloneci.generation", "ci")
        assert "owned by ci" in shared.promote(code=5).stderr
    finally:
        shared.cluster.rows("REVOKE ci FROM prod_owner")
    assert shared.run("SELECT who FROM public.caught") == []


def test_a_forged_journal_steers_no_rollback(shared):
    """One that is made as cloneci makes it is taken for another owner's: ours has a name of its own."""
    shared.run("CREATE SCHEMA prod_x; CREATE TABLE prod_x.orders AS SELECT 666 AS gen; GRANT ALL ON SCHEMA prod_x TO prod_owner", "ci")
    shared.run("CREATE SCHEMA cloneci; GRANT ALL ON SCHEMA cloneci TO prod_owner; " + journal(production=" NOT NULL"), "ci")
    shared.run("INSERT INTO cloneci.generation SELECT 'x', 7, 'promote', 7, 'shop', 'prod', now(), 'prod_owner',"
               " (SELECT system_identifier FROM pg_control_system()) || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())"
               " || '/' || 'cloneci.generation'::regclass::oid, jsonb_build_array(jsonb_build_object('schema', 'prod', 'parked', 'prod_x',"
               " 'oid', 'prod_x'::regnamespace::oid::bigint)), jsonb_build_array(jsonb_build_object('schema', 'prod', 'name', 'orders', 'old',"
               " 'prod_x.orders'::regclass::oid::bigint, 'new', 'prod.orders'::regclass::oid::bigint, 'old_is', 'r'"
               " || (SELECT reltype FROM pg_class WHERE oid = 'prod_x.orders'::regclass)))", "postgres")
    shared.run("GRANT SELECT, INSERT ON cloneci.generation TO prod_owner", "ci")
    said = shared.rollback(code=5).stderr
    assert "everybody" in said or "prod_owner has INSERT" in said  # a door that stands open is no owner's sound journal
    shared.run("REVOKE INSERT ON cloneci.generation FROM prod_owner; REVOKE ALL ON SCHEMA cloneci FROM prod_owner", "ci")
    assert "nothing was promoted yet" in shared.rollback(code=5).stderr
    assert shared.live() == 0
    shared.stage(1)
    assert shared.promote()["generation"] == 1
    assert shared.rollback()["content"] == 0 and shared.live() == 0
    assert shared.value("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'cloneci_of_prod_owner'") == "prod_owner"
    assert shared.value("SELECT count(*) FROM cloneci.generation", "postgres") == 1


def test_the_name_that_ours_has_beside_anothers_is_looked_at_as_well(shared):
    shared.run("CREATE SCHEMA cloneci; " + journal(), "ci")
    shared.run("CREATE SCHEMA cloneci_of_prod_owner; GRANT ALL ON SCHEMA cloneci_of_prod_owner TO prod_owner", "ci")
    shared.stage(1)
    assert "cloneci_of_prod_owner is owned by ci" in shared.promote(code=5).stderr


def test_default_privileges_open_no_door_to_the_journal(shared):
    shared.run("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ci, PUBLIC; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO ci")
    shared.stage(1)
    shared.promote()
    assert shared.run("SELECT r, p FROM unnest(ARRAY['ci', 'reader']) AS r, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES'])"
                      " AS p WHERE has_table_privilege(r, 'cloneci.generation', p) OR has_schema_privilege(r, 'cloneci', 'CREATE')", "postgres") == []
    # given later on, it is named, with what takes it away
    for give, says in (("GRANT TRIGGER ON cloneci.generation TO ci", "REVOKE TRIGGER ON TABLE cloneci.generation FROM ci"),
                       ("GRANT UPDATE (relations) ON cloneci.generation TO PUBLIC", "REVOKE UPDATE (relations) ON TABLE cloneci.generation FROM PUBLIC"),
                       ("GRANT CREATE ON SCHEMA cloneci TO ci", "REVOKE CREATE ON SCHEMA cloneci FROM ci")):
        shared.run(give)
        assert says in shared.rollback(code=5).stderr
        shared.run(says)
    assert shared.rollback()["content"] == 0


def test_a_journal_of_an_older_version_is_gone_on_with(live):
    live.run("CREATE SCHEMA cloneci; CREATE TABLE cloneci.generation (run_id text PRIMARY KEY, generation bigint NOT NULL UNIQUE,"
             " kind text NOT NULL CHECK (kind IN ('promote', 'rollback')), content bigint NOT NULL, project text NOT NULL,"
             " at timestamptz NOT NULL DEFAULT clock_timestamp(), role name NOT NULL DEFAULT current_user, schemas jsonb NOT NULL, relations jsonb NOT NULL);"
             "INSERT INTO cloneci.generation (run_id, generation, kind, content, project, schemas, relations) VALUES ('a', 4, 'promote', 4, 'shop', '[]', '[]')")
    assert "of another database" in live.rollback(code=5).stderr
    live.stage(1)
    assert live.promote()["generation"] == 5
    assert live.rollback()["content"] == 0 and live.live() == 0


# --- what an OID or a name may be instead ---

def test_a_restored_copy_rolls_nothing_back(live):
    """In another database the same OIDs are strangers; so they are in one that has got the OID of the former."""
    live.stage(1)
    live.promote()
    dump = subprocess.run(["pg_dump", "-h", live.cluster.socket, "-U", "postgres", live.database], check=True, capture_output=True).stdout
    oid, first = live.value(f"SELECT oid FROM pg_database WHERE datname = '{live.database}'"), live.database
    live.database = first + "_copy"
    live.cluster.copy_database(live.database, first)  # file by file: all OIDs are the same
    live.profile()
    assert "of another database" in live.rollback(code=5).stderr
    live.cluster.drop_database(live.database)
    for option in ("", f" OID {oid}"):
        if option:
            live.cluster.drop_database(first)
            live.database = first
        live.cluster.rows(f'CREATE DATABASE "{live.database}" OWNER prod_owner{option}')
        subprocess.run(["psql", "-X", "-q", "-h", live.cluster.socket, "-U", "postgres", "-d", live.database], check=True, input=dump, capture_output=True)
        live.profile()
        before = live.picture()
        assert "of another database" in live.rollback(code=5).stderr
        assert "of another database" in live.rollback("--to", "0", code=5).stderr
        # even where the OID of the replaced table is a table of somebody's
        live.run("CREATE SCHEMA mine; CREATE TABLE mine.orders AS SELECT 666 AS gen")
        live.run("UPDATE cloneci.generation SET relations = (SELECT jsonb_agg(r || jsonb_build_object('old', 'mine.orders'::regclass::oid::bigint))"
                 " FROM jsonb_array_elements(relations) AS r)")
        assert "of another database" in live.rollback(code=5).stderr
        live.run("DROP SCHEMA mine CASCADE")
        assert live.picture() == before and live.live() == 1
        if not option:
            live.cluster.drop_database(live.database)
    live.stage(2)
    assert live.promote()["generation"] == 2
    assert live.rollback()["content"] == 0
    assert live.live() == 1
    assert "prod__prev_1" in live.schemas()  # of the copy: nobody's of the journal


def test_an_oid_that_is_another_relation_now_is_not_brought_back(live):
    """As after the numbers of OIDs have begun anew: the journal's OID is a stranger's."""
    live.stage(1)
    live.promote()
    live.run("CREATE SCHEMA mine; CREATE TABLE mine.orders AS SELECT 666 AS gen")
    live.run("UPDATE cloneci.generation SET relations = (SELECT jsonb_agg(CASE r ->> 'name' WHEN 'orders' THEN"
             " r || jsonb_build_object('old', 'mine.orders'::regclass::oid::bigint) ELSE r END) FROM jsonb_array_elements(relations) AS r)")
    before = live.picture()
    said = live.rollback(code=5).stderr
    assert "prod.orders was relation" in said and "another one now, mine.orders" in said
    assert not live.listed()[-1]["restorable"]
    for number in (2, 3):
        live.stage(number)
        live.promote()
    assert live.value("SELECT gen FROM mine.orders") == 666
    assert [row for row in live.picture() if row[0] == "mine"] == [row for row in before if row[0] == "mine"]


def test_what_is_kept_and_was_renamed_moved_or_made_again(live):
    live.stage(1)
    live.promote()
    live.run("ALTER TABLE prod__prev_1.customers RENAME TO clients")
    assert "it is prod__prev_1.clients now" in live.rollback(code=5).stderr
    live.run("ALTER TABLE prod__prev_1.clients RENAME TO customers; CREATE SCHEMA attic; ALTER TABLE prod__prev_1.customers SET SCHEMA attic")
    assert "it is attic.customers now" in live.rollback(code=5).stderr
    live.run("CREATE TABLE prod__prev_1.customers AS TABLE attic.customers; DROP TABLE attic.customers CASCADE")
    assert "not kept any more" in live.rollback(code=5).stderr
    assert live.live() == 1


def test_what_others_put_on_a_kept_table_does_not_come_back(shared):
    """Whoever got TRIGGER on it, by default privileges for example, would have production's owner run his function."""
    shared.stage(1)
    shared.promote()
    shared.run("GRANT USAGE ON SCHEMA prod__prev_1 TO ci; GRANT TRIGGER ON prod__prev_1.orders TO ci")
    shared.run("CREATE TRIGGER t BEFORE INSERT ON prod__prev_1.orders FOR EACH ROW EXECUTE FUNCTION public.evil_trigger()", "ci")
    assert "the trigger t on prod__prev_1.orders calls public.evil_trigger(), a function of ci" in shared.rollback(code=5).stderr
    shared.run("DROP TRIGGER t ON prod__prev_1.orders")
    assert shared.rollback()["content"] == 0


def test_the_role_s_own_search_path_is_not_looked_into(shared):
    shared.run("CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC; CREATE FUNCTION evil.texteq(text, text) RETURNS boolean LANGUAGE plpgsql AS"
               " $$ BEGIN PERFORM public.evil(); RETURN pg_catalog.texteq($1, $2); END $$;"
               "CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.texteq)", "ci")
    shared.stage(1)
    shared.run(f'ALTER ROLE prod_owner IN DATABASE "{shared.database}" SET search_path = evil, pg_catalog', "postgres")
    shared.promote()
    shared.rollback()
    assert shared.run("SELECT who FROM public.caught", "postgres") == []


# --- several projects, productions, owners ---

def test_projects_do_not_roll_each_other_back(live, tmp_path):
    blog = Beside(live, tmp_path / "blog")
    live.run("CREATE SCHEMA blog; CREATE TABLE blog.posts AS SELECT 0 AS gen")
    live.stage(1)
    live.promote()
    for number in (1, 2, 3):
        blog.go(number)
    assert live.rollback()["content"] == 0
    assert (live.live(), blog.gen()) == (0, 3)
    assert [g["content"] for g in live.listed()] == [0, 1, 0]
    assert len(blog.listed()) == 4
    blog.cloneci("rollback")
    assert (live.live(), blog.gen()) == (0, 2)
    live.rollback("--to", "1")
    assert (live.live(), blog.gen()) == (1, 2)
    assert "no generation 3" in live.rollback("--to", "3", code=5).stderr


def test_a_project_has_as_many_productions_as_targets(live, tmp_path):
    qa = Beside(live, tmp_path / "qa", schema="qa", name="shop")
    live.run("CREATE SCHEMA qa; CREATE TABLE qa.posts AS SELECT 0 AS gen")
    live.stage(1)
    live.promote()
    qa.go(1)
    live.rollback()
    assert (live.live(), qa.gen()) == (0, 1)


def test_two_projects_in_one_schema(live, tmp_path):
    """What is replaced is kept under names that do not meet, and what another project has replaced since is not taken from it."""
    blog = Beside(live, tmp_path / "blog", schema="prod")
    live.run("CREATE TABLE prod.posts AS SELECT 0 AS gen")
    live.stage(1)
    live.promote()
    blog.go(1)
    live.rollback()
    assert (live.live(), blog.gen()) == (0, 1)
    # a model goes from one project to the other
    live.run("CREATE TABLE stage_prod.customers AS SELECT id, 0 AS gen, name FROM prod.customers")
    blog.cloneci("promote", "--from", "stage_prod=prod")
    said = live.rollback("--to", "1", code=5).stderr
    assert "prod.customers was replaced since by generation 4 of the project blog" in said


def test_a_second_owner_promotes_beside_the_first(shared, tmp_path):
    blog = Beside(shared, tmp_path / "blog", user="blog_owner")
    shared.run("CREATE SCHEMA blog; CREATE TABLE blog.posts AS SELECT 0 AS gen", "blog_owner")
    shared.stage(1)
    shared.promote()
    blog.go(1)
    blog.go(2)
    blog.cloneci("rollback")
    assert (shared.live(), blog.gen()) == (1, 1)
    shared.rollback()
    assert (shared.live(), blog.gen()) == (0, 1)
    assert shared.schemas("cloneci%") == ["cloneci", "cloneci_of_blog_owner"]


def test_a_taken_name_is_passed_over(shared):
    """Nobody can keep a promotion from going on by taking the name that comes next; and nothing of his is touched."""
    shared.run("CREATE SCHEMA prod__prev_1; CREATE TABLE prod__prev_1.orders AS SELECT 666 AS gen; CREATE SCHEMA prod__bad_3", "ci")
    shared.stage(1)
    assert shared.promote()["generation"] == 2
    assert shared.rollback()["generation"] == 4
    assert shared.live() == 0 and shared.value("SELECT gen FROM prod__prev_1.orders", "ci") == 666


# --- many at once ---

def test_who_is_at_work_is_named(shared):
    """Whoever may connect can take the lock: it is told who has it."""
    key = int.from_bytes(hashlib.sha256(b"cloneci:promote").digest()[:8], "big", signed=True)
    shared.stage(1)
    holder = shared.connect("ci")
    holder.cursor().execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        assert "at work in this database: process" in (said := shared.promote(code=6).stderr) and "of ci" in said
    finally:
        holder.close()


def test_five_first_promotions_at_once(live, tmp_path):
    """One goes live; the others are told so, and no error of the server's comes through."""
    live.stage(1)
    runs = [live.popen("promote", "--from", "stage=prod") for _ in range(5)]
    said = [run.communicate(timeout=120)[1] for run in runs]
    codes = sorted(run.returncode for run in runs)
    assert codes[0] == 0 and all(code in (5, 6) for code in codes[1:]), said
    assert not any(word in text for text in said for word in ("duplicate key", "already exists", "drop or rename")), said
    assert live.live() == 1 and live.value("SELECT count(*) FROM cloneci.generation") == 1


def test_projects_at_once_all_go_live(live, tmp_path):
    """Whose number another one took meanwhile plans again."""
    blogs = [Beside(live, tmp_path / f"blog{i}", schema=f"blog{i}", name=f"blog{i}") for i in range(3)]
    for blog in blogs:
        live.run(f"CREATE SCHEMA {blog.schema}; CREATE TABLE {blog.schema}.posts AS SELECT 0 AS gen")
        blog.build(1, f"stage_{blog.schema}")
    runs = [blog.popen("promote", "--from", f"stage_{blog.schema}={blog.schema}") for blog in blogs]
    said = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    assert [blog.gen() for blog in blogs] == [1, 1, 1]
