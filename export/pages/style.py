"""How the report's page looks."""

STYLE = """
:root { color-scheme: light; --line: #e3e7ed; --text: #1d2430; --soft: #5b6675; --accent: #3b6fb6; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f8; color: var(--text);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 56px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; overflow-wrap: anywhere; }
h1 .badge { vertical-align: 4px; }
h2 { font-size: 16px; margin: 0 0 12px; }
header p { margin: 0 0 16px; color: var(--soft); font-size: 15px; }
header, section { background: #fff; border: 1px solid var(--line); border-radius: 10px;
  padding: 20px 22px; margin: 0 0 16px; }
dl { display: flex; flex-wrap: wrap; gap: 10px 28px; margin: 0; }
dt { color: var(--soft); font-size: 12px; }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
table.narrow { width: auto; min-width: 420px; }
th { text-align: left; color: var(--soft); font-size: 12px; font-weight: 600; white-space: nowrap; }
th, td { padding: 7px 10px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
td { overflow-wrap: anywhere; }
td.number { padding-right: 24px; }
code { font: 12.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.badge { display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 12px;
  font-weight: 600; white-space: nowrap; background: #eceff3; color: var(--soft); }
.badge.pass { background: #e2f4e8; color: #17693a; }
.badge.warning { background: #fff1d6; color: #7a4b00; }
.badge.fail { background: #fde4e3; color: #a3231d; }
.chart svg { width: 100%; height: auto; display: block; }
.strip { display: grid;
  grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: 14px 8px; }
figure { margin: 0; font-size: 12.5px; overflow-wrap: anywhere; }
figure img { width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 6px;
  background: #eceff3; image-rendering: pixelated; display: block; margin-bottom: 6px; }
figcaption span { color: var(--soft); }
.truth { font-weight: 700; font-size: 14px; }
.right { color: #17693a; font-weight: 600; }
.wrong { color: #a3231d; font-weight: 600; }
details + details { border-top: 1px solid var(--line); margin-top: 12px; padding-top: 12px; }
summary { cursor: pointer; margin-bottom: 4px; }
.gates td:first-child { width: 84px; }
.gates td:nth-child(2) { width: 190px; }
.detail { color: var(--soft); }
section { overflow-x: auto; }
.artifacts td { white-space: nowrap; }
.artifacts td:first-child { min-width: 124px; }
.artifacts td:nth-child(1), .artifacts td:nth-child(3) { white-space: normal; }
.note { margin: 12px 0 0; color: var(--soft); font-size: 12.5px; }
.failures { margin: 0 0 16px; padding-left: 20px; color: #a3231d; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main { padding: 12px 8px 32px; }
  header, section { padding: 16px 14px; }
  .gates tr { display: block; padding: 6px 0; border-bottom: 1px solid var(--line); }
  .gates td:nth-child(n) { display: inline-block; width: auto; padding: 1px 8px 1px 0; border: 0; }
  .gates td.detail { display: block; }
  .chart { overflow-x: auto; }
  .chart svg { min-width: 660px; }
}
"""
