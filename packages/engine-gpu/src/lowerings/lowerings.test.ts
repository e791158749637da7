import {
  type AttrsOf,
  array,
  type BasicPrimitiveName,
  bind,
  compile,
  evalIR,
  type HostTensor,
  makeIR,
  type Nested,
  type NoAttrs,
  primitives,
  type Tensor,
  tensor,
} from '@cotangent/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GpuEngine, gpuEngine } from '../gpuEngine.js'

interface Case<A> {
  readonly operands: readonly HostTensor[]
  readonly attrs: A
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const floats = array([0, -0, 1, -2.5, 0.3, 1e-30, 3e38, inf, -inf, nan])
const others = array([1, 0, -0, 4, 0.3, -inf, 2, inf, nan, 1])
const truths = (...values: (0 | 1)[]): HostTensor => tensor(Uint8Array.from(values))
const ints = (values: Nested): HostTensor => array(values, 'i32')
const cube = tensor(
  Float32Array.from({ length: 24 }, (_, i) => Math.fround(Math.sin(i * 1.7) * 3)),
  [2, 3, 4],
)
const empty = (...shape: number[]): HostTensor => tensor(new Float32Array(0), shape)

const of = <A>(attrs: A, ...operands: HostTensor[]): Case<A> => ({ operands, attrs })
const noAttrs: NoAttrs = {}
const unary = [of(noAttrs, floats), of(noAttrs, cube), of(noAttrs, empty(0, 3))]
const binary = [of(noAttrs, floats, others), of(noAttrs, cube, cube)]
const logical = [of(noAttrs, truths(0, 0, 1, 1), truths(0, 1, 0, 1))]
const matrix = array([
  [1, 2, 3],
  [4, 5, 6],
])

/** Cases by hand; the conformance suite has generated ones for every primitive. */
const cases: { readonly [N in BasicPrimitiveName | 'gelu' | 'softplus']?: readonly Case<AttrsOf<N>>[] } = {
  neg: unary,
  add: [...binary, of(noAttrs, ints([1, -2]), ints([5, 7]))],
  sub: binary,
  mul: binary,
  div: binary,
  sqrt: unary,
  rsqrt: unary,
  pow: binary,
  log: unary,
  log1p: unary,
  exp: unary,
  expm1: unary,
  sign: unary,
  abs: unary,
  floor: unary,
  maximum: binary,
  minimum: binary,
  sin: [of(noAttrs, cube)],
  cos: [of(noAttrs, cube)],
  tanh: unary,
  sigmoid: unary,
  softplus: unary,
  erf: unary,
  gelu: [of(noAttrs, cube)],
  equal: binary,
  less: binary,
  lessEqual: binary,
  logicalAnd: logical,
  logicalOr: logical,
  logicalNot: [of(noAttrs, truths(0, 1))],
  where: [
    of(noAttrs, truths(0, 1, 0, 1, 0, 1, 0, 1, 0, 1), floats, others),
    of(noAttrs, truths(1, 0), ints([1, 2]), ints([3, 4])),
  ],
  cast: [
    of({ dtype: 'i32' }, floats),
    of({ dtype: 'bool' }, floats),
    of({ dtype: 'f32' }, ints([1, -7])),
    of({ dtype: 'bool' }, ints([0, -7])),
    of({ dtype: 'f32' }, truths(0, 1)),
    of({ dtype: 'i32' }, truths(0, 1)),
  ],
  reshape: [of({ shape: [4, 6] }, cube), of({ shape: [0] }, empty(0, 3))],
  transpose: [
    of({ permutation: [2, 0, 1] }, cube),
    of({ permutation: [0, 2, 1] }, cube),
    of({ permutation: [1, 2, 0] }, cube),
    of({ permutation: [1, 0] }, empty(0, 3)),
  ],
  broadcastTo: [
    of({ shape: [2, 3] }, array(5)),
    of({ shape: [2, 2, 3] }, matrix),
    of({ shape: [2, 3, 2] }, array([[[1], [2], [3]]])),
    of({ shape: [4, 3, 2] }, array([[[1, 2]], [[3, 4]], [[5, 6]], [[7, 8]]])),
    of({ shape: [0, 3] }, array([[1, 2, 3]])),
  ],
  reduceSum: [
    of({ axes: [0, 1, 2] }, cube),
    of({ axes: [1] }, cube),
    of({ axes: [0, 2] }, cube),
    of({ axes: [0] }, empty(0, 3)),
    of(
      { axes: [1] },
      ints([
        [1, 2],
        [3, 4],
      ]),
    ),
    of({ axes: [0] }, array([1, inf, -inf])),
  ],
  reduceMax: [
    of({ axes: [0, 1, 2] }, cube),
    of({ axes: [1] }, cube),
    of({ axes: [0] }, floats),
    of(
      { axes: [1] },
      array([
        [-inf, -inf],
        [-3, nan],
        [nan, 2],
      ]),
    ),
    of({ axes: [0] }, ints([-5, -7])),
  ],
  argmax: [
    of({ axis: 1 }, cube),
    of({ axis: 2 }, cube),
    of({ axis: 0 }, floats),
    of(
      { axis: 1 },
      array([
        [2, 2, 1],
        [-inf, -inf, -inf],
        [1, nan, nan],
      ]),
    ),
  ],
  slice: [
    of({ starts: [0, 1, 1], limits: [2, 3, 4], strides: [1, 1, 2] }, cube),
    of({ starts: [1, 0, 0], limits: [2, 3, 4], strides: [1, 1, 1] }, cube),
    of({ starts: [1, 1, 1], limits: [1, 3, 4], strides: [1, 1, 1] }, cube),
  ],
  pad: [
    of({ low: [1, 0, 2], high: [0, 1, 1], interior: [0, 0, 1] }, cube),
    of({ low: [0, 0], high: [0, 2], interior: [3, 0] }, matrix),
    of({ low: [2], high: [1], interior: [2] }, empty(0)),
    of({ low: [1, 1], high: [1, 0], interior: [1, 2] }, array([[1], [2]])),
  ],
  concat: [
    of({ axis: 1 }, matrix, array([[7], [8]]), empty(2, 0)),
    of({ axis: 0 }, matrix, matrix),
    of({ axis: 0 }, ...Array.from({ length: 60 }, (_, i) => array([i, -i]))),
    of({ axis: 0 }, empty(0), empty(0)),
  ],
  iota: [of({ length: 5, dtype: 'f32' }), of({ length: 0, dtype: 'i32' })],
  constant: [
    of({ values: [1.5, -0, inf, nan], shape: [2, 2], dtype: 'f32' }),
    of({ values: [3, 0], shape: [2], dtype: 'i32' }),
  ],
  take: [
    of({ axis: 0 }, cube, ints([1, 0, 1])),
    of(
      { axis: 1 },
      cube,
      ints([
        [2, 2],
        [0, 1],
      ]),
    ),
    of({ axis: 2 }, cube, ints(3)),
  ],
  scatterAdd: [
    of({ axis: 0 }, array([1, 2, 3]), ints([1, 1, 0]), array([5, 6, 7])),
    of({ axis: 1 }, cube, ints([2, 0, 2]), cube),
    of({ axis: 2 }, cube, ints([[3], [3]]), tensor(new Float32Array(12).fill(0.1), [2, 3, 2, 1])),
    of({ axis: 0 }, array([1, 2]), tensor(new Int32Array(0)), empty(0)),
  ],
  dotGeneral: [
    of(
      { contract: [[1], [0]], batch: [[], []] },
      matrix,
      array([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ),
    of({ contract: [[2], [2]], batch: [[0], [0]] }, cube, cube),
    of(
      {
        contract: [
          [0, 2],
          [0, 2],
        ],
        batch: [[], []],
      },
      cube,
      cube,
    ),
    of(
      {
        contract: [
          [2, 0],
          [2, 0],
        ],
        batch: [[1], [1]],
      },
      cube,
      cube,
    ),
    of({ contract: [[], []], batch: [[], []] }, array([1, 2]), array([3, 4, 5])),
    of({ contract: [[0], [0]], batch: [[], []] }, array([1, 2]), array([3, 4])),
    of({ contract: [[1], [0]], batch: [[], []] }, empty(2, 0), empty(0, 3)),
    of({ contract: [[0], [0]], batch: [[], []] }, ints([1, 2]), ints([3, 4])),
  ],
}

/** Within 4 ULP of f32 arithmetic, or 5e-7 absolute (erf); NaN, infinities and signs of zero the same. */
const expectClose = (actual: HostTensor, wanted: Tensor): void => {
  expect(actual.shape).toEqual(wanted.shape)
  expect(actual.dtype).toBe(wanted.dtype)
  for (const [i, y] of wanted.data.entries()) {
    const x = actual.data[i] ?? Number.NaN
    const near = Math.abs(x - y) <= Math.max(5e-7, 5e-7 * Math.abs(y))
    if (!near) expect(x, `element ${i} of ${actual} for ${wanted}`).toBe(y)
  }
}

for (const mode of ['cpu', 'webasm'] as const) {
  describe(`${mode}: every lowering agrees with the reference evaluator`, () => {
    let engine: GpuEngine
    beforeAll(async () => {
      engine = await gpuEngine({ mode })
    })
    afterAll(() => engine.close())

    for (const [name, list] of Object.entries(cases)) {
      test(name, async () => {
        for (const { operands, attrs } of list) {
          const primitive = Object.values(primitives).find((p) => p.name === name)
          if (primitive === undefined) throw new Error(name)
          // border: the table's type joins names and attributes, a loop over its entries does not
          const f = (...xs: Tensor[]): readonly Tensor[] => bind(primitive as never, xs, attrs as never)
          const [wanted] = evalIR(makeIR(f)(...operands), operands)
          let programs = 0
          const compiled = compile(f, engine, { onCompile: (event) => (programs = event.programs) })
          const [actual] = await compiled(...operands)
          if (wanted === undefined || actual === undefined) throw new Error('no result')
          expectClose(await actual.read(), wanted)
          expect(programs).toBe(1)
        }
      })
    }
  })
}
