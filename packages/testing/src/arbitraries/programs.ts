/*
 * Random programs: 1 to 12 steps, each an operation on earlier values. What could grow is bounded (exp of a tanh,
 * means for sums), so that a program of any length stays within f32 and its derivative is well conditioned.
 */
import {
  abs,
  add,
  array,
  broadcastTo,
  concat,
  constant,
  cos,
  div,
  einsum,
  erf,
  exp,
  expandDims,
  gelu,
  type HostTensor,
  jit,
  less,
  log,
  log1p,
  logSoftmax,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  pad,
  range,
  relu,
  reshape,
  rsqrt,
  type Shape,
  sigmoid,
  sin,
  slice,
  softmax,
  softplus,
  sqrt,
  square,
  squeeze,
  standardize,
  sub,
  sum,
  type Tensor,
  take,
  tanh,
  transpose,
  where,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { shapeArbitrary } from './shapes.js'
import { tensorOf } from './tensors.js'
import { between } from './values.js'

/** A random function of a list of tensors, with arguments that suit it. The value is a scalar. */
export interface RandomProgram {
  readonly f: (...xs: Tensor[]) => Tensor
  readonly args: readonly HostTensor[]
  toString(): string
}

type Unary = (x: Tensor) => Tensor
type Binary = (x: Tensor, y: Tensor) => Tensor

const positive = (x: Tensor): Tensor => add(square(x), 0.5)

/** Smooth, with values and slopes of a few units where the argument is. */
const smooth: Readonly<Record<string, Unary>> = {
  neg,
  tanh,
  sigmoid,
  sin,
  cos,
  erf,
  gelu,
  softplus,
  expTanh: (x) => exp(tanh(x)),
  sqrt: (x) => sqrt(positive(x)),
  rsqrt: (x) => rsqrt(positive(x)),
  log: (x) => log(positive(x)),
  log1p: (x) => log1p(square(x)),
  scale: (x) => mul(x, 0.5),
  shift: (x) => sub(1, x),
}

/** Kinks at 0 or at ties. */
const piecewise: Readonly<Record<string, Unary>> = { abs, relu, clamp: (x) => maximum(minimum(x, 1), -1) }

const lastAxis = (x: Tensor, f: Unary): Tensor => (x.rank === 0 || x.size === 0 ? x : f(x))

/** Operations on axes; each falls back to the value itself where its shape is too small. */
const layout: Readonly<Record<string, Unary>> = {
  softmax: (x) => lastAxis(x, softmax),
  logSoftmax: (x) => lastAxis(x, logSoftmax),
  standardize: (x) => lastAxis(x, (y) => standardize(y, 0.1)),
  meanLast: (x) => lastAxis(x, (y) => mean(y, -1)),
  meanFirst: (x) => lastAxis(x, (y) => mean(y, 0, { keepDims: true })),
  transpose: (x) => transpose(x),
  flatten: (x) => reshape(x, [-1]),
  newAxis: (x) => (x.rank < 3 ? expandDims(x, 0) : squeeze(x)),
  spread: (x) => (x.rank < 3 && x.size < 20 ? broadcastTo(x, [2, ...x.shape]) : x),
  sliced: (x) =>
    x.rank === 0
      ? x
      : slice(
          x,
          x.shape.map(() => 0),
          x.shape.map((n) => Math.ceil(n / 2)),
          x.shape.map(() => 1),
        ),
  strided: (x) =>
    slice(
      x,
      x.shape.map(() => 0),
      x.shape,
      x.shape.map(() => 2),
    ),
  padded: (x) =>
    x.size > 20
      ? x
      : pad(
          x,
          x.shape.map(() => 1),
          x.shape.map(() => 0),
        ),
  doubled: (x) => (x.rank === 0 || x.size > 20 ? x : concat([x, neg(x)], 0)),
  taken: (x) => lastAxis(x, (y) => take(y, repeated(y.shape), -1)),
  jitted: jit((x: Tensor) => mul(tanh(x), cos(x))),
  gram: (x) => (x.rank === 2 && x.size > 0 ? div(matmul(x, transpose(x)), x.shape[1] ?? 1) : x),
}

/** The last index, the first and the last again: an index table with a duplicate. */
const repeated = (shape: Shape): Tensor => {
  const last = Math.max(0, (shape[shape.length - 1] ?? 1) - 1)
  return constant(array([last, 0, last], 'i32'))
}

const ties: Readonly<Record<string, Unary>> = { maxLast: (x) => lastAxis(x, (y) => max(y, -1)) }

/** The two cut down to shapes that broadcast: trailing axes that differ become means. */
const fitted = (x: Tensor, y: Tensor): readonly [Tensor, Tensor] => {
  const fits = range(Math.min(x.rank, y.rank)).every((i) => {
    const [a, b] = [x.shape[x.rank - 1 - i] ?? 1, y.shape[y.rank - 1 - i] ?? 1]
    return a === b || a === 1 || b === 1
  })
  return fits && x.size * y.size <= 400 ? [x, y] : [x, mean(y)]
}

const combine =
  (f: Binary): Binary =>
  (x, y) =>
    f(...fitted(x, y))

const smoothPairs: Readonly<Record<string, Binary>> = {
  add: combine(add),
  sub: combine(sub),
  mul: combine((x, y) => mul(tanh(x), y)),
  div: combine((x, y) => div(x, positive(y))),
  outer: (x, y) =>
    x.size * y.size > 60 ? add(mean(x), mean(y)) : einsum('i,j->ij', reshape(tanh(x), [x.size]), reshape(y, [y.size])),
}

const piecewisePairs: Readonly<Record<string, Binary>> = {
  maximum: combine(maximum),
  choose: combine((x, y) => where(less(x, y), mul(x, 0.5), y)),
}

interface Step {
  readonly name: string
  readonly apply: (values: readonly Tensor[]) => Tensor
}

/** The value `back` places before the last one. */
const pick = (values: readonly Tensor[], back: number): Tensor => {
  const value = values[values.length - 1 - (back % values.length)]
  if (value === undefined) throw new Error('a program needs an argument')
  return value
}

const steps = (unaries: Readonly<Record<string, Unary>>, pairs: Readonly<Record<string, Binary>>): fc.Arbitrary<Step> =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom(...Object.entries(unaries)), fc.nat(2))
      .map(([[name, f], a]): Step => ({ name: `${name}(${a})`, apply: (values) => f(pick(values, a)) })),
    fc.tuple(fc.constantFrom(...Object.entries(pairs)), fc.nat(2), fc.nat(3)).map(
      ([[name, f], a, b]): Step => ({
        name: `${name}(${a},${b})`,
        apply: (values) => f(pick(values, a), pick(values, b)),
      }),
    ),
  )

const smoothSteps = steps({ ...smooth, ...layout }, smoothPairs)
const anySteps = steps({ ...smooth, ...layout, ...piecewise, ...ties }, { ...smoothPairs, ...piecewisePairs })

/** What random programs may hold. */
export interface ProgramConstraints {
  /** Without maximum, abs, where and their like, whose kinks no difference quotient survives. */
  readonly smooth?: boolean
  readonly maxSteps?: number
  /** Shortest axis of an argument; 1 by default. */
  readonly minLength?: number
}

/**
 * Random programs of 1 to 12 steps on one to three tensors, whose value is a scalar.
 *
 * @example fc.assert(fc.property(programArbitrary(), ({ f, args }) => jit(f)(...args).item() === f(...args).item()))
 */
export const programArbitrary = (constraints: ProgramConstraints = {}): fc.Arbitrary<RandomProgram> => {
  const { smooth: onlySmooth = false, maxSteps = 12, minLength = 1 } = constraints
  const shape = shapeArbitrary({ maxRank: 3, maxLength: 3, minLength, maxSize: 12 })
  const args = fc.array(
    shape.chain((s) => tensorOf(s, between(-2, 2))),
    { minLength: 1, maxLength: 3 },
  )
  const list = fc.array(onlySmooth ? smoothSteps : anySteps, { minLength: 1, maxLength: maxSteps, size: 'max' })
  return fc.tuple(args, list).map(([xs, parts]) => ({
    args: xs,
    f: (...inputs) => {
      const values = [...inputs]
      for (const { apply } of parts) values.push(apply(values))
      const last = pick(values, 0)
      return div(sum(last), Math.max(1, last.size))
    },
    toString: () =>
      `${parts.map(({ name }) => name).join(' ')} of ${xs.map((x) => `[${x.shape.join(',')}] ${JSON.stringify(x.toArray())}`).join(' ')}`,
  }))
}
