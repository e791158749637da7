/*
 * Steps of random programs. What could grow is bounded (exp of a tanh, means for sums), so that a program of any length
 * stays within f32 and its derivative is well conditioned.
 */
import {
  abs,
  add,
  array,
  broadcastTo,
  cast,
  checkpoint,
  concat,
  cond,
  constant,
  cos,
  customJvp,
  div,
  einsum,
  erf,
  exp,
  expandDims,
  foriLoop,
  gelu,
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
  psum,
  range,
  relu,
  reshape,
  rsqrt,
  type Shape,
  scan,
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
  type Tensor,
  take,
  tanh,
  transpose,
  vmap,
  where,
} from '@cotangent/core'

/** A step on one value. */
export type Unary = (x: Tensor) => Tensor
/** A step on two values. */
export type Binary = (x: Tensor, y: Tensor) => Tensor

const positive = (x: Tensor): Tensor => add(square(x), 0.5)

/** Smooth, with values and slopes of a few units where the argument is. */
export const smooth: Readonly<Record<string, Unary>> = {
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
export const piecewise: Readonly<Record<string, Unary>> = { abs, relu, clamp: (x) => maximum(minimum(x, 1), -1) }

const lastAxis = (x: Tensor, f: Unary): Tensor => (x.rank === 0 || x.size === 0 ? x : f(x))

/** Operations on axes; each falls back to the value itself where its shape is too small. */
export const layout: Readonly<Record<string, Unary>> = {
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
  gram: (x) => (x.rank === 2 && x.size > 0 ? div(matmul(x, transpose(x)), x.shape[1] ?? 1) : x),
}

/** The last index, the first and the last again: an index table with a duplicate. */
const repeated = (shape: Shape): Tensor => {
  const last = Math.max(0, (shape[shape.length - 1] ?? 1) - 1)
  return constant(array([last, 0, last], 'i32'))
}

export const ties: Readonly<Record<string, Unary>> = { maxLast: (x) => lastAxis(x, (y) => max(y, -1)) }

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

export const smoothPairs: Readonly<Record<string, Binary>> = {
  add: combine(add),
  sub: combine(sub),
  mul: combine((x, y) => mul(tanh(x), y)),
  div: combine((x, y) => div(x, positive(y))),
  outer: (x, y) =>
    x.size * y.size > 60 ? add(mean(x), mean(y)) : einsum('i,j->ij', reshape(tanh(x), [x.size]), reshape(y, [y.size])),
}

export const piecewisePairs: Readonly<Record<string, Binary>> = {
  maximum: combine(maximum),
  choose: combine((x, y) => where(less(x, y), mul(x, 0.5), y)),
}

// ---------------------------------------------------------------- loops, choices, calls

/** Where there are rows to go over. */
const overRows = (x: Tensor, f: Unary): Tensor => (x.rank === 0 || x.size === 0 ? x : f(x))

const recurrence: Unary = (x) =>
  overRows(
    x,
    (rows) =>
      scan(
        (carry: Tensor, row: Tensor) => {
          const next = tanh(add(mul(carry, 0.5), row))
          return [next, mul(next, carry)] as const
        },
        mean(rows, 0),
        rows,
      )[1],
  )

/** Values less their mean over the rows, as each row sees it. */
const centred: Unary = (x) =>
  overRows(
    x,
    vmap((row: Tensor) => sub(row, div(psum(row, 'rows'), x.shape[0] ?? 1)), { axisName: 'rows' }),
  )

/** Smooth programs inside of a program. */
export const structured: Readonly<Record<string, Unary>> = {
  jitted: jit((x: Tensor) => mul(tanh(x), cos(x))),
  looped: (x) => foriLoop(0, 2, (i, y: Tensor) => tanh(add(mul(y, 0.5), cast(i, y.dtype))), x),
  recurrence,
  checkpointed: checkpoint((x: Tensor) => mul(sin(x), mul(x, 0.5))),
  customJvp: customJvp(
    (x: Tensor) => sin(x),
    ([x], [dx]) => [sin(x), mul(dx, cos(x))],
  ),
  centred,
}

/** A choice by the value: a jump where the mean is 0. */
export const choices: Readonly<Record<string, Unary>> = {
  chosen: (x) =>
    x.size === 0
      ? x
      : cond(
          less(mean(x), 0),
          (y: Tensor) => mul(y, 0.5),
          (y: Tensor) => sin(y),
          x,
        ),
}
