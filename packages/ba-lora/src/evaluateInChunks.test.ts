import {
  add,
  array,
  evalIR,
  type IR,
  key,
  makeIR,
  matmul,
  matrixTranspose,
  normal,
  prepareIR,
  reshape,
  split,
  type Tensor,
  treeEntries,
  valueAndGradAux,
} from '@cotangent/core'
import { describe, expect, it } from 'vitest'
import { baLora } from './baLora.js'
import { type Evaluation, evaluate, weightsAt } from './evaluate.js'
import { evaluateInChunks, type Head } from './evaluateInChunks.js'
import type { NlgSettings } from './settings.js'

const [batch, seq, embed, vocab] = [2, 7, 4, 23]
const [k1 = key(1), k2 = key(2), k3 = key(3), k4 = key(4), k5 = key(5)] = split(key(0), 5)
// with a bias, rows that only fill up a chunk have logits too
const params = {
  states: normal(k1, [batch, seq, embed]),
  weight: normal(k2, [vocab, embed]),
  bias: normal(k5, [vocab]),
}
const teacher = { ...params, states: normal(k3, [batch, seq, embed]), weight: normal(k4, [vocab, embed]) }
type Params = typeof params

const labels = array(
  [
    [-100, -100, 3, 4, 22, 0, 1],
    [5, 6, 7, 8, -100, -100, -100],
  ],
  'i32',
)
const mask = array([
  [1, 1, 1, 0, 1, 1, 1],
  [1, 1, 1, 1, 1, 1, 0],
])

const headOf =
  ({ weight, bias }: Params): Head =>
  (states) =>
    add(matmul(states, matrixTranspose(weight)), bias)

const logitsOf = (p: Params): Tensor => reshape(headOf(p)(reshape(p.states, [batch * seq, embed])), [batch, seq, vocab])

type Step = (p: Params) => readonly [readonly [Tensor, Evaluation], Params]

const rest = { labels, mask, key: key(5) }

const whole = (settings: NlgSettings): Step => {
  const total = evaluate(baLora(settings))
  return valueAndGradAux((p: Params) => {
    const input = { ...rest, student: logitsOf(p), teacher: logitsOf(teacher) }
    const evaluation = total(input, weightsAt(baLora(settings), 1))
    return [evaluation.total, evaluation] as const
  })
}

const inChunks = (settings: NlgSettings, size: number): Step => {
  const total = evaluateInChunks(settings, size)
  return valueAndGradAux((p: Params) => {
    const input = {
      ...rest,
      student: p.states,
      teacher: teacher.states,
      studentHead: headOf(p),
      teacherHead: headOf(teacher),
    }
    const evaluation = total(input, weightsAt(baLora(settings), 1))
    return [evaluation.total, evaluation] as const
  })
}

const settings: NlgSettings = {
  form: 'nlg',
  lambda1: 0.3,
  lambda2: 0.2,
  lambda3: 0.4,
  k: 2,
  topK: 5,
  svd: 'randomised',
}

/** Every number of the result, by its place, computed in f64. */
const inF64 = (step: Step): ReadonlyMap<string, number> => {
  const result = evalIR(makeIR(step)(params), [params], { floats: 'f64' })
  return new Map(treeEntries(result).flatMap(([path, x]) => Array.from(x.data, (v, i) => [`${path} ${i}`, v] as const)))
}

describe('the objective in chunks is the objective', () => {
  it.each([
    ['randomised', {}],
    ['exact', { svd: 'exact', norm: 'nuclear' }],
    ['paper', { variant: 'paper', topK: 'all' }],
    ['adaptive', { schedule1: { kind: 'adaptive' }, temperature: 0.7 }],
  ] satisfies readonly (readonly [string, Partial<NlgSettings>])[])('%s: values, weights and gradients', (_, some) => {
    const given: NlgSettings = { ...settings, ...some }
    const expected = inF64(whole(given))
    for (const size of [1, 4, 7, 14, 99]) {
      const actual = inF64(inChunks(given, size))
      expect([...actual.keys()]).toEqual([...expected.keys()])
      for (const [place, value] of expected) {
        expect(Math.abs((actual.get(place) ?? Number.NaN) - value), `${place}, size ${size}`).toBeLessThan(1e-11)
      }
    }
  })

  it('all logits are never there at once, forward or backward', () => {
    const largest = (step: Step): number => largestResult(prepareIR(makeIR(step)(params), () => true))
    expect(largest(whole(settings))).toBeGreaterThanOrEqual(batch * seq * vocab)
    // in chunks of 2 the largest is the subspace, [vocab, k + 5], or a gradient of the head
    expect(largest(inChunks(settings, 2))).toBeLessThanOrEqual(vocab * 7)
  })

  it('a size that is none is refused', () => {
    expect(() => evaluateInChunks(settings, 0)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: evaluateInChunks: the size of a chunk must be a whole number above 0.
        received  size 0
        to do     choose it so that a few tensors [size, vocab] fit into memory: 64 to 512]
    `)
  })
})

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null

/** Border: programs that equations hold are found by their shape. */
const isIR = (x: unknown): x is IR => isRecord(x) && Array.isArray(x.equations) && Array.isArray(x.outputs)

const held = (attrs: unknown): readonly IR[] =>
  isIR(attrs) ? [attrs] : isRecord(attrs) ? Object.values(attrs).flatMap(held) : []

/** The most elements that any equation makes, in the program and in those it holds. */
const largestResult = (ir: IR): number =>
  Math.max(
    ...ir.equations.flatMap(({ results, attrs }) => [
      ...results.map(({ aval }) => aval.shape.reduce((n, length) => n * length, 1)),
      ...held(attrs).map(largestResult),
    ]),
  )
