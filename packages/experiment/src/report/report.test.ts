import { E } from '@cotangent/prelude'
import { fc, test } from '@fast-check/vitest'
import { parseHTML } from 'linkedom'
import { describe, expect } from 'vitest'
import { syntheticResults } from '../../../../test/support/studyResults.js'
import { accuracy, groupAccuracy } from '../metrics/index.js'
import { pairedPermutation, summarise } from '../statistics/index.js'
import {
  analyse,
  csvCell,
  type MethodResult,
  readResults,
  renderCsv,
  renderReport,
  renderTable,
  resultFaults,
  type StudyResults,
} from './index.js'

fc.configureGlobal({ seed: 20260307 })

/** Few mails, seeds and points, so that a report takes milliseconds. */
const small = (options: Parameters<typeof syntheticResults>[0] = {}): StudyResults => {
  const results = syntheticResults({ seeds: 3, mails: 80, ...options })
  const fewer = (method: MethodResult): MethodResult => ({
    ...method,
    hidden: method.hidden && {
      ...method.hidden,
      group: method.hidden.group.slice(110, 130),
      features: method.hidden.features.slice(110, 130),
    },
  })
  return { ...results, methods: results.methods.map(fewer), controls: results.controls.map(fewer) }
}

/** Reads CSV with quoted cells, character by character (RFC 4180). */
const readCsv = (text: string): readonly Readonly<Record<string, string>>[] => {
  const rows: string[][] = [['']]
  let quoted = false
  const add = (character: string) => {
    const row = rows.at(-1) ?? []
    row.push(`${row.pop() ?? ''}${character}`)
  }
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? ''
    if (quoted && character === '"' && text[i + 1] === '"') add(text[++i] ?? '')
    else if (character === '"') quoted = !quoted
    else if (!quoted && character === ',') rows.at(-1)?.push('')
    else if (!quoted && character === '\n') rows.push([''])
    else add(character)
  }
  const [head = [], ...body] = rows.slice(0, -1)
  return body.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ''])))
}

/** Whether a text holds controls (tabs and line ends aside) or bidirectional overrides. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const hasControls = (text: string) => /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(text)

const quick = { resamples: 40 }

const documentOf = (page: string) => parseHTML(page).document

describe('results', () => {
  test('are read back as they were written', () => {
    const results = syntheticResults({ seeds: 2, mails: 50, pretrainings: 2 })
    expect(resultFaults(results)).toEqual([])
    expect(readResults(JSON.stringify(results), 'results.json')).toEqual(E.right(results))
  })

  test('that do not fit together are refused with the place', () => {
    const results = small()
    const [first, ...others] = results.methods
    const [run] = first?.runs ?? []
    if (!first || !run) throw new Error('the synthetic results have methods and runs')
    const broken = {
      ...results,
      judged: 'nobody',
      methods: [{ ...first, runs: [{ ...run, predicted: [99, ...run.predicted.slice(2)] }] }, ...others],
      test: { ...results.test, cluster: [] },
    }
    const read = readResults(JSON.stringify(broken), 'results.json')
    const paths = E.isLeft(read) ? read.left.faults.map(({ path }) => path) : []
    expect(paths).toEqual(['test.cluster', 'judged', 'methods[0].runs[0].predicted', 'methods[0].runs[0].predicted[0]'])
    expect(E.isLeft(read) && read.left.message).toMatch(/results\.json/)
  })

  test('of a wrong type, or without anything measured, are refused', () => {
    const wrong = readResults(JSON.stringify({ ...small(), version: 2, seed: 'one' }), 'results.json')
    expect(E.isLeft(wrong) && wrong.left.faults.map(({ path }) => path)).toEqual(['version', 'seed'])
    const empty = readResults(JSON.stringify({ ...small(), judged: null, rival: null, methods: [] }), 'results.json')
    expect(E.isLeft(empty) && empty.left.message).toMatch(/at least one method with a run/)
  })
})

describe('analyse', () => {
  const results = syntheticResults({ seeds: 5, mails: 300 })
  const analysis = analyse(results, { resamples: 300 })
  const [{ rows, families }] = analysis.conditions

  test('means and spreads are those of the runs', () => {
    for (const { method, estimates } of rows) {
      const values = method.runs.map(({ predicted }) => accuracy(results.test.truth, predicted))
      expect(estimates.get('accuracy')?.mean).toBeCloseTo(summarise(values).mean, 5)
      const hard = method.runs.map(
        ({ predicted }) => groupAccuracy(results.test.truth, predicted, results.test.group, 3)[2]?.accuracy ?? 0,
      )
      expect(estimates.get('hardHamAccuracy')?.mean).toBeCloseTo(summarise(hard).mean, 5)
    }
  })

  test('intervals hold the mean, and exist for what can be resampled', () => {
    for (const { estimates } of rows) {
      for (const key of ['macroF1', 'hardHamAccuracy', 'accuracy']) {
        const { mean = 0, interval } = estimates.get(key) ?? {}
        expect(interval?.low).toBeLessThan(mean)
        expect(interval?.high).toBeGreaterThan(mean)
      }
      expect(estimates.get('ece')?.interval).toBeNull()
    }
  })

  test('the judged method is tested against each other method, not against controls', () => {
    expect(families.map(({ metric }) => metric.key)).toEqual(['macroF1', 'hardHamAccuracy'])
    const macro = families[0]?.comparisons ?? []
    expect(macro.map(({ row }) => row.method.name)).toEqual(['full', 'lora', 'pissa'])
    const f1 = (name: string) =>
      results.methods.find((method) => method.name === name)?.runs.map(({ metrics }) => metrics.macroF1) ?? []
    const differences = f1('ba-lora').map((value, i) => value - (f1('lora')[i] ?? 0))
    expect(macro[1]?.test.p).toBe(pairedPermutation(differences, { seed: 1 }).p)
  })

  test('the order of runs does not matter', () => {
    const shuffled = {
      ...results,
      methods: results.methods.map((method, i) => ({
        ...method,
        runs: i % 2 ? [...method.runs].reverse() : method.runs,
      })),
    }
    expect(analyse(shuffled, { resamples: 300 }).verdict).toEqual(analysis.verdict)
  })

  test('several pre-trainings of two kinds: seeds stay the unit, and the interaction is tested', () => {
    const full = syntheticResults({ seeds: 4, mails: 120, pretrainings: 3 })
    const { conditions, interaction, verdict } = analyse(full, quick)
    expect(conditions.map(({ kind, pretrainings }) => [kind, pretrainings])).toEqual([
      ['faulty', 3],
      ['clean', 3],
    ])
    const [{ rows: faulty }] = conditions
    const judged = faulty.find((row) => row.judged)
    expect(judged?.estimates.get('macroF1')?.n).toBe(4)
    const mine = full.methods.find(({ name }) => name === 'ba-lora')?.runs ?? []
    const seedOne = mine.filter(({ seed, pretraining }) => seed === 1 && (pretraining ?? 9) < 3)
    expect(judged?.estimates.get('macroF1')?.values[0]).toBeCloseTo(
      summarise(seedOne.map(({ metrics }) => metrics.macroF1)).mean,
      12,
    )
    expect(interaction?.perPretraining.length).toBe(3)
    expect(interaction?.overSeeds.n).toBe(4)
    expect(verdict.sentences.join(' ')).toMatch(/after faulty and .* after clean pre-training/)
  })

  test('a method with fewer seeds is compared on the seeds that all have', () => {
    const uneven = {
      ...results,
      methods: results.methods.map((method, i) => (i === 0 ? { ...method, runs: method.runs.slice(1) } : method)),
    }
    expect(analyse(uneven, quick).conditions[0].families[0]?.comparisons[0]?.test.n).toBe(4)
  })
})

describe('renderReport', () => {
  const results = small()
  const page = renderReport(results, quick)
  const document = documentOf(page)

  test('the same results give the same bytes', () => {
    expect(renderReport(small(), quick) === page).toBe(true)
  })

  test('loads nothing and runs nothing', () => {
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content')
    expect(policy).toMatch(/^default-src 'none';/)
    expect(
      document.querySelectorAll('link, img, iframe, object, embed, form, [src], [href], [onclick], [onload]').length,
    ).toBe(0)
    expect([...document.querySelectorAll('script')].map((script) => script.getAttribute('type'))).toEqual([
      'application/json',
    ])
    expect(/url\(|@import|https?:\/\/(?!www\.w3\.org)/.test(page)).toBe(false)
  })

  test('every figure says how many and what its interval is, and has labelled drawings', () => {
    const figures = [...document.querySelectorAll('figure')]
    expect(figures.map((figure) => figure.id)).toEqual([
      'overview',
      'groups',
      'classes',
      'noise',
      'curves',
      'spectrum',
      'feature-map',
    ])
    for (const figure of figures) {
      const caption = figure.querySelector('figcaption')?.textContent ?? ''
      expect(caption).toMatch(/n = \d/)
      expect(caption).toMatch(/interval|standard deviation|smallest to largest/)
      const drawings = [...figure.querySelectorAll('.drawing svg')]
      expect(drawings.length).toBeGreaterThan(0)
      for (const drawing of drawings) {
        expect(drawing.getAttribute('aria-label')).not.toBe('')
        expect(drawing.querySelector('[aria-label="x-axis label"]')?.textContent).toBeTruthy()
        expect(/NaN|undefined|Infinity/.test(drawing.outerHTML)).toBe(false)
      }
    }
  })

  test('holds the results as JSON', () => {
    const embedded = JSON.parse(document.querySelector('#results')?.textContent ?? '')
    expect(embedded.methods[0].runs).toEqual(results.methods[0]?.runs)
    expect(embedded.test).toEqual(results.test)
  })

  test('says what was found', () => {
    const { verdict } = analyse(results, quick)
    expect(document.querySelector('.headline')?.textContent).toBe(verdict.headline)
    expect(document.querySelectorAll('.verdict li').length).toBe(verdict.sentences.length)
  })

  /** Elements that data could have added. */
  const countsOf = (source: string) => {
    const doc = documentOf(source)
    return {
      scripts: doc.querySelectorAll('script').length,
      styles: doc.querySelectorAll('style').length,
      images: doc.querySelectorAll('img').length,
      handlers: [...doc.querySelectorAll('*')].filter((element) =>
        [...element.attributes].some(({ name }) => name.startsWith('on')),
      ).length,
      rows: doc.querySelectorAll('tr').length,
    }
  }
  const plain = countsOf(renderReport(small({ hostile: 'x', seeds: 2, mails: 30 }), { resamples: 10 }))

  const hostile = fc.oneof(
    fc.constantFrom(
      '</script><script>document.title=1</script>',
      '"><img src=x onerror=alert(1)>',
      "' onload='alert(1)",
      '</style><script>',
      '<!--',
      '&lt;b&gt;',
      '\u2028\u001b[31m\u202e',
      '\ud800',
      '__proto__',
      'x'.repeat(2000),
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  test.prop([hostile], { numRuns: 12 })('data never becomes markup', (text) => {
    const evil = small({ hostile: text, seeds: 2, mails: 30 })
    const report = renderReport(evil, { resamples: 10 })
    expect(countsOf(report)).toEqual(plain)
    expect(hasControls(report)).toBe(false)
  })

  test('little data still gives a report: one seed, one method, no group, no curves, no map', () => {
    const [method] = results.methods
    const [run] = method?.runs ?? []
    if (!method || !run) throw new Error('the synthetic results have methods and runs')
    const bare: StudyResults = {
      ...results,
      judged: null,
      rival: null,
      hiddenGroup: null,
      pretrainings: [],
      controls: [],
      work: [],
      warnings: [],
      settings: {},
      methods: [
        {
          ...method,
          hidden: null,
          trials: [],
          runs: [
            {
              ...run,
              pretraining: null,
              curves: [],
              outputSpectrum: [],
              metrics: { ...run.metrics, accuracyUnderNoise: [], hardHamAccuracy: null, ece: null },
            },
          ],
        },
      ],
    }
    expect(resultFaults(bare)).toEqual([])
    const report = documentOf(renderReport(bare, quick))
    expect([...report.querySelectorAll('figure')].map((figure) => figure.id)).toEqual(['overview', 'groups', 'classes'])
    expect(report.querySelector('.headline')?.textContent).toMatch(/compared with no other method/)
    expect(report.querySelector('main')?.textContent).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('both kinds of pre-training get their own tables', () => {
    const report = documentOf(renderReport(small({ pretrainings: 2, seeds: 2, mails: 40 }), quick))
    const heads = [...report.querySelectorAll('h2')].map((head) => head.textContent)
    expect(heads).toContain('Results after faulty pre-training (2 models)')
    expect(heads).toContain('Results after clean pre-training (2 models)')
    expect(report.querySelector('#gain figcaption')?.textContent).toMatch(/BA-LoRA minus PiSSA.*n = 2 seeds/)
  })
})

describe('renderTable', () => {
  test('a row for each method and control, with mean, interval and p', () => {
    const results = syntheticResults({ seeds: 4, mails: 150 })
    const [table] = renderTable(results, analyse(results, quick))
    expect(table?.head).toEqual([
      'Method',
      'Macro F1 (%)',
      '95 % interval',
      'Hard ham (%)',
      'Accuracy (%)',
      'Calibration error (%)',
      'Time (s)',
      'p against BA-LoRA (Holm)',
    ])
    expect(table?.rows.map(([label]) => label)).toEqual([
      'Full fine-tuning',
      'LoRA',
      'PiSSA',
      'BA-LoRA',
      'Teacher, untouched',
      'Bag of words',
    ])
    for (const row of table?.rows ?? []) expect(row.length).toBe(8)
    expect(table?.rows[0]?.[1]).toMatch(/^\d\d\.\d ± \d\.\d$/)
    expect(table?.rows[0]?.[2]).toMatch(/^\d\d\.\d to \d\d\.\d$/)
    expect(table?.rows[3]?.[7]).toBe('')
  })

  test('no control character reaches a terminal', () => {
    const results = small({ hostile: '\u001b]0;x\u0007\u009b31m\r', seeds: 2, mails: 30 })
    const text = renderTable(results, analyse(results, quick))
      .flatMap(({ title, head, rows }) => [title, ...head, ...rows.flat()])
      .join('')
    expect(hasControls(text)).toBe(false)
  })
})

describe('renderCsv', () => {
  test('has a row for each run, which a CSV reader reads back', () => {
    const results = small({ hostile: '=1+"a",\n' })
    const rows = readCsv(renderCsv(results))
    expect(rows.length).toBe([...results.methods, ...results.controls].flatMap(({ runs }) => runs).length)
    expect(rows[0]?.method).toBe('\'=1+"a",\nfull')
    expect(Number(rows[0]?.macroF1)).toBe(results.methods[0]?.runs[0]?.metrics.macroF1)
    expect(rows[0]?.pretraining).toBe('faulty')
    expect(rows.at(-1)?.driftKl).toBe('')
    expect(rows[0]).toHaveProperty(['accuracy_at_noise_0.1'])
  })

  test('a text that a spreadsheet would run is quoted, a number is not', () => {
    expect(csvCell('=HYPERLINK("x")')).toBe('"\'=HYPERLINK(""x"")"')
    expect(csvCell('-2')).toBe('"\'-2"')
    expect(csvCell(-2)).toBe('-2')
    expect(csvCell(null)).toBe('')
    expect(csvCell('plain')).toBe('plain')
  })
})
