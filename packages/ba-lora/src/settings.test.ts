import { decode, E } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { baLora } from './baLora.js'
import { weightsAt } from './evaluate.js'
import { BaLoraSettings, completeNlgSettings, NlgSettings, scheduleOf } from './settings.js'
import { type TrainingFacts, warnings } from './warnings.js'

const settings: BaLoraSettings = { lambda1: 0.1, lambda2: 0.01, lambda3: 0.02, k: 3 }

describe('settings', () => {
  it('decode, and are filled in as in the paper', () => {
    const decoded = decode(BaLoraSettings, { ...settings, schedule2: { kind: 'linear_warmup', warmup: 0.5 } })
    if (E.isLeft(decoded)) throw new Error(decoded.left.message)
    const objective = baLora(decoded.right)
    expect(objective.map(({ name }) => name)).toEqual(['task', 'consistency', 'diversity', 'spectral'])
    const at = (t: number): number[] => [...weightsAt(objective, t).data].map((x) => Number(x.toPrecision(6)))
    expect(at(0)).toEqual([1, 0.1, 0, 0])
    expect(at(0.25)).toEqual([1, Number((0.1 * scheduleOf({ kind: 'cosine' })(0.25)).toPrecision(6)), 0.005, 0.02])
    expect(at(1)).toEqual([1, 0.01, 0.01, 0.02])
  })

  it.each([
    [{ ...settings, k: 0 }, 'k: expected a whole number above 0, received 0'],
    [{ ...settings, lambda1: -1 }, 'lambda1: expected a number of at least 0, received -1'],
    [{ ...settings, norm: 'nuklear' }, 'did you mean "nuclear"?'],
    [{ ...settings, lamda1: 1 }, 'lamda1: expected no such field (did you mean "lambda1"?)'],
    [
      { ...settings, schedule1: { kind: 'two_phase', warmup: 2, ramp: 0 } },
      'schedule1.warmup: expected a number from 0 to 1',
    ],
    [{ lambda1: 1 }, 'k: expected a whole number above 0, received nothing'],
  ])('%j is refused', (value, message) => {
    const decoded = decode(BaLoraSettings, value)
    expect(E.isLeft(decoded) ? decoded.left.message : '').toContain(message)
  })
})

describe('settings for language models', () => {
  const text: NlgSettings = { form: 'nlg', lambda1: 0.025, lambda2: 0.005, lambda3: 0.004, k: 10 }

  it('decode, and are filled in as in the paper', () => {
    const decoded = decode(NlgSettings, text)
    if (E.isLeft(decoded)) throw new Error(decoded.left.message)
    expect(completeNlgSettings(decoded.right)).toEqual({
      ...text,
      temperature: 2,
      topK: 20,
      norm: 'frobenius',
      variant: 'aligned',
      schedule1: { kind: 'cosine' },
      schedule2: { kind: 'two_phase', warmup: 0.2, ramp: 0.05 },
      schedule3: { kind: 'two_phase', warmup: 0.2, ramp: 0.05 },
    })
    const objective = baLora(decoded.right)
    expect(objective.map(({ name }) => name)).toEqual(['task', 'consistency', 'diversity', 'spectral'])
    const at = (t: number): number[] => [...weightsAt(objective, t).data].map((x) => Number(x.toPrecision(6)))
    expect([at(0), at(0.225), at(1)]).toEqual([
      [1, 0.025, 0, 0],
      [1, Number((0.025 * scheduleOf({ kind: 'cosine' })(0.225)).toPrecision(6)), 0.0025, 0.002],
      [1, 0.0025, 0.005, 0.004],
    ])
  })

  it('an adaptive λ1 weighs by the input, not by the progress', () => {
    const [, consistency] = baLora({ ...text, schedule1: { kind: 'adaptive', highest: 2 } })
    expect([0, 0.5, 1].map((t) => consistency?.weight(t))).toEqual([0.025, 0.025, 0.025])
    expect(consistency?.factor).toBeDefined()
  })

  it.each([
    [{ ...text, topK: 0 }, 'topK'],
    [{ ...text, topK: 'some' }, 'topK'],
    [{ ...text, temperature: 0 }, 'temperature: expected a number above 0, received 0'],
    [{ ...text, variant: 'alined' }, 'did you mean "aligned"?'],
    [{ ...text, svd: 'random' }, 'svd'],
    [{ ...text, tempertaure: 1 }, 'tempertaure: expected no such field (did you mean "temperature"?)'],
    [{ ...text, schedule2: { kind: 'adaptive' } }, 'schedule2'],
    [{ ...text, schedule1: { kind: 'adaptive', lowest: -1 } }, 'schedule1.lowest: expected a number of at least 0'],
    [{ ...text, form: 'nlu' }, 'form'],
  ])('%j is refused', (value, message) => {
    const decoded = decode(NlgSettings, value)
    expect(E.isLeft(decoded) ? decoded.left.message : '').toContain(message)
  })

  const facts: TrainingFacts = { classes: 1000, batchRows: 512, teacherHead: 'trained', steps: 100 }

  it.each([
    ['nothing', {}, {}, []],
    ['positions as in the paper', { variant: 'paper' }, {}, ['paper-positions all']],
    ['entropy of one word', { topK: 1 }, {}, ['one-word diversity']],
    ['one position', {}, { batchRows: 1 }, ['one-row spectral']],
    ['two words are no two classes', { k: 1 }, { classes: 2 }, []],
    ['more values than there are', { k: 10 }, { batchRows: 10 }, ['spectral-all-values spectral']],
    ['more values than there are, nuclear', { norm: 'nuclear' }, { batchRows: 10 }, ['spectral-constant spectral']],
    ['a nuclear norm of a large vocabulary', { norm: 'nuclear' }, { classes: 32000 }, ['spectral-frobenius spectral']],
    ['which an exact SVD keeps', { norm: 'nuclear', svd: 'exact' }, { classes: 32000 }, []],
    [
      'a randomised one of a small vocabulary',
      { norm: 'nuclear', svd: 'randomised' },
      {},
      ['spectral-frobenius spectral'],
    ],
    ['no weight', { lambda1: 0, lambda2: 0, lambda3: 0, variant: 'paper' }, {}, ['nothing-acts all']],
    [
      'adaptive λ1 in one step',
      { schedule1: { kind: 'adaptive' } },
      { steps: 1 },
      ['never-reached diversity', 'never-reached spectral'],
    ],
  ] as const)('warnings: %s', (_, s, f, expected) => {
    expect(warnings({ ...text, ...s }, { ...facts, ...f }).map(({ code, term }) => `${code} ${term}`)).toEqual(expected)
  })
})

describe('warnings', () => {
  const facts: TrainingFacts = { classes: 9, batchRows: 32, teacherHead: 'trained', steps: 100 }
  const codes = (s: Partial<BaLoraSettings>, f: Partial<TrainingFacts>): string[] =>
    warnings({ ...settings, ...s }, { ...facts, ...f }).map(({ code, term }) => `${code} ${term}`)

  it.each([
    ['nothing', {}, {}, []],
    ['k takes all singular values', { k: 9 }, {}, ['spectral-constant spectral']],
    ['so it does in small batches', { k: 4 }, { batchRows: 4 }, ['spectral-constant spectral']],
    ['with the Frobenius norm', { k: 9, norm: 'frobenius' } as const, {}, ['spectral-all-values spectral']],
    ['not while its weight is 0', { k: 9, lambda3: 0 }, {}, []],
    ['fresh head', {}, { teacherHead: 'fresh' } as const, ['teacher-fresh-head consistency']],
    ['two classes', { k: 1 }, { classes: 2 }, ['two-classes diversity']],
    ['regression', { k: 1 }, { classes: 1 }, ['one-class all']],
    ['one row', { k: 1 }, { batchRows: 1 }, ['one-row all']],
    ['no weight', { lambda1: 0, lambda2: 0, lambda3: 0 }, {}, ['nothing-acts all']],
    ['too few steps', {}, { steps: 1 }, ['never-reached diversity', 'never-reached spectral']],
  ])('%s', (_, s, f, expected) => {
    expect(codes(s, f)).toEqual(expected)
  })

  it('are sentences with the numbers', () => {
    const [first] = warnings({ ...settings, k: 12 }, facts)
    expect(first?.text).toBe(
      'k = 12, but the logits have 9 singular values (9 classes, 32 rows): the spectral term is constantly -1 and does ' +
        'nothing. Choose k below 9.',
    )
  })
})
