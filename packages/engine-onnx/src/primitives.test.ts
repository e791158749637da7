/* Every primitive against the reference evaluator, on tame and hostile numbers. */
import {
  type AnyPrimitive,
  type Aval,
  allocate,
  aval,
  basicPrimitives,
  bind,
  compile,
  composedPrimitives,
  type DType,
  type Engine,
  eigh,
  evaluateIR,
  expandDims,
  HostTensor,
  makeIR,
  matmul,
  matrixTranspose,
  mul,
  prepareIR,
  sizeOf,
  type Tensor,
} from '@cotangent/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onnxEngine } from './engine.js'

/** Mulberry32: a small seeded generator, for test data only. */
const random = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const hostile = [
  0,
  -0,
  1,
  -1,
  1e30,
  -1e30,
  1e-30,
  1e-40,
  88.7,
  -88.7,
  -104,
  3.4e38,
  Infinity,
  -Infinity,
  NaN,
  1e-8,
  0.5,
]
const hostileIntegers = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 7]

type Fill = 'tame' | 'hostile' | 'positive' | { readonly below: number }

const filled = ({ shape, dtype }: Aval, fill: Fill, next: () => number): HostTensor => {
  const data = allocate(dtype, sizeOf(shape))
  const pick = (list: readonly number[]): number => list[Math.floor(next() * list.length)] ?? 0
  const draw = (): number => {
    if (typeof fill === 'object') return Math.floor(next() * fill.below)
    if (dtype === 'bool') return Number(next() < 0.5)
    if (dtype === 'i32') return fill === 'hostile' && next() < 0.3 ? pick(hostileIntegers) : Math.floor(next() * 17 - 8)
    if (fill === 'positive') return next() * 8 + 1e-3
    return fill === 'hostile' && next() < 0.3 ? pick(hostile) : next() * 16 - 8
  }
  for (let i = 0; i < data.length; i++) data[i] = draw()
  return new HostTensor(data, shape, dtype)
}

/** Whether two numbers agree; `scale` is the sum of magnitudes where that is known. */
type Law = (got: number, wanted: number, u: number, scale: number) => boolean

const near =
  (tolerance: number): Law =>
  (got, wanted, u) =>
    Math.abs(got - wanted) <= tolerance * u * Math.abs(wanted) + u * 2 ** -100
const exact: Law = near(0.5)
const absolute =
  (tolerance: number): Law =>
  (got, wanted) =>
    Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted))
const summed: Law = (got, wanted, u, scale) => Math.abs(got - wanted) <= 16 * u * Math.max(scale, Math.abs(wanted))
const exponential: Law = (got, wanted, u) =>
  Math.abs(got - wanted) <= (6 + 4 * Math.abs(Math.log(Math.abs(wanted) + 1e-300))) * u * Math.abs(wanted) + 1e-37
const logarithm: Law = (got, wanted, u) => Math.abs(got - wanted) <= Math.max(6 * u * Math.abs(wanted), 8 * u)

interface Case {
  readonly operands: readonly Aval[]
  readonly attrs: unknown
  readonly law: Law
  readonly fills?: readonly Fill[]
}

const shapes = [[], [1], [5], [2, 3], [2, 1, 4]] as const
const floats: readonly DType[] = ['f32', 'f64']
const numeric: readonly DType[] = ['f32', 'f64', 'i32']
const all: readonly DType[] = ['f32', 'f64', 'i32', 'bool']

const elementwise = (arity: number, dtypes: readonly DType[], law: Law, fills?: readonly Fill[]): readonly Case[] =>
  dtypes.flatMap((dtype) =>
    shapes.map((shape) => ({
      operands: Array.from({ length: arity }, () => aval(shape, dtype)),
      attrs: {},
      law,
      ...(fills === undefined ? {} : { fills }),
    })),
  )

const over = (
  dtypes: readonly DType[],
  operands: (dtype: DType) => readonly Aval[],
  attrs: readonly unknown[],
  law: Law = exact,
  fills?: readonly Fill[],
): readonly Case[] =>
  dtypes.flatMap((dtype) =>
    attrs.map((a) => ({ operands: operands(dtype), attrs: a, law, ...(fills === undefined ? {} : { fills }) })),
  )

const rows = (law: Law) =>
  over(floats, (dtype) => [aval([4, 7], dtype)], [{}], law).concat(
    over(floats, (dtype) => [aval([3, 1], dtype)], [{}], law),
  )

const cases: { readonly [N in keyof typeof basicPrimitives | keyof typeof composedPrimitives]?: readonly Case[] } = {
  neg: elementwise(1, numeric, exact),
  add: elementwise(2, numeric, exact),
  sub: elementwise(2, numeric, exact),
  mul: elementwise(2, floats, exact).concat(elementwise(2, ['i32'], exact, ['tame'])),
  div: elementwise(2, floats, near(6)),
  sqrt: elementwise(1, floats, near(6)),
  rsqrt: elementwise(1, floats, near(8)),
  pow: elementwise(2, floats, exponential),
  log: elementwise(1, floats, logarithm),
  log1p: elementwise(1, floats, logarithm),
  exp: elementwise(1, floats, exponential),
  expm1: elementwise(1, floats, (g, w, u, s) => exponential(g, w, u, s) || Math.abs(g - w) <= 16 * u * Math.abs(w)),
  sign: elementwise(1, numeric, exact),
  abs: elementwise(1, numeric, exact),
  floor: elementwise(1, floats, exact),
  maximum: elementwise(2, numeric, exact),
  minimum: elementwise(2, numeric, exact),
  sin: elementwise(1, floats, absolute(2e-6), ['tame']),
  cos: elementwise(1, floats, absolute(2e-6), ['tame']),
  tanh: elementwise(1, floats, absolute(1e-5)),
  sigmoid: elementwise(1, floats, absolute(1e-5)),
  erf: elementwise(1, floats, absolute(1e-5)),
  equal: elementwise(2, all, exact),
  less: elementwise(2, numeric, exact),
  lessEqual: elementwise(2, numeric, exact),
  logicalAnd: elementwise(2, ['bool'], exact),
  logicalOr: elementwise(2, ['bool'], exact),
  logicalNot: elementwise(1, ['bool'], exact),
  where: all.flatMap((dtype) =>
    shapes.map((shape) => ({
      operands: [aval(shape, 'bool'), aval(shape, dtype), aval(shape, dtype)],
      attrs: {},
      law: exact,
    })),
  ),
  cast: all.flatMap((from) =>
    over(
      [from],
      () => [aval([9], from)],
      all.map((dtype) => ({ dtype })),
    ),
  ),
  reshape: over(all, (dtype) => [aval([2, 3, 4], dtype)], [
    { shape: [6, 4] },
    { shape: [24] },
    { shape: [1, 2, 12, 1] },
  ]),
  transpose: over(all, (dtype) => [aval([2, 3, 4], dtype)], [{ permutation: [2, 0, 1] }, { permutation: [1, 0, 2] }]),
  broadcastTo: over(all, (dtype) => [aval([2, 1, 3], dtype)], [{ shape: [2, 4, 3] }, { shape: [5, 2, 1, 3] }]),
  reduceSum: over(
    numeric,
    (dtype) => [aval([2, 3, 4], dtype)],
    [{ axes: [1] }, { axes: [0, 2] }, { axes: [0, 1, 2] }],
    summed,
  ),
  reduceMax: over(numeric, (dtype) => [aval([2, 3, 4], dtype)], [{ axes: [1] }, { axes: [0, 2] }, { axes: [0, 1, 2] }]),
  topKIndices: over(floats, (dtype) => [aval([3, 9], dtype)], [{ k: 1 }, { k: 4 }, { k: 9 }]).concat(
    over(floats, (dtype) => [aval([2, 2, 5], dtype)], [{ k: 2 }]),
  ),
  lastUpdate: [{ operands: [aval([9], 'i32')], attrs: { length: 4 }, law: exact, fills: [{ below: 4 }] }],
  argsort: over(numeric, (dtype) => [aval([3, 9], dtype)], [
    { axis: 0, descending: false },
    { axis: 1, descending: true },
  ]),
  barrier: elementwise(1, all, exact),
  cumsum: over(
    numeric,
    (dtype) => [aval([3, 5], dtype)],
    [
      { axis: 0, reverse: false },
      { axis: 1, reverse: true },
    ],
    summed,
  ),
  argmax: over(numeric, (dtype) => [aval([2, 3, 4], dtype)], [{ axis: 1 }, { axis: 2 }, { axis: 0 }]),
  slice: over(all, (dtype) => [aval([5, 4], dtype)], [
    { starts: [1, 0], limits: [5, 4], strides: [2, 1] },
    { starts: [0, 1], limits: [5, 3], strides: [3, 1] },
  ]),
  pad: over(all, (dtype) => [aval([3, 2], dtype)], [
    { low: [1, 0], high: [0, 2], interior: [0, 0] },
    { low: [0, 1], high: [1, 0], interior: [2, 1] },
  ]),
  concat: over(all, (dtype) => [aval([2, 3], dtype), aval([2, 1], dtype)], [{ axis: 1 }]),
  iota: over(['f32', 'i32', 'f64'], () => [], [
    { length: 5, dtype: 'i32' },
    { length: 3, dtype: 'f32' },
  ]),
  constant: over(['f32'], () => [], [{ values: [1, -0, 2.5], shape: [3], dtype: 'f32' }]),
  take: all.flatMap((dtype) =>
    [0, 1].map((axis) => ({
      operands: [aval([4, 4], dtype), aval([2, 3], 'i32')],
      attrs: { axis },
      law: exact,
      fills: ['hostile', { below: 4 }] as const,
    })),
  ),
  scatterAdd: numeric.flatMap((dtype) =>
    [0, 1].map((axis) => ({
      operands: [aval([4, 5], dtype), aval([3], 'i32'), aval(axis === 0 ? [3, 5] : [4, 3], dtype)],
      attrs: { axis },
      law: absolute(1e-5),
      fills: ['tame', { below: 4 }, 'tame'] as const,
    })),
  ),
  takeAlongAxis: all.flatMap((dtype) =>
    [0, 1].map((axis) => ({
      operands: [aval([4, 4], dtype), aval(axis === 0 ? [3, 4] : [4, 6], 'i32')],
      attrs: { axis },
      law: exact,
      fills: ['hostile', { below: 4 }] as const,
    })),
  ),
  scatterAddAlongAxis: numeric.flatMap((dtype) =>
    [0, 1].map((axis) => ({
      operands: [aval([4, 4], dtype), ...['i32' as const, dtype].map((d) => aval(axis === 0 ? [3, 4] : [4, 6], d))],
      attrs: { axis },
      law: absolute(1e-5),
      fills: ['tame', { below: 4 }, 'tame'] as const,
    })),
  ),
  dotGeneral: [
    { left: [3, 4], right: [4, 5], contract: [[1], [0]], batch: [[], []] },
    { left: [3, 4], right: [5, 4], contract: [[1], [1]], batch: [[], []] },
    { left: [4, 3], right: [4, 5], contract: [[0], [0]], batch: [[], []] },
    { left: [2, 3, 4], right: [5, 4], contract: [[2], [1]], batch: [[], []] },
    {
      left: [2, 3, 4],
      right: [2, 3, 5],
      contract: [
        [0, 1],
        [0, 1],
      ],
      batch: [[], []],
    },
    {
      left: [2, 3, 4],
      right: [3, 2, 5],
      contract: [
        [0, 1],
        [1, 0],
      ],
      batch: [[], []],
    },
    {
      left: [2, 5, 3, 4],
      right: [2, 6, 3, 4],
      contract: [[3], [3]],
      batch: [
        [0, 2],
        [0, 2],
      ],
    },
    {
      left: [2, 3, 5, 6],
      right: [2, 6, 3, 4],
      contract: [[3], [1]],
      batch: [
        [0, 1],
        [0, 2],
      ],
    },
    {
      left: [3, 2, 5],
      right: [2, 3, 5],
      contract: [[2], [2]],
      batch: [
        [0, 1],
        [1, 0],
      ],
    },
    { left: [4], right: [4], contract: [[0], [0]], batch: [[], []] },
    { left: [3], right: [2], contract: [[], []], batch: [[], []] },
    {
      left: [2, 3],
      right: [2, 3],
      contract: [[], []],
      batch: [
        [0, 1],
        [0, 1],
      ],
    },
  ].flatMap(({ left, right, contract, batch }) =>
    over(numeric, (dtype) => [aval(left, dtype), aval(right, dtype)], [{ contract, batch }], summed, ['tame']),
  ),
  gelu: elementwise(1, floats, absolute(1e-5)),
  softplus: elementwise(1, floats, absolute(1e-6)),
  softmax: rows(absolute(1e-5)),
  logSoftmax: rows(absolute(1e-5)),
  standardize: over(floats, (dtype) => [aval([4, 7], dtype)], [{ eps: 1e-5 }], absolute(1e-4), ['tame']),
  eigh: [], // its vectors are free in sign: below
  singularValues: over(floats, (dtype) => [aval([6, 4], dtype)], [{}], absolute(1e-5), ['tame']),
}

const classOf = (x: number): string => (Number.isNaN(x) ? 'NaN' : Number.isFinite(x) ? 'finite' : String(x))

let engine: Engine
beforeAll(async () => {
  engine = await onnxEngine({ threads: 2 })
})
afterAll(() => engine.close())

const check = async (primitive: AnyPrimitive, { operands, attrs, law, fills }: Case, seed: number): Promise<void> => {
  const next = random(seed)
  const fillOf = (i: number): Fill => fills?.[Math.min(i, fills.length - 1)] ?? (seed % 2 === 0 ? 'tame' : 'hostile')
  const inputs = operands.map((a, i) => filled(a, fillOf(i), next))
  const ir = makeIR((...xs: HostTensor[]) => bind(primitive, xs, attrs))(...inputs)
  const prepared = prepareIR(ir, (p) => engine.lowers(p))
  if (!prepared.equations.every((equation) => engine.runs(equation))) return
  const executable = await engine.load(prepared)
  const results = await executable.run(inputs)
  const wanted = evaluateIR(ir, inputs)
  const scale = evaluateIR(
    ir,
    inputs.map((x) =>
      x.dtype === 'bool' ? x : new HostTensor(x.data.map(Math.abs) as typeof x.data, x.shape, x.dtype),
    ),
  )
  for (const [i, want] of wanted.entries()) {
    const got = results[i]
    expect(got?.aval).toEqual({ shape: want.shape, dtype: want.dtype })
    const u = want.dtype === 'f64' ? 2 ** -53 : 2 ** -24
    for (const [j, w] of want.data.entries()) {
      const g = got?.data[j] ?? Number.NaN
      const agrees = classOf(g) === classOf(w) && (!Number.isFinite(w) || law(g, w, u, scale[i]?.data[j] ?? 0))
      if (!agrees) {
        const given = inputs.map((x) => `${x.dtype}[${x.shape.join(',')}] ${Array.from(x.data).join(' ')}`).join('; ')
        expect.fail(
          `${primitive.name}${primitive.attrs.print(attrs, () => '')} of ${given}: result ${i}, place ${j} is ${g}, not ${w}`,
        )
      }
    }
  }
}

describe('engine onnx agrees with the reference evaluator', () => {
  const records: Readonly<Record<string, unknown>> = { ...basicPrimitives, ...composedPrimitives }
  for (const [name, list] of Object.entries<readonly Case[]>(cases)) {
    test(name, async () => {
      const primitive = records[name]
      for (const one of list) for (let seed = 1; seed <= 4; seed++) await check(primitive as AnyPrimitive, one, seed)
    })
  }
})

test('eigh gives ascending eigenvalues and vectors that diagonalise', async () => {
  for (const [n, size] of [
    [1, 1],
    [2, 1],
    [5, 1e-200],
    [9, 1e150],
  ] as const) {
    const a = filled(aval([n, n], 'f64'), 'tame', random(n))
    const symmetric = mul(matmul(a, matrixTranspose(a)), size)
    const decompose = compile((x: Tensor) => {
      const [w, v] = eigh(x)
      return [w, matmul(mul(v, expandDims(w, 0)), matrixTranspose(v)), matmul(matrixTranspose(v), v)] as const
    }, engine)
    const [w, again, identity] = await decompose(symmetric)
    const scale = Math.max(...symmetric.data)
    for (const [i, x] of again.data.entries())
      expect(Math.abs(x - (symmetric.data[i] ?? 0))).toBeLessThan(1e-10 * scale)
    for (const [i, x] of identity.data.entries()) expect(x).toBeCloseTo(Number(i % (n + 1) === 0), 10)
    expect([...w.data]).toEqual([...w.data].sort((p, q) => p - q))
  }
})
