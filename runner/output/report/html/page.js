"use strict";
/* Shows report.json. Text only ever becomes text: nothing from the document is taken for markup. */
(() => {
/* Characters that make a line read otherwise than it is are shown as what they are: none. */
const reordering = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const doc = JSON.parse(document.getElementById("data").textContent,
    (key, value) => (typeof value === "string" ? value.replace(reordering, "\ufffd") : value));
const run = doc.run, advice = doc.advice || {}, list = (x) => x || [];
const nodes = list(doc.nodes), byId = new Map(nodes.map((n) => [n.unique_id, n]));

/* --- small tools --- */

function el(tag, attrs, ...children) {
    const e = document.createElement(tag);
    for (const [k, v] of Object.entries(attrs || {})) {
        if (typeof v === "function") e.addEventListener(k, v);
        else if (v !== null && v !== undefined && v !== false) e.setAttribute(k, v === true ? "" : v);
    }
    e.append(...children.filter((c) => c !== null && c !== undefined));
    return e;
}
function svg(tag, attrs, ...children) {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [k, v] of Object.entries(attrs || {})) e.setAttribute(k, v);
    e.append(...children);
    return e;
}
const count = (n) => (n === null || n === undefined ? "" : n.toLocaleString("en-US"));
const plural = (n, noun) => count(n) + " " + noun + (n === 1 ? "" : "s");
function ms(v) {
    if (v === null || v === undefined) return "";
    if (v < 10) return v.toFixed(1) + " ms";
    if (v < 1000) return Math.round(v) + " ms";
    if (v < 60000) return (v / 1000).toFixed(1) + " s";
    return Math.floor(v / 60000) + "m " + Math.round((v % 60000) / 1000) + "s";
}
function bytes(v) {
    if (v === null || v === undefined) return "";
    const units = ["B", "KB", "MB", "GB", "TB"];
    let i = 0;
    for (; v >= 1024 && i < units.length - 1; i++) v /= 1024;
    return (i && v < 100 ? v.toFixed(1) : Math.round(v)) + " " + units[i];
}
function age(s) {
    if (s < 120) return s + " s";
    if (s < 7200) return Math.round(s / 60) + " min";
    return s < 172800 ? Math.round(s / 3600) + " h" : Math.round(s / 86400) + " days";
}
const name = (n) => n.name || n.unique_id;
const short = (id) => (byId.has(id) ? name(byId.get(id)) : id.split(".").slice(2).join(".") || id);
const sha = (s) => (s ? s.slice(0, 10) : "");

const WORDS = {
    ok: ["ok", "good"], accepted: ["accepted", "info"], new: ["new", "info"], failed: ["failed", "bad"], false_green: ["false green", "bad"],
    skipped: ["skipped", "plain"], not_tested: ["not tested", "open"],
};
const word = (n) => WORDS[n.verdict] || ["planned", "plain"];
const isBad = (n) => n.verdict === "failed" || n.verdict === "false_green";
const pill = (text, tone) => el("span", {class: "pill " + tone}, text);
function mode(n) {
    const b = n.build || {};
    if (n.verdict === "skipped") return "–";
    if (b.incremental === true) return "incremental";
    if (b.incremental === false) return "rebuilt";
    if (n.new) return "new";
    return n.clone ? "on a clone" : n.candidate ? "full refresh" : n.relation ? "full" : n.resource_type;
}
function why(n) {
    return list(n.reasons).map((r) => {
        let text = r.text || r.kind;
        if (r.kind === "downstream" && n.via) text = "downstream of " + short(n.via.split(" -> ")[0]);
        if (r.origin === "upstream_merge") text += " [not of this branch: merged upstream]";
        if (r.origin === "environment") text += " [environment]";
        return text;
    }).join("; ");
}
const isChanged = (n) => list(n.reasons).some((r) => r.kind !== "downstream");

/* dbt indents what its macros say: each paragraph loses the indentation that its lines have in common. */
function dedent(text) {
    return text.split(/\n\s*\n/).map((part) => {
        const lines = part.split("\n").map((l) => l.trimEnd()).filter(Boolean);
        const cut = Math.min(...lines.map((l) => l.length - l.trimStart().length));
        return lines.map((l) => l.slice(cut)).join("\n");
    }).filter(Boolean).join("\n\n");
}
function command(text) {
    const button = el("button", {type: "button", "aria-label": "Copy the command"}, "Copy");
    const pre = el("pre", {}, text);
    button.addEventListener("click", () => {
        const done = () => { button.textContent = "Copied"; };
        /* A page opened from a folder may be denied the clipboard: then the text is selected instead. */
        const select = () => { getSelection().selectAllChildren(pre); button.textContent = "Selected"; };
        if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, select);
        else select();
    });
    return el("div", {class: "command"}, pre, button);
}
const steps = (items) => items.flatMap((i) => [el("p", {}, i.text), i.command ? command(i.command) : null]);

const NAV = {
    wrong: "Wrong", next: "To do", untested: "Not tested", warnings: "Warnings", models: "Models", lineage: "Lineage",
    timeline: "Timeline", differences: "Differences", reads: "Read", how: "How",
};
const main = document.getElementById("main"), nav = document.getElementById("nav");
function section(id, title, ...children) {
    const s = el("section", {id, "aria-labelledby": id + "-h"}, el("h2", {id: id + "-h"}, title), ...children);
    main.append(s);
    nav.append(el("a", {href: "#" + id}, NAV[id]));
    return s;
}

/* --- the verdict --- */

const grounded = (line) => line.ground ? " (" + line.ground + ")" : "";

function verdict() {
    const tones = {yes: "good", yes_then: "good", no: "bad", partly: "open"};
    const marks = {
        ok: "Passed", unproven: "Unproven", failed: "Failed", refused: "Refused", false_green: "False green", nothing_to_do: "Nothing to do",
        stopped: "Stopped",
    };
    const after = list(advice.after_merge), untested = list(advice.not_tested), built = Boolean(doc.build);
    const kept = list(advice.not_compared), names = (l) => l.slice(0, 4).map((u) => u.name).join(", ") + (l.length > 4 ? " …" : "");
    const known = advice.merge !== "unknown" && advice.merge !== "no";
    const mark = run.verdict === "ok" && !built ? "Planned" : marks[run.verdict];
    const nothing = run.verdict === "nothing_to_do" || built;
    main.append(el("section", {class: "verdict " + (tones[advice.merge] || "plain"), "aria-label": "Verdict"},
        el("p", {class: "mark"}, mark), el("h1", {}, run.headline),
        el("div", {class: "cards"},
            el("div", {}, el("h2", {}, "May I merge?"), el("strong", {}, advice.answer),
                ...list(advice.because).slice(0, 4).map((b) => el("p", {class: "soft"}, (b.name ? b.name + ": " : "") + (b.text || "failed") + grounded(b)))),
            el("div", {}, el("h2", {}, "Not tested"),
                el("strong", {}, untested.length ? plural(untested.length, "node") : nothing ? "Nothing was left out" : "Everything"),
                untested.length ? el("p", {class: "soft"}, names(untested)) : null),
            el("div", {}, el("h2", {}, "In production afterwards"),
                after.length ? el("div", {}, ...steps(after))
                    : el("strong", {}, known ? "Nothing" : advice.merge === "no" ? "Not yet: see what to do" : "Not known"),
                known && kept.length ? el("p", {class: "soft"}, names(kept) + (kept.length === 1 ? " keeps" : " keep") +
                    " the rows that are there; whether a full refresh would change them was not compared (--both does).") : null))));
    const pr = doc.git && (doc.git.pull_request ? "pull request " + doc.git.pull_request : doc.git.branch || sha(doc.git.head));
    document.getElementById("subject").textContent = [doc.project && doc.project.name, pr].filter(Boolean).join(" · ");
}

function problems() {
    const bad = nodes.filter(isBad), errors = bad.length ? [] : list(doc.errors), items = [];
    const green = bad.filter((n) => n.verdict === "false_green");
    if (green.length)
        items.push(el("h3", {}, green.slice(0, 20).map(name).join(", ") + (green.length > 20 ? " …" : ""), " ", pill(...WORDS.false_green)),
            el("p", {}, "dbt says success, but it put a new table in the place of the copy of production's. Production would run " +
                "the model incrementally on the table that it has, and that was not tested."));
    for (const n of bad.filter((x) => x.verdict !== "false_green").slice(0, 50)) {
        const b = n.build || {};
        items.push(el("h3", {}, name(n), " ", pill(...word(n))));
        if (b.brief) items.push(el("p", {}, b.brief));
        const broken = n.both && n.both.verdict === "broken";
        if (broken && n.both.details.includes("\n"))
            items.push(el("p", {class: "soft"}, "Rows that differ (a: incremental, b: full refresh):"),
                el("pre", {}, n.both.details.split("\n").slice(1).join("\n")));
        if (b.message && n.verdict === "failed" && !broken)
            items.push(el("details", {open: bad.length <= 5}, el("summary", {}, "what dbt says"), el("pre", {}, dedent(b.message))));
    }
    if (bad.length - green.length > 50) items.push(el("p", {class: "soft"}, "… and " + count(bad.length - green.length - 50) + " more in the table below"));
    for (const e of errors) items.push(el(e.message.includes("\n") ? "pre" : "p", {}, e.message));
    if (items.length) section("wrong", "What is wrong", ...items.filter(Boolean));
    if (list(advice.next).length) section("next", "What to do", ...steps(advice.next));
    if (list(advice.not_tested).length)
        section("untested", "Not tested", el("ul", {}, ...advice.not_tested.slice(0, 200).map((u) =>
            el("li", {}, u.name ? el("code", {}, u.name) : null, " ", u.text + grounded(u)))));
    if (list(doc.warnings).length)
        section("warnings", "Warnings", el("ul", {}, ...doc.warnings.map((w) => el("li", {}, w.text))));
}

/* --- tables --- */

function details(n) {
    const rows = [], add = (k, ...v) => rows.push(el("dt", {}, k), el("dd", {}, ...v));
    add("id", el("code", {}, n.unique_id));
    if (n.path) add("file", el("code", {}, n.path));
    for (const r of list(n.reasons)) add("why", r.text || r.kind, r.file ? el("span", {class: "soft"}, " in " + r.file) : null);
    if (n.via) add("path", n.via.split(" -> ").map(short).join(" → "));
    if (n.clone) {
        add("clone", el("code", {}, n.clone.from), " → ", el("code", {}, n.clone.to || n.relation));
        add("fidelity", n.clone.fidelity + (n.clone.note ? ": " + n.clone.note : ""));
    } else if (n.skipped_because) add("no clone", n.skipped_because);
    for (const c of list(n.columns)) add("column " + c.change, el("code", {}, c.name), " ", [c.before, c.after].filter(Boolean).join(" → "));
    if (n.both) add("full refresh", n.both.verdict.replaceAll("_", " "), n.both.details ? el("pre", {}, n.both.details) : null);
    if (n.build && n.build.message) add("dbt says", el("pre", {}, dedent(n.build.message)));
    return el("dl", {}, ...rows);
}

/* columns: [title, class, value for sorting, cell]. Sorts by header buttons, rows are made once. */
function table(caption, columns, items, expand) {
    const body = el("tbody"), heads = [];
    const rows = items.map((item) => {
        const tr = el("tr", {}, ...columns.map((c) => el("td", {class: c[1]}, c[3](item))));
        if (!expand) return {item, tr, more: null};
        const row = {item, tr, more: null};
        const button = el("button", {type: "button", "aria-expanded": "false"}, name(item));
        button.addEventListener("click", () => {
            const open = button.getAttribute("aria-expanded") === "true";
            button.setAttribute("aria-expanded", String(!open));
            if (open) { row.more.remove(); row.more = null; return; }
            row.more = el("tr", {class: "more"}, el("td", {colspan: columns.length}, details(item)));
            tr.after(row.more);
        });
        tr.querySelector("td.name").replaceChildren(button);
        row.button = button;
        return row;
    });
    let order = rows;
    function fill(keep) {
        const fragment = document.createDocumentFragment();
        let shown = 0;
        for (const r of order) {
            if (keep && !keep(r.item)) continue;
            shown++;
            fragment.append(r.tr);
            if (r.more) fragment.append(r.more);
        }
        body.replaceChildren(fragment);
        return shown;
    }
    let keep = null;
    columns.forEach((c, i) => {
        const th = el("th", {scope: "col", class: c[1] === "num" ? "num" : "", "aria-sort": "none"});
        th.append(el("button", {type: "button", click: () => {
            const down = th.getAttribute("aria-sort") === "ascending";
            for (const h of heads) h.setAttribute("aria-sort", "none");
            th.setAttribute("aria-sort", down ? "descending" : "ascending");
            const keyed = rows.map((r) => [c[2](r.item), r]);
            const sign = down ? -1 : 1;
            /* What is not known stands last, either way. */
            keyed.sort(([a], [b]) => (a === null || b === null) ? (a === null) - (b === null)
                : sign * (typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0));
            order = keyed.map(([, r]) => r);
            fill(keep);
        }}, c[0]));
        heads[i] = th;
    });
    fill(null);
    const wrap = el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
        el("table", {}, el("thead", {}, el("tr", {}, ...heads)), body));
    return {wrap, filter: (f) => { keep = f; return fill(f); },
        open: (id) => {
            const row = rows.find((r) => r.item.unique_id === id);
            if (!row) return;
            if (!row.tr.isConnected) { keep = null; fill(null); }
            if (row.button.getAttribute("aria-expanded") !== "true") row.button.click();
            row.tr.scrollIntoView({block: "center"});
            row.button.focus({preventScroll: true});
        }};
}
const known = (v) => (v === undefined ? null : v);

let openNode = () => {};
function models() {
    if (!nodes.length) return;
    const rank = ["failed", "false_green", "not_tested", "skipped", "accepted", "new", "ok"];
    const took = (n) => (n.build && n.verdict !== "skipped" ? known(n.build.ms) : null);
    const columns = [
        ["verdict", "word", (n) => rank.indexOf(n.verdict), (n) => pill(...word(n))],
        ["name", "name", (n) => name(n), (n) => name(n)],
        ["why", "why", why, why],
        ["clone", "word", (n) => (n.clone ? n.clone.strategy : null), (n) => (n.clone ? n.clone.strategy + ", " + n.clone.fidelity : "–")],
        ["clone time", "num", (n) => known(n.clone && n.clone.ms), (n) => ms(n.clone && n.clone.ms)],
        ["size", "num", (n) => known(n.clone && n.clone.bytes), (n) => bytes(n.clone && n.clone.bytes)],
        ["mode", "word", mode, mode],
        ["rows", "num", (n) => known(n.build && n.build.rows_affected), (n) => count(n.build && n.build.rows_affected)],
        ["time", "num", took, (n) => ms(took(n))],
    ].map((c) => [c[0], c[1], (n) => { const v = c[2](n); return v === undefined ? null : v; }, (n) => c[3](n) || ""]);
    const interest = interests();
    const t = table("Models", columns, [...nodes].sort((a, b) => interest(a) - interest(b)), true);
    const search = el("input", {type: "search", placeholder: "filter by name, file or reason", "aria-label": "Filter the models"});
    const kinds = {
        all: ["all", () => true], wrong: ["wrong", isBad], untested: ["not tested", (n) => ["skipped", "not_tested"].includes(n.verdict)],
        cloned: ["cloned", (n) => n.clone], changed: ["changed themselves", isChanged],
    };
    const kind = el("select", {"aria-label": "Show"}, ...Object.entries(kinds).map(([k, v]) => el("option", {value: k}, v[0])));
    const tests = el("input", {type: "checkbox", id: "tests"}), shown = el("span", {class: "soft", "aria-live": "polite"});
    const haystack = new Map(nodes.map((n) => [n, [name(n), n.path || "", why(n)].join("\n").toLowerCase()]));
    function refilter() {
        const words = search.value.toLowerCase().split(/\s+/).filter(Boolean), test = kinds[kind.value][1];
        const n = t.filter((x) => (tests.checked || x.relation || isBad(x)) && test(x) && words.every((w) => haystack.get(x).includes(w)));
        shown.textContent = count(n) + " of " + count(nodes.length) + " shown" +
            (doc.left_out ? "; " + plural(doc.left_out, "passing test") + " only in report.json" : "");
    }
    for (const c of [search, kind, tests]) c.addEventListener("input", refilter);
    refilter();
    section("models", "Models", el("div", {class: "tools"}, search, kind,
        el("label", {for: "tests"}, tests, "tests too"), shown), t.wrap);
    openNode = t.open;
}

/* --- lineage --- */

const W = 200, H = 38, GAP_X = 70, GAP_Y = 14;

/* What failed, its neighbours, what changed itself, what was cloned, the rest: in this order. */
function interests() {
    const near = new Set();
    for (const n of nodes) {
        if (isBad(n)) list(n.parents).forEach((p) => near.add(p));
        if (list(n.parents).some((p) => byId.has(p) && isBad(byId.get(p)))) near.add(n.unique_id);
    }
    return (n) => (isBad(n) ? 0 : near.has(n.unique_id) ? 1 : isChanged(n) ? 2 : n.clone ? 3 : 4);
}
/* Longest path from a root; a cycle, which dbt refuses, ends at the node itself. */
function layers(boxes, index) {
    const depth = new Map(), open = new Set();
    const visit = (id) => {
        if (depth.has(id) || open.has(id)) return depth.get(id) || 0;
        open.add(id);
        const d = index.get(id).parents.filter((p) => index.has(p)).reduce((m, p) => Math.max(m, visit(p) + 1), 0);
        open.delete(id);
        depth.set(id, d);
        return d;
    };
    const out = [];
    for (const b of boxes) (out[visit(b.id)] ||= []).push(b);
    return out.map((l) => l || []);
}
function place(columns, index) {
    columns.forEach((column, x) => {
        for (const b of column) {
            const ys = b.parents.filter((p) => index.has(p)).map((p) => index.get(p).y || 0);
            b.want = ys.length ? ys.reduce((a, y) => a + y, 0) / ys.length : Infinity;
            if (!x) b.want = -b.readers;
        }
        column.sort((a, b) => a.want - b.want);
        column.forEach((b, i) => { b.x = 16 + x * (W + GAP_X); b.y = 16 + i * (H + GAP_Y); });
    });
}
function fit(text, most) {
    const chars = [...text];
    return chars.length <= most ? text : chars.slice(0, most / 2 - 1).join("") + "…" + chars.slice(-most / 2).join("");
}
function draw(boxes) {
    const index = new Map(boxes.map((b) => [b.id, b]));
    const columns = layers(boxes, index), edges = [];
    for (const b of boxes) b.readers = 0;
    for (const b of boxes) for (const p of b.parents) if (index.has(p)) index.get(p).readers++;
    place(columns, index);
    const height = 32 + Math.max(...columns.map((c) => c.length)) * (H + GAP_Y), width = 32 + columns.length * (W + GAP_X) - GAP_X;
    const lines = svg("g", {}), marks = svg("g", {});
    for (const b of boxes)
        for (const p of b.parents) {
            const a = index.get(p);
            if (!a) continue;
            const x1 = a.x + W, y1 = a.y + H / 2, y2 = b.y + H / 2, m = (x1 + b.x) / 2;
            const path = svg("path", {d: `M${x1} ${y1}C${m} ${y1} ${m} ${y2} ${b.x} ${y2}`});
            edges.push([p, b.id, path]);
            lines.append(path);
        }
    const light = (id) => { for (const [a, b, path] of edges) path.classList.toggle("lit", a === id || b === id); };
    boxes.forEach((b, i) => {
        const g = svg("g", {class: "node " + b.tone, transform: `translate(${b.x} ${b.y})`, tabindex: i ? "-1" : "0", role: "button",
            "aria-label": b.name + ", " + b.sub}, svg("title", {}, b.name + " – " + b.sub),
            svg("rect", {width: W, height: H, rx: 7}));
        const label = svg("text", {x: 10, y: 14}), sub = svg("text", {x: 10, y: 28, class: "sub"});
        label.textContent = fit(b.name, 24);
        sub.textContent = fit(b.sub, 30);
        g.append(label, sub);
        g.addEventListener("focus", () => light(b.id));
        g.addEventListener("mouseenter", () => light(b.id));
        g.addEventListener("click", () => openNode(b.id));
        b.g = g;
        marks.append(g);
    });
    marks.addEventListener("keydown", (event) => {
        const at = boxes.find((b) => b.g === document.activeElement);
        if (!at) return;
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); openNode(at.id); return; }
        const x = columns.findIndex((c) => c.includes(at)), y = columns[x].indexOf(at);
        const step = {ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0]}[event.key];
        const column = step && columns[x + step[0]];
        if (!column) return;
        const to = column[Math.min(column.length - 1, Math.max(0, y + step[1]))];
        event.preventDefault();
        at.g.setAttribute("tabindex", "-1");
        to.g.setAttribute("tabindex", "0");
        to.g.focus();
        to.g.scrollIntoView({block: "nearest", inline: "nearest"});
    });
    return svg("svg", {width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Lineage"}, lines, marks);
}
function lineage() {
    const most = 120, interest = interests();
    const touched = nodes.filter((n) => n.relation).map((n, i) => [interest(n), i, n]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((x) => x[2]);
    if (!touched.length) return;
    const pane = el("div", {class: "lineage"}), note = el("p", {class: "soft"});
    const show = (limit) => {
        const chosen = new Set(touched.slice(0, limit));
        const boxes = nodes.filter((n) => chosen.has(n)).map((n) => ({
            id: n.unique_id, name: name(n), tone: isBad(n) || n.verdict !== "ok" ? word(n)[1] : n.clone ? "good" : "info", parents: [...list(n.parents)],
            sub: n.verdict === "skipped" ? "skipped" : n.verdict ? word(n)[0] + ", " + mode(n) : n.clone ? "cloned" : "to be built",
        }));
        const index = new Map(boxes.map((b) => [b.id, b]));
        for (const d of list(doc.deferral).slice(0, Math.max(20, limit / 3))) {
            const readers = list(d.read_by).filter((r) => index.has(r));
            if (!readers.length || index.has(d.unique_id)) continue;
            boxes.push({id: d.unique_id, name: short(d.unique_id), tone: "plain", parents: [], sub: "read from " + d.origin});
            for (const r of readers) if (!index.get(r).parents.includes(d.unique_id)) index.get(r).parents.push(d.unique_id);
        }
        pane.replaceChildren(draw(boxes));
        note.replaceChildren();
        if (limit < touched.length)
            note.append(count(limit) + " of " + count(touched.length) + " are drawn, what failed or changed first. ",
                el("button", {type: "button", id: "draw-all", click: () => show(touched.length)}, "Draw all"));
    };
    show(Math.min(most, touched.length));
    section("lineage", "Lineage", el("div", {class: "legend"}, pill("incremental on a clone", "good"), pill("built in full, or new", "info"),
        pill("failed or false green", "bad"), pill("not tested", "open"), pill("skipped, or only read", "plain")), pane, note,
        el("p", {class: "soft"}, "Arrow keys move between the boxes, Enter shows a model in the table."));
}

/* --- timeline, differences, deferral, facts --- */

function gantt(rows, total) {
    const grid = el("div", {class: "gantt"});
    for (const r of rows) {
        const bar = el("div", {class: "bar " + r.tone});
        bar.style.left = `min(${(100 * (r.start || 0)) / total}%, calc(100% - 3px))`;
        bar.style.width = (100 * r.ms) / total + "%";
        grid.append(el("div", {class: "name", title: r.name}, r.name), el("div", {class: "track"}, bar), el("div", {class: "num"}, ms(r.ms)));
    }
    return grid;
}
function timeline() {
    const tones = {clone: "good", build: "info", check: "open", parse: "plain"};
    const rows = list(doc.timings).map((t) => ({name: t.step, start: t.start_ms, ms: t.ms, tone: tones[t.step] || "plain"}));
    if (!rows.length) return;
    const total = Math.max(run.ms || 0, ...rows.map((r) => r.start + r.ms), 1);
    const parts = [gantt(rows, total)];
    /* Where a start is known, bars stand where they were; else they begin at the left and show length only. */
    for (const [key, title, tone] of [["clone", "Longest clones", "good"], ["build", "Longest builds", "info"]]) {
        const all = nodes.filter((n) => n[key] && n[key].ms > 0).sort((a, b) => b[key].ms - a[key].ms).slice(0, 12);
        if (!all.length) continue;
        const placed = all.every((n) => typeof n[key].start_ms === "number");
        const items = all.map((n) => ({name: name(n), start: placed ? n[key].start_ms : 0, ms: n[key].ms, tone: key === "build" && isBad(n) ? "bad" : tone}));
        parts.push(el("h3", {}, title), gantt(placed ? items.sort((a, b) => a.start - b.start) : items, placed ? total : items[0].ms));
    }
    section("timeline", "Timeline", ...parts);
}
function differences() {
    const items = [], receipt = doc.receipt;
    const rows = nodes.flatMap((n) => list(n.columns).map((c) => ({n, c})));
    if (rows.length)
        items.push(table("Columns that differ from production", [
            ["model", "name", (r) => name(r.n), (r) => name(r.n)], ["column", "", (r) => r.c.name, (r) => el("code", {}, r.c.name)],
            ["change", "word", (r) => r.c.change, (r) => r.c.change], ["in production", "", (r) => r.c.before || null, (r) => r.c.before || "–"],
            ["here", "", (r) => r.c.after || null, (r) => r.c.after || "–"],
            ["after the merge", "", (r) => r.c.effect || null, (r) => (r.c.effect || "–") + (r.c.result ? ": " + r.c.result : "")]], rows, false).wrap);
    for (const n of nodes.filter((x) => x.both))
        items.push(el("h3", {}, name(n), " ", pill(n.both.verdict.replaceAll("_", " "), n.both.verdict === "safe" ? "good" : "bad")),
            n.both.details ? el("pre", {}, n.both.details) : null,
            n.both.verdict === "needs_full_refresh" ? command(n.both.command) : null);
    for (const n of nodes.filter((x) => x.compare))
        items.push(el("h3", {}, name(n)), el("p", {}, n.compare.text));
    if (receipt)
        items.push(el("p", {}, receipt.production_untouched ? "Production is untouched: " + plural(receipt.checked || 0, "relation") +
            " looked at before and after." : receipt.production_untouched === null
                ? "Whether production is untouched is not proven: the role may write rows of " + list(receipt.writable).slice(0, 20).join(", ") + "."
                : "Production was changed during this run."),
            list(receipt.differences).length ? el("ul", {}, ...receipt.differences.map((d) => el("li", {}, d))) : null);
    if (items.length) section("differences", "Differences with production", ...items.filter(Boolean));
}
function reads() {
    if (!list(doc.deferral).length) return;
    section("reads", "Read, but not built", table("Read, but not built", [
        ["node", "name", (d) => short(d.unique_id), (d) => short(d.unique_id)], ["relation", "", (d) => d.relation, (d) => el("code", {}, d.relation || "")],
        ["from", "word", (d) => d.origin, (d) => d.origin],
        ["read by", "", (d) => list(d.read_by).length, (d) => list(d.read_by).slice(0, 8).map(short).join(", ") + (list(d.read_by).length > 8 ? " …" : "")],
    ], doc.deferral, false).wrap);
}
function facts() {
    const rows = [], add = (k, ...v) => rows.push(el("dt", {}, k), el("dd", {}, ...v));
    const g = doc.git, p = doc.production;
    add("run", run.command + " " + (run.id || "") + ", " + run.started_at + ", " + ms(run.ms) + ", exit code " + run.exit_code);
    if (doc.project) add("project", doc.project.name + " on " + doc.project.adapter);
    if (g) {
        add("compared", el("code", {}, sha(g.head)), " with ", el("code", {}, g.base_ref), " at ", el("code", {}, sha(g.merge_base)),
            el("span", {class: "soft"}, " (base from " + g.base_from + (g.dirty ? ", uncommitted work counts" : "") + ")"));
        add("changed files", list(g.changes).length ? el("ul", {}, ...g.changes.slice(0, 200).map((c) => el("li", {}, c.status + " ",
            el("code", {}, c.path), c.old_path ? " from " : null, c.old_path ? el("code", {}, c.old_path) : null))) : "none",
            g.outside ? el("p", {class: "soft"}, plural(g.outside, "more file") + " outside of the project") : null);
    }
    if (p) add("production", el("code", {}, p.manifest), (typeof p.age_seconds === "number" ? ", " + age(p.age_seconds) + " old" : "") + ", dbt " + p.dbt_version +
        ", " + count(p.nodes) + " nodes" + (p.git_sha ? ", at " + sha(p.git_sha) : "") + (p.git_relation === "not_ancestor" ? " (not of this branch's past)" : ""));
    if (doc.head) add("head", (doc.head.parsed ? "parsed" : "not parsed") + (doc.head.why ? ": " + doc.head.why : ""));
    if (doc.database) add("database", el("code", {}, doc.database.name), ": " + doc.database.note);
    if (doc.schema) add("schemas", list(doc.schemas).join(", ") || doc.schema);
    if (doc.build) add("build", el("pre", {}, list(doc.build.argv).join(" ")), "exit code " + doc.build.exit_code + ", " + ms(doc.build.ms));
    section("how", "How it was made", el("dl", {}, ...rows));
    main.append(el("p", {class: "foot"}, doc.tool.name + " " + doc.tool.version + ", report version " + doc.version));
}

/* --- light and dark --- */

function theme() {
    const button = document.getElementById("theme"), root = document.documentElement;
    const set = (dark) => {
        root.dataset.theme = dark ? "dark" : "light";
        button.setAttribute("aria-pressed", String(dark));
    };
    const wish = matchMedia("(prefers-color-scheme: dark)");
    set(wish.matches);
    wish.addEventListener("change", () => set(wish.matches));
    button.addEventListener("click", () => set(root.dataset.theme !== "dark"));
}

theme();
verdict();
problems();
models();
lineage();
timeline();
differences();
reads();
facts();
document.documentElement.dataset.ready = "1";
})();
