"""`cloneci build --retry`: goes on from what the last build on the same clones left."""

import pytest

import spoke
from conftest import told


@pytest.fixture
def failing(pull):
    """station_hours fails as long as there is no table to read from; revenue_days and the tests hang on it."""
    pull.change("models/rides/station_hours.sql", "{% if is_incremental() %}\n", "cross join (select 1 from public.switch) as s\n{% if is_incremental() %}\n")
    pull.commit("needs a switch")
    done = pull.ask("run")
    assert done.returncode == 1, told(done)
    return pull


def verdicts(pull):
    return {n["name"]: n["verdict"] for n in pull.report()["nodes"] if n["resource_type"] in ("model", "snapshot", "seed")}


def test_only_what_is_left(failing):
    pull = failing
    first = verdicts(pull)
    assert first["station_hours"] == "failed"
    before = {n["unique_id"]: n["build"] for n in pull.report()["nodes"] if n["verdict"] == "ok"}
    clones = dict(pull.rows("SELECT relname, oid::bigint FROM pg_class WHERE relnamespace = 'pr_7'::regnamespace"))
    pull.rows("CREATE TABLE public.switch (id integer); INSERT INTO public.switch VALUES (1); GRANT SELECT ON public.switch TO ci")
    try:
        pull.must("build", "--retry")
        retried = set(spoke.results(pull.target))
        assert "model.spoke.station_hours" in retried
        assert not retried & set(before), "what had passed is not built again"
        assert set(verdicts(pull).values()) == {"ok"} and set(verdicts(pull)) == set(first)
        assert {n["unique_id"]: n["build"] for n in pull.report()["nodes"] if n["unique_id"] in before} == before
        # on the same clones
        assert clones["station_hours"] == pull.value("SELECT 'pr_7.station_hours'::regclass::oid::bigint")

        done = pull.must("build", "--retry")
        assert "there is nothing to retry" in done.stderr and "Running with dbt" not in done.stdout
        assert set(verdicts(pull).values()) == {"ok"}
    finally:
        pull.rows("DROP TABLE public.switch CASCADE")


def test_it_fails_again(failing):
    done = failing.ask("build", "--retry")
    assert done.returncode == 1, told(done)
    assert verdicts(failing)["station_hours"] == "failed"
    done = failing.ask("build", "--retry")
    assert done.returncode == 1 and "model.spoke.station_hours" in spoke.results(failing.target)


def test_new_clones_have_nothing_to_retry(failing):
    failing.must("clone")
    done = failing.ask("build", "--retry")
    assert done.returncode == 3, told(done)
    assert "no build on these clones" in done.stderr and "cloneci build" in done.stderr


def test_of_another_command(pull):
    pull.build_command("true")
    pull.patch("1-late-corrections")
    pull.must("clone")
    done = pull.ask("build", "--retry")
    assert done.returncode == 2 and "another command" in done.stderr
