/** The page's one style sheet; colours are variables with a value for light and one for dark. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --ink: #1a1d21; --soft: #5a626c; --line: #d5dae0; --grid: #c3cad2;
  --accent: #0068a8; --on-accent: #ffffff; --mark: #c94f00; --bad: #b3261e;
  --total: #1a1d21; --task: #0068a8; --consistency: #00805c; --diversity: #a3468a; --spectral: #c94f00; --gradient: #6a4fb3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1d2126; --ink: #e8eaed; --soft: #a3abb5; --line: #3a414a; --grid: #4a525c;
    --accent: #62b8f0; --on-accent: #10161c; --mark: #ff9248; --bad: #ff8a80;
    --total: #e8eaed; --task: #62b8f0; --consistency: #35c795; --diversity: #e593cb; --spectral: #ff9248; --gradient: #b9a5f5;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
main { max-width: 1200px; margin: 0 auto; padding: 28px 24px 56px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 0 0 4px; }
header p { margin: 0 0 18px; color: var(--soft); max-width: 76ch; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px; margin: 0 0 16px; min-width: 0; }
.hint { font-size: 13.5px; color: var(--soft); margin: 0 0 12px; }
details ul { padding-left: 18px; margin: 6px 0 0; overflow-wrap: anywhere; }
summary { cursor: pointer; }
.problem {
  white-space: pre-wrap; overflow-wrap: anywhere; font: 14px/1.5 ui-monospace, 'SF Mono', Menlo, Consolas, monospace;
  background: var(--card); border: 1px solid var(--bad); border-left-width: 6px; border-radius: 10px; padding: 14px 18px; margin: 0 0 16px;
}
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 10px 24px; position: sticky; top: 0; z-index: 1; padding: 12px 20px; }
.bar p { margin: 0; }
.count { font-variant-numeric: tabular-nums; }
#status { color: var(--soft); flex: 1 1 220px; }
.buttons { display: flex; gap: 8px; }
button {
  font: inherit; font-weight: 600; color: var(--ink); background: var(--card); border: 1px solid var(--soft); border-radius: 8px;
  padding: 7px 18px; cursor: pointer; min-width: 84px;
}
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button:hover:enabled { filter: brightness(0.94); }
button:disabled { opacity: 0.5; cursor: default; }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.choice:has(:focus-visible) { outline: 3px solid var(--mark); outline-offset: 2px; border-radius: 6px; }
.choice :focus-visible { outline: none; }
.columns {
  display: grid; grid-template: 'weights shown' auto 'setup shown' 1fr / 330px minmax(0, 1fr); gap: 0 16px; align-items: start;
}
.weights { grid-area: weights; } .shown { grid-area: shown; min-width: 0; } .setup { grid-area: setup; }
fieldset { min-width: 0; }
.setup fieldset { border: 0; margin: 0 0 16px; padding: 0; }
.weights { padding-bottom: 8px; }
.weights legend { float: left; width: 100%; }
.weights legend + * { clear: both; }
legend { font-weight: 650; font-size: 18px; padding: 0; margin: 0 0 8px; }
small { display: block; color: var(--soft); font-size: 13px; line-height: 1.4; }
.choice { display: grid; grid-template-columns: auto 1fr; gap: 10px; padding: 5px 0; cursor: pointer; align-items: start; }
.choice input { margin: 5px 0 0; accent-color: var(--accent); }
.choice strong { font-weight: 600; }
.choice + .hint { margin-top: 8px; }
.slider { display: grid; grid-template-columns: 1fr auto; gap: 0 12px; margin: 0 0 10px; }
.slider input, .slider small { grid-column: 1 / -1; }
.slider input { width: 100%; margin: 4px 0; height: 24px; accent-color: var(--accent); }
output { font-variant-numeric: tabular-nums; font-weight: 600; }
select { font: inherit; width: 100%; padding: 7px 8px; border-radius: 8px; border: 1px solid var(--soft); background: var(--card); color: var(--ink); margin: 0 0 6px; }
kbd { font: 600 12px/1 ui-monospace, Menlo, Consolas, monospace; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 4px; padding: 2px 5px; color: var(--ink); }
.panels { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 18px 22px; }
.panel { margin: 0; min-width: 0; }
.panel figcaption { display: flex; justify-content: space-between; gap: 8px; font-size: 14px; }
.panel b { font-variant-numeric: tabular-nums; }
.panel svg { display: block; width: 100%; height: 110px; border-bottom: 1px solid var(--grid); border-left: 1px solid var(--grid); overflow: visible; }
.panel path { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.panel .line { stroke-width: 1.6; stroke: var(--total); }
.panel .zero { stroke: var(--grid); stroke-dasharray: 3 4; }
.task .line { stroke: var(--task); } .consistency .line { stroke: var(--consistency); } .diversity .line { stroke: var(--diversity); }
.spectral .line { stroke: var(--spectral); } .gradient .line { stroke: var(--gradient); }
.range { display: flex; justify-content: space-between; gap: 8px; font-size: 12.5px; color: var(--soft); min-height: 19px; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 0 3px 14px; text-align: right; font-weight: 400; white-space: nowrap; }
thead th { color: var(--soft); font-size: 13px; }
th:first-child { width: 20px; padding-left: 0; color: var(--soft); }
th:nth-child(n+3), td:nth-child(n+3) { width: 76px; }
td:nth-child(4) { color: var(--soft); }
.bars { position: relative; left: 14px; height: 24px; padding: 0; }
.bars i { position: absolute; }
.bar-now { left: 0; top: 5px; height: 14px; width: 0; background: var(--accent); border-radius: 2px; }
.mark { top: 2px; height: 20px; width: 3px; margin-left: -1px; background: var(--mark); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 10px 22px; margin: 8px 0 0; }
dt { font-size: 13px; color: var(--soft); }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
@media (max-width: 860px) {
  .columns { display: block; }
}
@media (max-width: 560px) {
  main { padding: 18px 12px 40px; }
  h1 { font-size: 24px; }
  .card { padding: 14px; border-radius: 8px; }
  .bar { padding: 10px 14px; gap: 6px 16px; }
  .buttons { width: 100%; }
  .buttons button { flex: 1; padding: 8px 6px; min-width: 0; }
  .panels { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 14px; }
  .panel svg { height: 84px; }
  .range { font-size: 11.5px; }
  th:nth-child(n+3), td:nth-child(n+3) { width: 62px; }
  dl { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (prefers-reduced-motion: no-preference) { .bar-now { transition: width 120ms linear; } .mark { transition: left 120ms linear; } }
`
