/* A training step that goes wrong on the ONNX engine: found, explained, profiled. */
import { evaluate, type Objective, term, weighted, weightsAt } from '@cotangent/ba-lora'
import {
  array,
  compile,
  compileChecked,
  div,
  type Engine,
  explainCompile,
  explainNaN,
  findNaN,
  key,
  log,
  makeIR,
  matmul,
  mean,
  mul,
  NonFiniteError,
  normal,
  ones,
  profile,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  treeMap,
  valueAndGrad,
  zeros,
} from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { bertClassify, bertConfig, initBert } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let engine: Engine
beforeAll(async () => {
  engine = await onnxEngine({ threads: 1 })
})
afterAll(() => engine.close())

interface Params {
  readonly hidden: Tensor
  readonly out: Tensor
}

interface Batch {
  readonly x: Tensor
  readonly y: Tensor
}

const logitsOf = ({ hidden, out }: Params, x: Tensor): Tensor => matmul(tanh(matmul(x, hidden)), out)

/** A task, and a penalty whose slope is infinite where two rows of logits are the same. */
const objective: Objective<{ readonly logits: Tensor; readonly y: Tensor }> = [
  ...term('task', ({ logits, y }: { readonly logits: Tensor; readonly y: Tensor }) =>
    mean(sub(0, sum(mul(y, log(softmax(logits))), 1))),
  ),
  ...weighted(0.1)(
    term('distance', ({ logits }: { readonly logits: Tensor }) => sqrt(sum(square(sub(logits, mean(logits, 0)))))),
  ),
]

const step = (params: Params, batch: Batch, rate: Tensor) => {
  const [loss, slope] = valueAndGrad(
    (p: Params) => evaluate(objective)({ logits: logitsOf(p, batch.x), y: batch.y }, weightsAt(objective, 0)).total,
  )(params)
  return { params: treeMap((w, g) => sub(w, mul(g, rate)), params, slope), loss }
}

const params = (): Params => ({ hidden: normal(key(1), [3, 4]), out: normal(key(2), [4, 2]) })
const batch: Batch = {
  x: normal(key(3), [2, 3]),
  y: array([
    [1, 0],
    [0, 1],
  ]),
}
/** Both rows alike: the distance is 0, and the slope of its root is infinite. */
const alike: Batch = { ...batch, x: ones([2, 3]) }

describe('a step on the ONNX engine', () => {
  test('that gives a NaN names the term of the objective, the pass and the line', async () => {
    const checked = compileChecked(step, engine, { donate: [0] })
    const next = await checked(params(), batch, array(0.1))
    expect(Number.isFinite(next.loss.item())).toBe(true)
    const error: unknown = await checked(next.params, alike, array(0.1)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(NonFiniteError)
    const report = error instanceof NonFiniteError ? error.report : null
    expect(report).toMatchObject({
      found: 'NaN',
      scopes: ['distance'],
      pass: 'backward',
      source: { file: 'test/debugging.test.ts' },
    })
    expect(String(error)).toContain('scope     distance')
    expect(String(error)).toContain('on the engine onnx')
  })

  test('the reference evaluator finds the same without it', () => {
    const report = findNaN(step)(params(), alike, array(0.1))
    expect(report).toMatchObject({ scopes: ['distance'], pass: 'backward' })
    expect(report === null ? '' : explainNaN(report)).toMatch(
      /^NaN in the backward pass of \w+: \w+ at test\/debugging\.test\.ts:\d+:\d+\n/,
    )
    expect(findNaN(step)(params(), batch, array(0.1))).toBeNull()
  })

  test('that is compiled again says for which argument', async () => {
    const compiled = compile(step, engine)
    await compiled(params(), batch, array(0.1))
    await compiled(params(), { x: zeros([1, 3]), y: array([[1, 0]]) }, array(0.1))
    const text = explainCompile(compiled)
    expect(text).toMatch(/^step was compiled 2 times\n/)
    expect(text).toContain('batch.x: f32[2,3] -> f32[1,3]')
    expect(text).toContain('batch.y: f32[2,2] -> f32[1,2]')
    expect(text).not.toContain('params')
  })

  test('has a profile by term: all of it adds up', async () => {
    const times = await profile(step, engine, { runs: 2 })(params(), batch, array(0.1))
    const table = times.table({ by: 'scope' })
    expect(table).toMatch(/ task$/m)
    expect(table).toMatch(/ distance$/m)
    const rows = table
      .split('\n')
      .slice(2)
      .map((row) => Number.parseFloat(row))
    expect(rows.reduce((a, b) => a + b, 0)).toBeCloseTo(times.total, 0)
  })
})

test('a NaN that only a long way makes: its first operation is found, not the last', async () => {
  const f = (x: Tensor): Tensor => {
    let y = div(sub(x, x), sub(x, x))
    for (let i = 0; i < 50; i++) y = tanh(mul(y, 2))
    return y
  }
  const error: unknown = await compileChecked(f, engine)(array([1])).catch((thrown: unknown) => thrown)
  expect(error instanceof NonFiniteError ? error.report?.op : error).toBe('div')
})

test('layers of models are scopes, by the names of their weights', () => {
  const scopesIn = (f: (...xs: never[]) => unknown, ...args: readonly unknown[]): ReadonlySet<string> =>
    new Set(
      makeIR(f as (...xs: readonly unknown[]) => unknown)(...args).equations.map(
        ({ origin }) => origin?.scope.join('/') ?? '',
      ),
    )
  const ids = array([[1, 2, 3]], 'i32')
  const bert = bertConfig({
    ...{ vocab_size: 9, hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 4 },
    ...{ max_position_embeddings: 4, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
  })
  const weights = initBert(key(0), bert, 'classify')
  const classify = (p: typeof weights) => bertClassify(bert, p, { inputIds: ids, attentionMask: ids }).logits
  expect(scopesIn(classify, weights)).toEqual(new Set(['embeddings', 'encoder.layer.0', 'encoder.layer.1', '']))
})
