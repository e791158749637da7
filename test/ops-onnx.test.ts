/*
 * Operations against PyTorch (test/fixtures/ops), on the ONNX engine in f32: values and derivatives of a case are one
 * program. Nothing needs a wider bound than the one that is asked, and no case is left out.
 */
import { compile, type Engine, makeIR, planStages, prepareIR, type Tensor } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scaledError } from './support/fixtures.js'
import { ask, type Comparison, comparisons } from './support/opsCases.js'

let engine: Engine
beforeAll(async () => {
  engine = await onnxEngine({ threads: 1 })
})
afterAll(() => engine.close())

const all = comparisons()

test('336 results and 464 derivatives are compared', () => {
  const kinds = all.flatMap(({ expected }) => expected.map(({ kind }) => kind))
  expect(kinds.filter((kind) => kind === 'outputs').length).toBe(336)
  expect(kinds.filter((kind) => kind === 'gradients').length).toBe(464)
})

test.each(all.map((comparison) => [comparison.name, comparison] as const))('%s', async (_, comparison) => {
  const { f, inputs, expected } = comparison
  const results = await compile((xs: readonly Tensor[]) => f(xs), engine)(inputs)
  expect(results.length).toBe(expected.length)
  for (const [i, y] of results.entries()) {
    const { what = '', kind = 'outputs', value = y } = expected[i] ?? {}
    expect(y.dtype, what).toBe(value.dtype)
    expect.soft(scaledError(y, value), what).toBeLessThanOrEqual(ask[kind])
  }
})

/** What of a comparison is evaluated on the host, between programs of the engine. */
const onHost = ({ f, inputs }: Comparison): readonly string[] => {
  const ir = prepareIR(makeIR((xs: readonly Tensor[]) => f(xs))(inputs), (primitive) => engine.lowers(primitive))
  const stages = planStages(ir, (equation) => engine.runs?.(equation) ?? true)
  const host = stages.filter(({ where }) => where === 'host').flatMap((stage) => stage.ir.equations)
  return host.map(({ primitive }) => primitive.name)
}

test('only matrix algorithms without an operator of ONNX leave the engine', () => {
  const leaving = all.flatMap((comparison) =>
    onHost(comparison).length === 0 ? [] : [comparison.name.replace(/ \d+$/, '')],
  )
  expect([...new Set(leaving)].sort()).toEqual([
    'cholesky',
    'det',
    'inv',
    'logdet',
    'qr',
    'solve',
    'solve_triangular',
    'svd',
  ])
})
