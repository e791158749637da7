/*
 * How far numbers of a GPU engine are from the right ones: the largest error over fixed samples, against JavaScript's f64,
 * and the bound it must keep. Bounds are those of WGSL's table of accuracy (W3C, "WebGPU Shading Language", section
 * "Floating Point Accuracy"), or follow from them where kernels have a function of their own.
 */
import {
  abs,
  array,
  atan,
  compile,
  cos,
  div,
  type Engine,
  exp,
  expm1,
  HostTensor,
  log,
  log1p,
  matmul,
  mul,
  pow,
  range,
  sin,
  sqrt,
  sum,
  type Tensor,
  tanh,
} from '@cotangent/core'
import { roundingF32, ulpOf } from '@cotangent/testing'

/** One measured function. */
export interface Accuracy {
  readonly what: string
  readonly where: string
  readonly unit: 'ULP' | 'absolute'
  /** The largest error, in that unit. */
  readonly measured: number
  /** The largest share of the bound: at most 1. */
  readonly share: number
  readonly bound: string
}

/** Numbers in [0, 1), the same each time: a linear congruential generator (Numerical Recipes). */
const draws = (count: number, seed = 1): readonly number[] => {
  let state = seed
  return range(count).map(() => {
    state = (1664525 * state + 1013904223) % 2 ** 32
    return state / 2 ** 32
  })
}

const samples = 4000

/** f32 numbers, evenly spread. */
const even = (low: number, high: number, seed?: number): Tensor =>
  array(draws(samples, seed).map((u) => low + u * (high - low)))

/** f32 numbers whose logarithms are evenly spread, of both signs. */
const wide = (low: number, high: number, seed = 2): Tensor =>
  array(draws(samples, seed).map((u, i) => (i % 2 === 0 ? -1 : 1) * low * (high / low) ** u))

interface Measurement {
  readonly what: string
  readonly where: string
  readonly f: (...xs: Tensor[]) => Tensor
  readonly right: (...xs: number[]) => number
  readonly operands: readonly Tensor[]
  readonly unit: 'ULP' | 'absolute'
  /** The largest error allowed, in that unit, and in words. */
  readonly allowed: (right: number, ...xs: number[]) => number
  readonly bound: string
}

const measurements: readonly Measurement[] = [
  {
    what: 'x * y',
    where: '|x|, |y| in [1e-3, 1e3]',
    f: mul,
    right: (x, y) => x * y,
    operands: [wide(1e-3, 1e3), wide(1e-3, 1e3, 3)],
    unit: 'ULP',
    allowed: () => 0.5,
    bound: '0.5 ULP: rounded once',
  },
  {
    what: 'x / y',
    where: '|x|, |y| in [1e-6, 1e6]',
    f: div,
    right: (x, y) => x / y,
    operands: [wide(1e-6, 1e6), wide(1e-6, 1e6, 3)],
    unit: 'ULP',
    allowed: () => 2.5,
    bound: '2.5 ULP',
  },
  {
    what: 'sqrt',
    where: '[0, 1e4]',
    f: sqrt,
    right: Math.sqrt,
    operands: [even(0, 1e4)],
    unit: 'ULP',
    allowed: () => 4.5,
    bound: '4.5 ULP: 1 / inverseSqrt, 2 ULP, and a division, 2.5 ULP',
  },
  {
    what: 'exp',
    where: '[-80, 80]',
    f: exp,
    right: Math.exp,
    operands: [even(-80, 80)],
    unit: 'ULP',
    allowed: (_, x) => 3 + 2 * Math.abs(x),
    bound: '3 + 2\\|x\\| ULP',
  },
  {
    what: 'log',
    where: '[0.5, 2]',
    f: log,
    right: Math.log,
    operands: [even(0.5, 2)],
    unit: 'absolute',
    allowed: () => 2 ** -21,
    bound: '2^-21',
  },
  {
    what: 'log',
    where: '[2, 1e6]',
    f: log,
    right: Math.log,
    operands: [even(2, 1e6)],
    unit: 'ULP',
    allowed: () => 3,
    bound: '3 ULP',
  },
  {
    what: 'pow(x, y)',
    where: 'x in [0.1, 10], y in [-5, 5]',
    f: pow,
    right: Math.pow,
    operands: [even(0.1, 10), even(-5, 5, 3)],
    unit: 'ULP',
    allowed: (z) => 16 + 4 * Math.abs(Math.log(z)),
    bound: '16 + 4 \\|log z\\| ULP: exp2(y log2 x)',
  },
  {
    what: 'expm1',
    where: '[-1, 1]',
    f: expm1,
    right: Math.expm1,
    operands: [even(-1, 1)],
    unit: 'ULP',
    allowed: () => 16,
    bound: '16 ULP: a series below 1/2, else exp x - 1',
  },
  {
    what: 'log1p',
    where: '[-0.9, 3]',
    f: log1p,
    right: Math.log1p,
    operands: [even(-0.9, 3)],
    unit: 'ULP',
    allowed: () => 16,
    bound: '16 ULP: a series from -1/2 to 1, else log(1 + x)',
  },
  {
    what: 'tanh',
    where: '[-10, 10]',
    f: tanh,
    right: Math.tanh,
    operands: [even(-10, 10)],
    unit: 'absolute',
    allowed: () => 2 ** -20,
    bound: '2^-20: -e / (2 + e), e = expm1(-2\\|x\\|)',
  },
  {
    what: 'sin',
    where: '[-100, 100]',
    f: sin,
    right: Math.sin,
    operands: [even(-100, 100)],
    unit: 'absolute',
    allowed: (_, x) => 4 * roundingF32 * (1 + Math.abs(x)),
    bound: '4 u (1 + \\|x\\|), u = 2^-24: the argument is reduced in f32',
  },
  {
    what: 'cos',
    where: '[-100, 100]',
    f: cos,
    right: Math.cos,
    operands: [even(-100, 100)],
    unit: 'absolute',
    allowed: (_, x) => 4 * roundingF32 * (1 + Math.abs(x)),
    bound: '4 u (1 + \\|x\\|)',
  },
  {
    what: 'atan',
    where: '[-10, 10]',
    f: atan,
    right: Math.atan,
    operands: [even(-10, 10)],
    unit: 'absolute',
    allowed: () => 1e-6,
    bound: '1e-6: a polynomial',
  },
]

const host = async (x: Tensor): Promise<HostTensor> => x.read()

const pointwise = async (engine: Engine, m: Measurement): Promise<Accuracy> => {
  const { what, where, f, right, operands, unit, allowed, bound } = m
  const compiled = compile((xs: readonly Tensor[]) => f(...xs), engine)
  const received = await host(await compiled(operands))
  let [measured, share] = [0, 0]
  for (const [i, y] of received.data.entries()) {
    const at = operands.map((x) => x.data[i] ?? Number.NaN)
    const expected = right(...at)
    const error = Math.abs(y - expected) / (unit === 'ULP' ? ulpOf(expected) : 1)
    // a number that is not finite counts as wrong without end
    measured = Number.isFinite(error) ? Math.max(measured, error) : Number.POSITIVE_INFINITY
    share = Math.max(share, Number.isFinite(error) ? error / allowed(expected, ...at) : Number.POSITIVE_INFINITY)
  }
  return { what, where, unit, measured, share, bound }
}

/** Sums in f32, in any order: (n + 1) u times the sum of absolute values. */
const contraction = async (
  engine: Engine,
  {
    what,
    where,
    terms,
    f,
    operands,
  }: {
    readonly what: string
    readonly where: string
    readonly terms: number
    readonly f: (...xs: Tensor[]) => Tensor
    readonly operands: readonly Tensor[]
  },
): Promise<Accuracy> => {
  const wideOf = (x: Tensor): HostTensor => new HostTensor(Float64Array.from<number>(x.data), x.shape, 'f64')
  const received = await host(await compile((xs: readonly Tensor[]) => f(...xs), engine)(operands))
  const expected = f(...operands.map(wideOf))
  const magnitude = f(...operands.map((x) => abs(wideOf(x))))
  let [measured, share] = [0, 0]
  for (const [i, y] of received.data.entries()) {
    const error = Math.abs(y - (expected.data[i] ?? Number.NaN))
    measured = Math.max(measured, error)
    share = Math.max(share, error / ((terms + 1) * roundingF32 * (magnitude.data[i] ?? 0)))
  }
  return { what, where, unit: 'absolute', measured, share, bound: '(n + 1) u Σ \\|terms\\|: n terms rounded in turn' }
}

const matrix = (rows: number, columns: number, seed: number): Tensor =>
  new HostTensor(
    Float32Array.from(draws(rows * columns, seed), (u) => 2 * u - 1),
    [rows, columns],
    'f32',
  )

/** All of them, on one engine. */
export const measureAccuracy = async (engine: Engine): Promise<readonly Accuracy[]> => {
  const rows: Accuracy[] = []
  for (const m of measurements) rows.push(await pointwise(engine, m))
  rows.push(
    await contraction(engine, {
      what: 'sum',
      where: '1000 numbers of [-1, 1]',
      terms: 1000,
      f: (x) => sum(x, -1),
      operands: [matrix(50, 1000, 5)],
    }),
    await contraction(engine, {
      what: 'matmul',
      where: '[64, 64] by [64, 64], of [-1, 1]',
      terms: 64,
      f: (x, y) => matmul(x, y),
      operands: [matrix(64, 64, 6), matrix(64, 64, 7)],
    }),
  )
  return rows
}
