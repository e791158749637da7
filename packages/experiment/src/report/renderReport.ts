import type { Analysis, Condition } from './analyse.js'
import { analyse } from './analyse.js'
import { figureMarkup } from './figure.js'
import { figuresOf } from './figures/index.js'
import { embeddedJson, html, Markup, nothing, shortened } from './html.js'
import type { StudyResults } from './results.js'
import { styleSheet } from './styleSheet.js'
import { mainTable, settingsTable, splitsTable, testsTable, tuningTable, workTable } from './tables.js'

/** Nothing may be loaded, run or sent; style is the page's own. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

const conditionTitle = ({ kind, pretrainings }: Condition, several: boolean): string =>
  several ? ` after ${kind} pre-training${pretrainings > 1 ? ` (${pretrainings} models)` : ''}` : ''

const header = (results: StudyResults): Markup => {
  const { title, question, test, methods, seed, created } = results
  const seeds = new Set(methods.flatMap(({ runs }) => runs.map((run) => run.seed))).size
  const facts = [
    `${methods.length} methods`,
    `${seeds} seeds`,
    `${test.truth.length.toLocaleString('en-US')} test mails`,
    `seed ${seed}`,
    ...(created === null ? [] : [created]),
  ]
  return html`<header><h1>${shortened(title, 200)}</h1><p class="question">${shortened(question, 600)}</p><p class="meta">${facts.join(' · ')}</p></header>`
}

/** Keeps `p = 0.01` and `95 %` on one line. */
const unbroken = (text: string): string =>
  text.replace(/\bp ([=<]) (?=\d)/g, 'p\u00a0$1\u00a0').replace(/(\d) %/g, '$1\u00a0%')

const verdictSection = ({ verdict }: Analysis): Markup =>
  html`<section class="card verdict ${verdict.outcome.replaceAll(' ', '-')}"><p class="headline">${shortened(verdict.headline, 800)}</p><ul>${verdict.sentences.map(
    (sentence) => html`<li>${unbroken(shortened(sentence, 1500))}</li>`,
  )}</ul></section>`

const warningsSection = ({ warnings }: StudyResults): Markup =>
  warnings.length === 0
    ? nothing
    : html`<section class="card warnings"><h3>To bear in mind</h3><ul>${warnings.map((text) => html`<li>${shortened(text, 500)}</li>`)}</ul></section>`

const methodsSection = ({ methods, controls }: StudyResults): Markup =>
  html`<div class="card"><table class="plain"><thead><tr><th scope="col">Method</th><th scope="col">What it does</th></tr></thead><tbody>${[
    ...methods,
    ...controls,
  ].map(
    ({ label, description }) =>
      html`<tr><th scope="row">${shortened(label, 60)}</th><td>${shortened(description, 400)}</td></tr>`,
  )}</tbody></table></div>`

const howMeasured = (results: StudyResults, analysis: Analysis, resamples: number): Markup => {
  const models = results.pretrainings.map(
    ({ kind, seed, description }) =>
      html`<li>Pre-training, ${kind}, seed ${seed}: ${shortened(description, 300)}.</li>`,
  )
  const several = analysis.conditions.length > 1
  return html`<div class="columns">
<div class="card"><h3>Data</h3><p>${shortened(results.data.source, 300)}</p>${splitsTable(results)}</div>
<div class="card"><h3>Measures and statistics</h3><ul>
${models}
<li>Macro F1 was named as the primary metric beforehand, accuracy on the hidden group as the second. Macro F1 averages the F1 of the classes that occur in truth or prediction.</li>
<li>A seed sets the fine-tuning subset, its order, the adapter, and the head where it starts anew. ${several ? 'Where there are several pre-trained models, a seed’s value is its mean over them. ' : ''}All methods get the same seeds and the same test mails.</li>
<li>Intervals: ${resamples.toLocaleString('en-US')} resamples, each drawing seeds and then clusters of near-duplicate mails, the same draw of mails for all its seeds; percentiles.</li>
<li>Tests: permutation of the signs of the paired differences, two-sided, corrected by Holm over the methods compared. Significant means p after Holm at most 0.05.</li>
<li>Calibration error: 15 bins of equal width over the largest probability. Drift: mean KL of the teacher's answer to the student's. Effective rank: exponential of the entropy of the normalised singular values, on the test mails.</li>
</ul></div></div>`
}

const conditionTables = (condition: Condition, results: StudyResults, several: boolean): Markup => {
  const title = conditionTitle(condition, several)
  return html`<section><h2>Results${title}</h2>${mainTable(condition, results)}<h2>Paired tests${title}</h2>${testsTable(condition)}</section>`
}

/** Results as embedded in the page: without hidden features, which the map already shows. */
const embedded = (results: StudyResults): StudyResults => ({
  ...results,
  methods: results.methods.map((method) => ({ ...method, hidden: null })),
  controls: results.controls.map((method) => ({ ...method, hidden: null })),
})

/** How the statistics of a report are made. */
export interface ReportOptions {
  /** The statistics, where they were already made. */
  readonly analysis?: Analysis
  /** Resamples of each bootstrap; 2,000 if left out. */
  readonly resamples?: number
}

/**
 * A study's report as one HTML file that loads nothing, runs nothing, and shows all data as text.
 *
 * The same results give the same bytes. It has a light and a dark form and is readable from 400 pixels of width. The
 * results are inside, as JSON in the element `results`.
 *
 * @param results a study's results
 * @returns the file's text
 * @example const written = await writeFileAtomic('report.html', renderReport(results))()
 */
export const renderReport = (results: StudyResults, options: ReportOptions = {}): string => {
  const { resamples = 2000 } = options
  const analysis = options.analysis ?? analyse(results, { resamples })
  const several = analysis.conditions.length > 1
  const [main, ...others] = analysis.conditions
  // the figures' own bars need fewer resamples than what is tested
  const figures = figuresOf({ results, condition: main, resamples: Math.min(resamples, 1000) }, analysis.interaction)
  const [first, ...rest] = figures.map((figure, i) => figureMarkup(figure, i + 1))
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${shortened(results.title, 200)}</title>
<style>${new Markup(styleSheet)}</style>
</head>
<body>
<main>
${header(results)}
${verdictSection(analysis)}
${warningsSection(results)}
${first ?? nothing}
${[main, ...others].map((condition) => conditionTables(condition, results, several))}
<h2>Figures${conditionTitle(main, several)}</h2>
${rest}
<h2>Methods</h2>
${methodsSection(results)}
<h2>How it was measured</h2>
${howMeasured(results, analysis, resamples)}
<h2>Tuning</h2>
${tuningTable(results.methods)}
<h2>Work, settings, environment</h2>
<div class="columns">
<div class="card"><h3>Work</h3><div class="scroll" tabindex="0" role="region" aria-label="Work">${workTable(results.work)}</div></div>
<div class="card"><h3>Environment</h3>${settingsTable(results.environment)}</div>
<div class="card"><h3>Settings</h3>${settingsTable(results.settings)}</div>
</div>
<footer><p>Made by Cotangent. The numbers are inside this file, as JSON in the element with id “results”.</p></footer>
</main>
<script type="application/json" id="results">${embeddedJson(embedded(results))}</script>
</body>
</html>
`
  return page.html
}
