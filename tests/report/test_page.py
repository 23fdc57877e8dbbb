"""report.html in a real browser: what it shows, that it can be worked with by mouse and by keyboard, that it is safe."""

import json

import pytest
from conftest import SAMPLES

ROWS = "[...document.querySelectorAll('#models tbody tr:not(.more)')].filter((r) => r.isConnected)"
CELLS = f"{ROWS}.map((r) => [...r.cells].map((c) => c.innerText.trim()))"
ACTIVE = "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || document.activeElement.id).trim()"

# Contrast as WCAG 2 computes it, of every element that has text of its own, against the background it stands on.
CONTRAST = """(() => {
    const rgb = (s) => { const n = s.match(/[\\d.]+/g).map(Number); return s.startsWith("color(") ? n.map((x, i) => i < 3 ? x * 255 : x) : n; };
    const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
        return .2126 * r + .7152 * g + .0722 * b; };
    const out = [];
    for (const e of document.querySelectorAll("body *")) {
        if (!["SCRIPT", "STYLE", "NOSCRIPT", "TITLE", "OPTION"].includes(e.tagName.toUpperCase()) && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) {
            const svg = e instanceof SVGElement;
            const ink = rgb(svg ? getComputedStyle(e).fill : getComputedStyle(e).color);
            let at = svg ? e.parentNode.querySelector("rect") : e, back = [0, 0, 0, 0];
            for (; at && (back[3] ?? 1) === 0; at = at.parentElement) {
                const style = getComputedStyle(at);
                back = rgb(at instanceof SVGElement ? style.fill : style.backgroundColor);
            }
            const [a, b] = [light(ink.slice(0, 3)), light(back.slice(0, 3))].sort((x, y) => y - x);
            const ratio = (a + .05) / (b + .05);
            if (ratio < 4.5) out.push([e.tagName, e.textContent.slice(0, 40), ratio]);
        }
    }
    return out;
})()"""


@pytest.mark.parametrize("dark", (False, True), ids=("light", "dark"))
@pytest.mark.parametrize("name", SAMPLES)
def test_shows_the_verdict_and_fits(show, samples, name, dark):
    doc = json.loads((samples / name / "report.json").read_text(encoding="utf-8"))
    page = show(name, dark=dark)
    assert page.js("document.documentElement.dataset.ready") == "1"
    if name != "hostile":  # there a character that reorders text is replaced
        assert page.js("document.querySelector('h1').innerText") == doc["run"]["headline"]
    assert doc["advice"]["answer"] in page.js("document.querySelector('.cards').innerText")
    assert page.js("getComputedStyle(document.body).backgroundColor") == ("rgb(14, 17, 22)" if dark else "rgb(246, 247, 249)")
    assert page.js(CONTRAST) == []
    for width in (1280, 390):
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        assert page.js("document.documentElement.scrollWidth") <= width
    page.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    page.screenshot(samples / name / ("dark.png" if dark else "light.png"))


def test_says_what_a_reader_wants_to_know(show):
    text = show("failed").js("document.body.innerText")
    for part in ("No: the build failed", "rides would fail in production", "station_hours dbt did not reach it", "dbt build --full-refresh --select rides",
                 "Production is untouched", "tip_cents", "models/rides/rides.sql", "parsed: models/rides/schema.yml changed"):
        assert part in text
    text = show("false_green").js("document.body.innerText")
    assert "False green" in text and "put a new table in the place of the copy" in text.replace("\n", " ")
    assert "dbt build --full-refresh --select rides" in show("full_refresh").js("document.querySelector('.verdict').innerText")


def test_table_sorts(show):
    page = show("thousand")
    names = f"{ROWS}.map((r) => r.cells[1].innerText.trim())"
    before = page.js(names)
    assert len(before) == 1000
    assert [r[0] for r in page.js(CELLS)][:12] == ["failed"] * 10 + ["ok"] * 2  # what matters stands first
    page.js("[...document.querySelectorAll('#models th button')].find((b) => b.innerText === 'name').focus()")
    page.key("Enter")
    assert page.js("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"
    assert page.js(names) == sorted(before)
    page.key(" ")
    assert page.js("document.activeElement.closest('th').getAttribute('aria-sort')") == "descending"
    assert page.js(names) == sorted(before, reverse=True)
    page.js("[...document.querySelectorAll('#models th button')].find((b) => b.innerText === 'rows').click()")
    rows = [r[7].replace(",", "") for r in page.js(CELLS)]
    assert rows == sorted(rows, key=int)
    page.js("[...document.querySelectorAll('#models th button')].find((b) => b.innerText === 'size').click()")
    known = [r[5] != "" for r in page.js(CELLS)]
    assert known == sorted(known, reverse=True) and not all(known)  # the unknown stand last


def test_table_filters(show):
    page = show("thousand")
    page.js("document.querySelector('#models input[type=search]').focus()")
    page.type("0961 OCCUPANCY")
    # by its name, and by its reason: the other one is downstream of it
    assert [r[1][-4:] for r in page.js(CELLS)] == ["0961", "0962"]
    assert page.js("document.querySelector('#models [aria-live]').innerText").startswith("2 of 1,000 shown")
    page.js("{ const s = document.querySelector('#models input[type=search]'); s.value = ''; s.dispatchEvent(new Event('input')); }")
    page.js("{ const s = document.querySelector('#models select'); s.value = 'wrong'; s.dispatchEvent(new Event('input')); }")
    assert {r[0] for r in page.js(CELLS)} == {"failed"} and len(page.js(CELLS)) == 10
    page = show("ok")
    assert len(page.js(CELLS)) == 3
    page.js("document.getElementById('tests').click()")
    assert len(page.js(CELLS)) == 5


def test_row_tells_more(show):
    page = show("failed")
    page.js(f"{ROWS}[0].querySelector('button').focus()")
    page.key("Enter")
    assert page.js("document.activeElement.getAttribute('aria-expanded')") == "true"
    text = page.js("document.querySelector('tr.more').innerText")
    for part in ("model.spoke.rides", "models/rides/rides.sql", '"prod"."rides"', "all rows and the whole structure of production", "column added", "out of sync"):
        assert part in text
    page.key("Enter")
    assert page.js("document.querySelectorAll('tr.more').length") == 0


def test_everything_is_reached_by_keyboard(show):
    """Tab comes by each control once, in the order of the page, beginning with the way past the menu."""
    page = show("failed")
    page.js("""{ let n = 0; for (const e of document.querySelectorAll(
        'a[href], button, input, select, summary, [tabindex="0"]')) e.dataset.stop = n++; window.stops = n; }""")
    reached = []
    while True:
        page.key("Tab")
        stop = page.js("document.activeElement.dataset.stop ?? null")
        if stop is None or stop in reached:
            break
        reached.append(stop)
        assert page.js("getComputedStyle(document.activeElement).outlineStyle !== 'none' || document.activeElement.closest('svg') !== null")
    assert reached == [str(n) for n in range(page.js("window.stops"))]
    assert page.js("document.querySelector('[data-stop=\"0\"]').innerText") == "Skip to the report"


def test_lineage_by_keyboard(show):
    page = show("failed")
    page.js("document.querySelector('.lineage g.node[tabindex=\"0\"]').focus()")
    assert page.js(ACTIVE).startswith("rides, failed")
    page.key("ArrowRight")
    assert page.js(ACTIVE).startswith("station_hours, skipped")
    page.key("ArrowDown")
    assert page.js(ACTIVE).startswith("revenue_days, skipped")
    page.key("ArrowDown")  # there is no further one
    assert page.js(ACTIVE).startswith("revenue_days, skipped")
    page.key("ArrowLeft")
    assert page.js(ACTIVE).startswith("rides, failed")
    assert page.js("document.querySelectorAll('.lineage [tabindex=\"0\"]').length") == 1
    assert page.js("document.querySelectorAll('.lineage path.lit').length") == 4
    page.key("ArrowLeft")
    assert page.js(ACTIVE).startswith("stg_rides, read from prod")
    page.key("ArrowRight")
    page.key("Enter")
    assert page.js("document.activeElement.closest('#models') !== null && document.activeElement.innerText") == "rides"
    assert page.js("document.activeElement.getAttribute('aria-expanded')") == "true"


def test_lineage_puts_parents_left(show):
    page = show("thousand")
    assert page.js("document.querySelectorAll('.lineage g.node').length") in range(120, 142)
    page.js("document.getElementById('draw-all').click()")
    assert page.js("document.querySelectorAll('.lineage g.node').length") == 1000
    assert page.js("""(() => {
        const x = new Map([...document.querySelectorAll('.lineage g.node')].map((g) =>
            [g.getAttribute('aria-label').split(',')[0], Number(g.getAttribute('transform').match(/[\\d.]+/)[0])]));
        const doc = JSON.parse(document.getElementById('data').textContent);
        const name = new Map(doc.nodes.map((n) => [n.unique_id, n.name]));
        return doc.nodes.flatMap((n) => (n.parents || []).map((p) => [x.get(name.get(p)), x.get(n.name)])).filter(([a, b]) => !(a < b)).length;
    })()""") == 0


def test_theme_button(show):
    page = show("ok")
    page.js("document.getElementById('theme').focus()")
    page.key("Enter")
    assert page.js("getComputedStyle(document.body).backgroundColor") == "rgb(14, 17, 22)"
    assert page.js("document.getElementById('theme').getAttribute('aria-pressed')") == "true"
    page.key("Enter")
    assert page.js("getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 249)"


def test_hostile_names_stay_text(show):
    page = show("hostile")
    assert page.js("document.querySelectorAll('script').length") == 2
    assert page.js("document.querySelectorAll('img, iframe, object, embed').length") == 0
    text = page.js("document.body.innerText")
    assert "<script>alert(1)</script>" in text
    assert "\u202e" not in text


def test_nothing_can_be_fetched(show):
    """Its own policy forbids it, whatever might get in."""
    page = show("ok")
    assert page.js("fetch('http://127.0.0.1:9/').then(() => 'fetched', () => 'refused')") == "refused"
    assert any("Content Security Policy" in c for c in page.complaints())
    page.browser.events = [e for e in page.browser.events if e.get("sessionId") != page.session]


def test_a_thousand_models_are_light(show, samples):
    assert (samples / "thousand/report.html").stat().st_size < 1_000_000
    page = show("thousand")
    assert page.js("document.querySelectorAll('*').length") < 30_000
    painted = page.js("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))")
    loaded = page.js("performance.getEntriesByType('navigation')[0].loadEventEnd")
    print(f"1,000 models: loaded {loaded:.0f} ms, asked and painted {painted:.0f} ms after navigation")
