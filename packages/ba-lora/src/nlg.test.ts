import {
  array,
  full,
  type HostTensor,
  key,
  mul,
  normal,
  slice,
  split,
  type Tensor,
  valueAndGrad,
  zeros,
} from '@cotangent/core'
import { crossEntropy } from '@cotangent/nn'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baLora, regularisers } from './baLora.js'
import { type Evaluation, evaluate, weightsAt } from './evaluate.js'
import { adaptiveFactor } from './losses/adaptiveFactor.js'
import { entropyDiversity } from './losses/entropyDiversity.js'
import { klConsistency } from './losses/klConsistency.js'
import { spectral } from './losses/spectral.js'
import { masked } from './objective.js'
import { type NlgInput, positionRows } from './positions.js'
import type { NlgSettings } from './settings.js'

const [ks = key(1), kt = key(2)] = split(key(0))
const [student, teacher] = [normal(ks, [2, 4, 6]), normal(kt, [2, 4, 6])]
const labels = array(
  [
    [-100, 3, 5, 1],
    [-100, -100, 2, -100],
  ],
  'i32',
)
const input: NlgInput = { student, teacher, labels, mask: null, key: null }
const settings: NlgSettings = { form: 'nlg', lambda1: 0.1, lambda2: 0.2, lambda3: 0.3, k: 2, topK: 3, temperature: 3 }

const at = (x: Tensor, places: readonly (readonly [number, number])[]): HostTensor =>
  array(places.map(([b, i]) => Array.from(slice(x, [b, i, 0], [b + 1, i + 1, 6]).data)))

const evaluated = (s: NlgSettings, i: NlgInput = input): Evaluation => {
  const objective = baLora(s)
  return evaluate(objective)(i, weightsAt(objective, 1))
}

const numbers = (terms: Evaluation['terms']): Record<string, number> =>
  Object.fromEntries(Object.entries(terms).map(([name, x]) => [name, Number(x.item().toPrecision(5))]))

/** The losses of rows that were picked by hand. */
const ofRows = (f: Tensor, p: Tensor): Record<string, number> =>
  numbers({
    consistency: klConsistency(f, p, { temperature: 3 }),
    diversity: entropyDiversity(f, { topK: 3 }),
    spectral: spectral(f, { k: 2, norm: 'frobenius' }),
  })

describe('which positions count', () => {
  // position i predicts the label of i + 1
  const predicting = [
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 1],
  ] as const
  const labelled = [
    [0, 1],
    [0, 2],
    [0, 3],
    [1, 2],
  ] as const
  const task = Number(
    crossEntropy(at(student, predicting), array([3, 5, 1, 2], 'i32'))
      .item()
      .toPrecision(5),
  )

  it('aligned: those whose next token is to be predicted, for all terms', () => {
    expect(numbers(evaluated(settings).terms)).toEqual({
      task,
      ...ofRows(at(student, predicting), at(teacher, predicting)),
    })
  })

  it('paper: for the regularisers those with a label of their own', () => {
    expect(numbers(evaluated({ ...settings, variant: 'paper' }).terms)).toEqual({
      task,
      ...ofRows(at(student, labelled), at(teacher, labelled)),
    })
  })

  it('and of those, what the mask leaves', () => {
    const mask = array([
      [1, 0, 1, 1],
      [1, 1, 1, 1],
    ])
    const kept = predicting.filter((_, i) => i !== 1)
    const expected = {
      task: Number(
        crossEntropy(at(student, kept), array([3, 1, 2], 'i32'))
          .item()
          .toPrecision(5),
      ),
      ...ofRows(at(student, kept), at(teacher, kept)),
    }
    expect(numbers(evaluated(settings, { ...input, mask }).terms)).toEqual(expected)
    const objective = masked((_: NlgInput) => mask)(baLora(settings))
    expect(numbers(evaluate(objective)(input, weightsAt(objective, 1)).terms)).toEqual(expected)
  })

  it('aligned is paper with the labels moved by one', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(-100, 0, 3, 5), { minLength: 8, maxLength: 8 }), (list) => {
        const rows = [list.slice(0, 4), list.slice(4)]
        const moved = rows.map((row) => [...row.slice(1), -100])
        const mask = (variant: 'aligned' | 'paper', of: number[][]) =>
          positionRows(variant)({ ...input, labels: array(of, 'i32') }).mask?.toArray()
        expect(mask('aligned', rows)).toEqual(mask('paper', moved))
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  it('where none does, everything is 0 with gradient 0', () => {
    const objective = baLora({ ...settings, schedule1: { kind: 'adaptive' } })
    const [total, slope] = valueAndGrad((x: Tensor) => {
      const none: NlgInput = { ...input, student: x, labels: full([2, 4], -100, 'i32') }
      return evaluate(objective)(none, weightsAt(objective, 1)).total
    })(student)
    expect([total.item(), ...slope.data].every((x) => x === 0)).toBe(true)
  })

  it('shapes that do not fit are refused', () => {
    expect(() => positionRows('paper')({ ...input, labels: array([1, 2], 'i32') })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: positionRows: student and teacher must be [batch, seq, vocab], labels and mask [batch, seq].
        received  student f32[2,4,6], teacher f32[2,4,6], labels i32[2]
        to do     give the logits of all positions, and labels that are not shifted]
    `)
    expect(() => positionRows('paper')({ ...input, mask: array([1, 2]) })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: positionRows: student and teacher must be [batch, seq, vocab], labels and mask [batch, seq].
        received  student f32[2,4,6], teacher f32[2,4,6], labels i32[2,4], mask f32[2]
        to do     give the logits of all positions, and labels that are not shifted]
    `)
  })
})

describe('a randomised spectral term', () => {
  const wide = normal(ks, [1, 24, 40])
  const text: NlgInput = { student: wide, teacher: wide, labels: zeros([1, 24], 'i32'), mask: null, key: key(7) }
  const term = (svd: 'exact' | 'randomised', given: Partial<NlgInput> = {}): number =>
    evaluated({ ...settings, svd, variant: 'paper' }, { ...text, ...given }).terms.spectral?.item() ?? Number.NaN

  it('depends on the key and on nothing else, and is near the exact one', () => {
    expect(term('randomised')).toBe(term('randomised'))
    expect(term('randomised')).not.toBe(term('randomised', { key: key(8) }))
    expect(Math.abs(term('randomised') / term('exact') - 1)).toBeLessThan(0.05)
    expect(Math.abs(term('randomised'))).toBeLessThanOrEqual(Math.abs(term('exact')))
  })

  it('needs a key', () => {
    expect(() => term('randomised', { key: null })).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: baLora: a randomised SVD needs a key.
        received  key null, for logits [24,40]
        to do     give the input a key of this step (foldIn(key, step)), or set svd to 'exact']
    `)
  })

  it('needs none where the subspace is all there is', () => {
    const few = evaluated({ ...settings, svd: 'randomised' }, input).terms.spectral?.item()
    expect(few).toBeCloseTo(evaluated({ ...settings, svd: 'exact' }, input).terms.spectral?.item() ?? Number.NaN, 6)
  })

  it('has the Frobenius norm', () => {
    const objective = regularisers({ ...settings, svd: 'randomised', norm: 'nuclear', k: 40 })
    const value = evaluate(objective)(input, weightsAt(objective, 1)).terms.spectral?.item() ?? 0
    expect(value).toBeLessThan(-1) // the nuclear share of all values is -1
  })
})

describe('adaptive λ1', () => {
  const adaptive: NlgSettings = { ...settings, schedule1: { kind: 'adaptive', lowest: 0.2, highest: 3 } }
  const weight = (p: Tensor): number => evaluated(adaptive, { ...input, teacher: p }).weights.consistency?.item() ?? 0

  it('is lowest where the teacher knows nothing, highest where it is sure', () => {
    expect(weight(zeros([2, 4, 6]))).toBeCloseTo(0.1 * 0.2, 7)
    expect(weight(mul(teacher, 1e4))).toBeCloseTo(0.1 * 3, 6)
  })

  it('weighs and is not trained', () => {
    const objective = baLora(adaptive)
    const weights = array([0, 1, 0, 0])
    const slope = valueAndGrad((p: Tensor) => evaluate(objective)({ ...input, teacher: p }, weights).total)(teacher)[1]
    expect([...slope.data].every((x) => x === 0)).toBe(true)
  })

  it('needs two words', () => {
    expect(() => adaptiveFactor({})({ teacher: array([[1]]), mask: null })).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: adaptiveFactor: the teacher must have at least two classes.
        received  teacher f32[1,1]
        to do     use a schedule in its place]
    `)
  })
})
