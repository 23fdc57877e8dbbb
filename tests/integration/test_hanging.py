"""What hangs on a pull request's relations is somebody's: it is named, and nothing is dropped; but for what is the pull request's own."""

from conftest import told

MADE = {
    "view": "CREATE VIEW mine.it AS SELECT ride_id FROM pr_7.rides",
    "materialized view": "CREATE MATERIALIZED VIEW mine.it AS SELECT ride_id FROM pr_7.rides",
    "row type": "CREATE TABLE mine.it (r pr_7.rides)",
    "function": "CREATE FUNCTION mine.it() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM pr_7.rides; END",
}


def run(pull, code=0):
    done = pull.ask("run", "--manifest", pull.head)
    assert done.returncode == code, told(done)
    return done


def placed(pull):
    return pull.rows("SELECT n.nspname, c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                     " WHERE n.nspname LIKE 'pr_7%%' OR n.nspname IN ('mine', 'cloneci_old') ORDER BY 1, 2")


def test_a_persons_objects_are_named_and_kept(rush_hours):
    pull = rush_hours
    run(pull)
    pull.rows("CREATE SCHEMA mine", "ci")
    for kind, sql in MADE.items():
        pull.rows(sql, "ci")
        before, schemas = placed(pull), pull.schemas()
        done = run(pull, code=5)
        assert "mine.it" in done.stderr and "pr_7.rides" in done.stderr, f"{kind}: {told(done)}"
        assert (placed(pull), pull.schemas()) == (before, schemas)
        pull.rows("DROP SCHEMA mine CASCADE; CREATE SCHEMA mine", "ci")
    run(pull)


def test_what_an_earlier_push_made_goes_along(rush_hours):
    """A schema that the pull request does not build any more, with a view that reads one that it does."""
    pull = rush_hours
    run(pull)
    pull.rows("CREATE SCHEMA pr_7_more; CREATE VIEW pr_7_more.it AS SELECT ride_id FROM pr_7.rides; CREATE TABLE pr_7_more.other (a integer)", "ci")
    marker = pull.value("SELECT obj_description('pr_7'::regnamespace)")
    oid = pull.value("SELECT 'pr_7_more'::regnamespace::oid::bigint")
    own = pull.value("SELECT 'pr_7'::regnamespace::oid::bigint")
    assert '"base":"pr_7"' in marker.replace(" ", "")
    pull.rows("COMMENT ON SCHEMA pr_7_more IS '" + marker.replace(str(own), str(oid)) + "'", "ci")
    run(pull)
    assert pull.rows("SELECT relname FROM pg_class WHERE relnamespace = 'pr_7_more'::regnamespace") == [("other",)]
