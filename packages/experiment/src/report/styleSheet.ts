/**
 * The page's one style sheet. Colours are variables with a value for light and one for dark; the series' colours are
 * from Okabe and Ito's palette for colour-blind readers, darkened or lightened to at least 3 : 1 against the card.
 */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --ink: #1a1d21; --soft: #5a626c; --line: #d5dae0; --tint: #fff1e6;
  --judged: #c94f00; --series-0: #0068a8; --series-1: #00805c; --series-2: #a3468a; --series-3: #7a6500;
  --series-4: #3f7fa6; --series-5: #6a4fb3; --control-0: #59616b; --control-1: #858d96; --good: #00704f; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1d2126; --ink: #e8eaed; --soft: #a3abb5; --line: #3a414a; --tint: #38281b;
    --judged: #ff9248; --series-0: #62b8f0; --series-1: #35c795; --series-2: #e593cb; --series-3: #d8c04a;
    --series-4: #9fd0ea; --series-5: #b9a5f5; --control-0: #aab2bc; --control-1: #7f8893; --good: #4fd1a5; --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink); line-height: 1.5; overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
main { max-width: 1136px; margin: 0 auto; padding: 32px 24px 64px; }
header { margin-bottom: 24px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em; text-wrap: balance; }
h2 { font-size: 21px; margin: 40px 0 12px; letter-spacing: -0.005em; }
h3 { font-size: 16px; margin: 0 0 10px; }
h4 { font-size: 14px; margin: 0 0 4px; font-weight: 600; }
p { margin: 0 0 10px; max-width: 78ch; }
.question { font-size: 18px; color: var(--soft); }
.meta { font-size: 14px; color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px; margin: 0 0 18px; }
.verdict { border-left: 6px solid var(--soft); }
.verdict.better { border-left-color: var(--good); }
.verdict.partly-better { border-left-color: var(--series-0); }
.verdict.worse { border-left-color: var(--bad); }
.verdict .headline { font-size: 21px; line-height: 1.35; font-weight: 650; margin: 0 0 12px; text-wrap: pretty; }
.verdict ul { margin: 0; padding-left: 20px; }
.verdict li { margin: 0 0 6px; max-width: 92ch; }
.warnings { border-left: 6px solid var(--judged); }
.warnings ul { margin: 0; padding-left: 20px; }
.scroll { overflow-x: auto; margin: 0 -20px; padding: 0 20px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; width: 100%; }
.caption { color: var(--soft); font-size: 14px; max-width: 110ch; }
th, td { overflow-wrap: normal; text-align: right; padding: 7px 10px; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap; }
th { font-weight: 600; }
thead th { hyphens: none; vertical-align: bottom; border-bottom: 2px solid var(--soft); white-space: normal; line-height: 1.25; }
tbody th, thead th:first-child { text-align: left; padding-left: 6px; }
tbody th { white-space: normal; min-width: 110px; }
td small, th small { display: block; color: var(--soft); font-weight: 400; font-size: 12.5px; }
tr.judged > * { background: var(--tint); }
tr.control th { font-style: italic; }
tr.subhead th { padding-top: 16px; color: var(--soft); border-bottom-color: var(--soft); }
tbody tr:last-child > * { border-bottom: 0; }
table.plain th, table.plain td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
table.plain .number { text-align: right; overflow-wrap: normal; color: inherit; font-size: inherit; margin: 0; }
table.compact th, table.compact td { padding-top: 4px; padding-bottom: 4px; }
figure { margin: 0 0 18px; }
figcaption { font-size: 13.5px; color: var(--soft); margin-top: 10px; max-width: 110ch; }
h3 .number { color: var(--soft); font-weight: 500; margin-right: 6px; }
ul.legend { list-style: none; margin: 0 0 12px; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13.5px; }
.legend li { min-width: 0; display: flex; align-items: center; gap: 7px; }
.panels { display: grid; gap: 18px; }
.panels.half { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.panels.third { grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); }
.panel { min-width: 0; }
.panels.third .drawing { max-width: 380px; }
.drawing svg { display: block; width: 100%; height: auto; }
.legend svg { display: block; flex: none; width: 30px; height: 14px; }
svg.plot text { white-space: pre; }
svg.plot { --plot-background: var(--card); }
.narrow { display: none; }
.columns { columns: 2 420px; column-gap: 18px; }
.columns .card { break-inside: avoid; }
section ul, .columns ul { padding-left: 20px; margin: 0; }
section li, .columns li { margin-bottom: 6px; }
.columns li { font-size: 15px; }
footer { color: var(--soft); font-size: 14px; margin-top: 32px; }
@media (max-width: 720px) {
  main { padding: 20px 12px 48px; }
  h1 { font-size: 24px; }
  h2 { margin-top: 30px; }
  .card { padding: 14px; border-radius: 8px; }
  .scroll { margin: 0; padding: 0; }
  .scroll th:first-child { position: sticky; left: 0; z-index: 1; background: var(--card); }
  .scroll tr.judged th:first-child { background: var(--tint); }
  .verdict .headline { font-size: 19px; }
  .wide { display: none; }
  .narrow { display: block; }
}
@media print {
  body { background: none; }
  .card { break-inside: avoid; }
}
`
