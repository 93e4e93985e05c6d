"""The looks of the report page and the script that filters and sorts its table.

The page's own policy lets no other script run, nothing be loaded and nothing be sent: a title that got through all the
same could do nothing.
"""

from __future__ import annotations

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --card: #f6f7f9; --text: #1f2328; --quiet: #646b75; --line: #d8dce2;
        --wait: #b9bec6; --coze: #3b7ddd; --queue: #e0a100; --film: #2f9e56; --bad: #c92a2a; --good: #23803f; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #15181c; --card: #1f2429; --text: #e6e8eb; --quiet: #9aa3ad; --line: #343b43; --wait: #59616b;
          --coze: #6aa3f0; --queue: #e6b93c; --film: #58c07e; --bad: #ff8787; --good: #69db8c; } }
* { box-sizing: border-box; }
body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; margin: 0 auto;
       max-width: 1180px; padding: 1.5rem 1rem 4rem; background: var(--ground); color: var(--text); }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
.about { color: var(--quiet); margin: .1rem 0 1.2rem; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(118px, 1fr)); gap: .6rem; }
.tile, .group, .chart { background: var(--card); border-radius: 8px; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.35rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile span, .quiet { color: var(--quiet); font-size: .85rem; }
.bad { color: var(--bad); } .good { color: var(--good); }
.group { border-left: 4px solid var(--bad); margin-bottom: .6rem; overflow-wrap: anywhere; }
.group p { margin: .2rem 0; } summary { cursor: pointer; color: var(--quiet); font-size: .85rem; }
.charts { margin-top: 1rem; display: grid; gap: .8rem;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
.chart h3 { font-size: .95rem; margin: 0 0 .3rem; font-weight: 600; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; margin: 0 .35rem 0 .9rem;
            vertical-align: -1px; }
.legend i:first-child { margin-left: 0; }
.wait { background: var(--wait); } .coze { background: var(--coze); }
.queue { background: var(--queue); } .film { background: var(--film); }
.posters { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); }
.poster { display: block; white-space: normal; text-decoration: none; color: var(--text);
          font-size: .8rem; line-height: 1.35; }
.poster img { display: block; width: 100%; aspect-ratio: 9 / 16; object-fit: contain; border-radius: 6px;
              background: var(--card); margin-bottom: .2rem; }
.poster span { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.wide { overflow-x: auto; } .wide svg { min-width: 720px; } #tasks { min-width: 900px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; fill: var(--quiet); }
svg .name { fill: var(--text); } svg .grid { stroke: var(--line); stroke-width: 1; }
input { font: inherit; width: 100%; max-width: 24rem; padding: .35rem .6rem; margin-bottom: .6rem; color: inherit;
        border: 1px solid var(--line); border-radius: 6px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: anywhere; min-width: 3rem; } #tasks td:first-child { min-width: 6.5rem; }
td.good, td.bad { white-space: nowrap; } td.number, th.number { text-align: right; white-space: nowrap; }
th button { all: unset; cursor: pointer; font-weight: 600; white-space: nowrap; }
th button:focus-visible { outline: 2px solid var(--coze); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
a { color: var(--coze); white-space: nowrap; }
@media screen and (max-width: 640px) { /* a telephone: title, state, film, note */
               #tasks { min-width: 0; } #tasks td:nth-child(4) { white-space: nowrap; }
               #tasks :is(th, td):is(:nth-child(1), :nth-child(3)) { display: none; }
               #tasks :is(th, td):is(:nth-child(5), :nth-child(6), :nth-child(7)) { display: none; } }
@media print { input { display: none; } body { max-width: none; padding: 0; }
               .group, .chart, thead, tr { break-inside: avoid; } h2 { break-after: avoid; }
               .tile, .group, .chart { border: 1px solid var(--line); } details > * { display: block; }
               details::details-content { content-visibility: visible; }
               .wide { overflow: visible; } .wide svg, #tasks, #tasks td:first-child { min-width: 0; }
               #tasks { table-layout: fixed; font-size: .72rem; } #tasks :is(th, td) { padding: .2rem .3rem; }
               #tasks :is(th, th button, td) { white-space: normal; min-width: 0; } #tasks th { width: 7%; }
               th button { display: contents; }
               #tasks :is(th, td):nth-child(8) { display: none; }
               #tasks th:nth-child(1) { width: 13%; } #tasks th:nth-child(2) { width: 28%; }
               #tasks th:nth-child(3) { width: 11%; } #tasks th:nth-child(9) { width: 20%; } }
"""

SCRIPT = """
(function () {
  var table = document.getElementById('tasks'), body = table.tBodies[0], rows = Array.from(body.rows);
  var field = document.getElementById('filter');
  field.addEventListener('input', function () {
    var words = field.value.toLowerCase().split(/\\s+/);
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      row.hidden = !words.every(function (word) { return text.includes(word); });
    });
  });
  Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
    head.firstChild.addEventListener('click', function () {
      var down = head.getAttribute('aria-sort') === 'ascending';
      Array.from(table.tHead.rows[0].cells).forEach(function (other) { other.removeAttribute('aria-sort'); });
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      var number = head.className === 'number';
      rows.sort(function (a, b) {
        var x = a.cells[column].textContent, y = b.cells[column].textContent;
        var order = number ? (parseFloat(x) || 0) - (parseFloat(y) || 0) : x.localeCompare(y, 'zh');
        return down ? -order : order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
})();
"""


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src '{_hash(STYLE)}'",
        f"script-src '{_hash(SCRIPT)}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
