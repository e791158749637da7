/* How each operation of the reference data (test/fixtures/ops) is written here. */
import type { Tensor } from '@cotangent/core'
import * as ct from '@cotangent/core'
import * as nn from '@cotangent/nn'

/** The settings of a case, as the reference data names them. */
export interface Attributes {
  readonly [name: string]: unknown
}

/** An operation of the operands of a case; `null` where they are too few. */
export type Op = (xs: readonly Tensor[], attributes: Attributes) => Tensor | readonly Tensor[] | null

const numberOf = (attributes: Attributes, name: string): number => Number(attributes[name])
const numbersOf = (attributes: Attributes, name: string): number[] => [attributes[name]].flat().map(Number)
const axesOf = (attributes: Attributes): { readonly axes: number[]; readonly keepDims: boolean } => ({
  axes: numbersOf(attributes, 'dim'),
  keepDims: attributes.keepdim === true,
})

const one =
  (f: (x: Tensor, attributes: Attributes) => Tensor): Op =>
  ([x], attributes) =>
    x === undefined ? null : f(x, attributes)

const two =
  (f: (x: Tensor, y: Tensor, attributes: Attributes) => Tensor): Op =>
  ([x, y], attributes) =>
    x === undefined || y === undefined ? null : f(x, y, attributes)

const three =
  (f: (x: Tensor, y: Tensor, z: Tensor, attributes: Attributes) => Tensor): Op =>
  ([x, y, z], attributes) =>
    x === undefined || y === undefined || z === undefined ? null : f(x, y, z, attributes)

const reduced = (f: (x: Tensor, axes: number[], options: ct.ReduceOptions) => Tensor): Op =>
  one((x, attributes) => {
    const { axes, keepDims } = axesOf(attributes)
    return f(x, axes, { keepDims })
  })

/** Length of an axis. */
export const length = (x: Tensor, axis: number): number => x.shape.at(axis) ?? 1

/** What a loss is told of the terms. */
const reducing = ({ reduction = 'mean' }: Attributes): nn.LossOptions => ({
  reduction: reduction as nn.Reduction, // border: a file of ours
})

/** Python's x[a, b, ...] with ranges, whole numbers, None and an ellipsis. */
const sliced: Op = one((x, { slices }) => {
  const parts = String(slices).split(', ')
  const given = parts.filter((part) => part !== '...' && part !== 'None').length
  const full = parts.flatMap((part) => (part === '...' ? new Array<string>(x.rank - given).fill(':') : [part]))
  const [starts, limits, strides, shape]: number[][] = [[], [], [], []]
  let axis = 0
  for (const part of [...full, ...new Array<string>(x.rank - full.filter((p) => p !== 'None').length).fill(':')]) {
    if (part === 'None') {
      shape?.push(1)
      continue
    }
    const n = length(x, axis++)
    const [from = '', to = '', by = ''] = part.split(':')
    const at = (text: string, fallback: number): number =>
      text === '' ? fallback : Number(text) < 0 ? n + Number(text) : Number(text)
    const start = at(from, 0)
    const limit = part.includes(':') ? Math.min(n, at(to, n)) : start + 1
    const stride = by === '' ? 1 : Number(by)
    starts?.push(start)
    limits?.push(limit)
    strides?.push(stride)
    if (part.includes(':')) shape?.push(Math.ceil((limit - start) / stride))
  }
  return ct.reshape(ct.slice(x, starts ?? [], limits ?? [], strides), shape ?? [])
})

const padded: Op = one((x, attributes) => {
  const pads = numbersOf(attributes, 'pads') // the last axis first: low, high
  const of = (side: 0 | 1): number[] => ct.range(x.rank).map((axis) => pads[2 * (x.rank - 1 - axis) + side] ?? 0)
  const mode = attributes.mode === 'constant' ? 0.7 : (attributes.mode as ct.PadMode) // border: a file of ours
  return ct.padWith(x, of(0), of(1), mode)
})

/** Torch has heads in front of positions. */
const heads = (x: Tensor): Tensor => ct.swapAxes(x, 1, 2)

const attended: Op = three((q, k, v, { causal }) =>
  heads(nn.attention(heads(q), heads(k), heads(v), { causal: causal === true })),
)

/** Torch's indices may leave out the last rows of the other axes. */
const firstRows = (x: Tensor, ids: Tensor, dim: number): Tensor => {
  const axis = (dim + x.rank) % x.rank
  return ct.slice(
    x,
    x.shape.map(() => 0),
    x.shape.map((n, i) => (i === axis ? n : length(ids, i))),
  )
}
const windows = (attributes: Attributes): ct.PoolOptions => ({
  strides: numberOf(attributes, 'stride'),
  padding: numberOf(attributes, 'padding'),
})

const convolved: Op = ([x, weight, bias], attributes) => {
  if (x === undefined || weight === undefined || bias === undefined) return null
  const y = ct.convolution(x, weight, {
    strides: numberOf(attributes, 'stride'),
    padding: numberOf(attributes, 'padding'),
    dilation: numberOf(attributes, 'dilation'),
    groups: numberOf(attributes, 'groups'),
  })
  return ct.add(y, ct.reshape(bias, [bias.size, ...x.shape.slice(2).map(() => 1)]))
}

/** Each operation, by its name in the reference data. */
export const table: Readonly<Record<string, Op>> = {
  neg: one(ct.neg),
  exp: one(ct.exp),
  expm1: one(ct.expm1),
  log: one(ct.log),
  log1p: one(ct.log1p),
  sqrt: one(ct.sqrt),
  rsqrt: one(ct.rsqrt),
  reciprocal: one((x) => ct.reciprocal(x)),
  square: one(ct.square),
  abs: one(ct.abs),
  sign: one(ct.sign),
  sin: one(ct.sin),
  cos: one(ct.cos),
  tanh: one(ct.tanh),
  sigmoid: one(ct.sigmoid),
  log_sigmoid: one(ct.logSigmoid),
  relu: one(ct.relu),
  gelu_erf: one(ct.gelu),
  gelu_tanh: one(ct.geluTanh),
  silu: one(ct.silu),
  softplus: one(ct.softplus),
  erf: one(ct.erf),
  elu: one((x) => ct.elu(x)),
  mish: one(ct.mish),
  atan2: two(ct.atan2),
  leaky_relu: one((x, { slope }) => ct.leakyRelu(x, Number(slope))),
  clamp: one((x, { low, high }) => ct.clip(x, Number(low), Number(high))),
  pow_scalar: one((x, { exponent }) => ct.pow(x, Number(exponent))),
  add: two(ct.add),
  sub: two(ct.sub),
  mul: two(ct.mul),
  div: two(ct.div),
  maximum: two(ct.maximum),
  minimum: two(ct.minimum),
  pow: two(ct.pow),
  where: three((x, y, condition) => ct.where(ct.notEqual(condition, 0), x, y)),
  sum: reduced(ct.sum),
  mean: reduced(ct.mean),
  amax: reduced(ct.max),
  amin: reduced(ct.min),
  logsumexp: reduced((x, axes, options) => {
    const shift = ct.stopGradient(ct.max(x, axes, { keepDims: true }))
    const total = ct.log(ct.sum(ct.exp(ct.sub(x, shift)), axes, { keepDims: true }))
    const whole = ct.add(total, shift)
    return options.keepDims === true ? whole : ct.squeeze(whole, axes)
  }),
  norm2: reduced((x, axes, options) => ct.vectorNorm(x, { ...options, axes })),
  norm1: reduced((x, axes, options) => ct.vectorNorm(x, { ...options, axes, ord: 1 })),
  var: one((x, attributes) => variance(x, attributes)),
  std: one((x, attributes) => ct.sqrt(variance(x, attributes))),
  softmax: one((x, { dim }) => ct.softmax(x, Number(dim))),
  log_softmax: one((x, { dim }) => ct.logSoftmax(x, Number(dim))),
  argmax: one((x, { dim }) => ct.argmax(x, Number(dim))),
  flip: one((x, { dim }) => ct.flip(x, Number(dim))),
  unbind_stack: one((x, { dim }) => ct.stack([...ct.unstack(x, Number(dim))].reverse(), Number(dim))),
  roll: one((x, { shift, dim }) => ct.roll(x, Number(shift), Number(dim))),
  repeat_interleave: one((x, { repeats, dim }) => ct.repeat(x, Number(repeats), Number(dim))),
  matmul: two(ct.matmul),
  einsum: (xs, { equation }) => ct.einsum(String(equation), ...xs),
  linear: three((x, weight, bias) => nn.linear({ weight, bias }, x)),
  attention: attended,
  layer_norm: three((x, weight, bias, { eps }) => nn.layerNorm({ weight, bias }, x, Number(eps))),
  rms_norm: two((x, weight, { eps }) => nn.rmsNorm({ weight }, x, Number(eps))),
  group_norm: three((x, weight, bias, { groups, eps }) =>
    nn.groupNorm({ weight, bias }, x, Number(groups), Number(eps)),
  ),
  normalize: one((x) => nn.normalize(x)),
  batch_norm: three((x, weight, bias, { eps }) => {
    const seen = { mean: ct.zerosLike(weight), variance: ct.onesLike(weight) }
    return nn.batchNorm({ weight, bias }, seen, x, { training: true, eps: Number(eps) }).y
  }),
  embedding: two((weight, ids, { padding }) => {
    const rows = ct.take(weight, ids)
    // the padding row gets no gradient
    return padding === undefined
      ? rows
      : ct.where(ct.equal(ct.expandDims(ids, -1), Number(padding)), ct.stopGradient(rows), rows)
  }),
  index_select: two((x, picks, { dim }) => ct.take(x, picks, Number(dim))),
  take_along_dim: two((x, ids, { dim }) => ct.takeAlongAxis(x, ids, Number(dim))),
  gather: two((x, ids, { dim }) => ct.takeAlongAxis(firstRows(x, ids, Number(dim)), ids, Number(dim))),
  scatter_add: three((x, ids, source, { dim }) => {
    const part = firstRows(x, ids, Number(dim))
    const sums = ct.scatterAddAlongAxis(ct.zeros(part.shape), ids, source, Number(dim))
    return ct.add(
      x,
      ct.pad(
        sums,
        x.shape.map(() => 0),
        x.shape.map((n, i) => n - length(part, i)),
      ),
    )
  }),
  sort: ([x], { dim, descending }) =>
    x === undefined ? null : [ct.sort, ct.argsort].map((f) => f(x, Number(dim), { descending: descending === true })),
  topk: ([x], { k, dim, largest }) => {
    if (x === undefined) return null
    const rows = ct.moveAxis(x, Number(dim), -1)
    const [values, places] = ct.topK(largest === true ? rows : ct.neg(rows), Number(k))
    return [largest === true ? values : ct.neg(values), places].map((y) => ct.moveAxis(y, -1, Number(dim)))
  },
  index_add: three((x, picks, source, { dim }) => ct.scatterAdd(x, picks, source, Number(dim))),
  slice: sliced,
  masked_select_mean: two((x, mask) => {
    const weights = ct.cast(ct.notEqual(mask, 0), x.dtype)
    return ct.div(ct.sum(ct.mul(x, weights)), ct.sum(weights))
  }),
  pad: padded,
  concat: (xs, { dim }) => ct.concat(xs, Number(dim)),
  stack: two((x, y, { dim }) => ct.stack([x, y], Number(dim))),
  permute: one((x, attributes) => ct.transpose(x, numbersOf(attributes, 'order'))),
  reshape: one((x, attributes) => ct.reshape(x, numbersOf(attributes, 'shape'))),
  expand: one((x, attributes) => ct.broadcastTo(x, numbersOf(attributes, 'shape'))),
  tile: one((x, attributes) => ct.tile(x, numbersOf(attributes, 'repeats'))),
  tril: one((x, { k }) => ct.tril(x, Number(k))),
  triu: one((x, { k }) => ct.triu(x, Number(k))),
  diagonal: one((x, { k }) => ct.diagonal(x, Number(k))),
  split: ([x], attributes) => (x === undefined ? null : ct.splitAlong(x, numbersOf(attributes, 'sizes'), 1)),
  prod: one((x, attributes) => ct.prod(x, numbersOf(attributes, 'dim'))),
  cumsum: one((x, { dim }) => ct.cumsum(x, Number(dim))),
  cumprod: one((x, { dim }) => ct.cumprod(x, Number(dim))),
  logcumsumexp: one((x, { dim }) => ct.logCumsumExp(x, Number(dim))),
  conv1d: convolved,
  conv2d: convolved,
  max_pool2d: one((x, attributes) => ct.maxPool(x, numberOf(attributes, 'kernel'), windows(attributes))),
  avg_pool2d: one((x, attributes) => ct.avgPool(x, numberOf(attributes, 'kernel'), windows(attributes))),
  cross_entropy: two((x, target, attributes) =>
    nn.crossEntropy(x, target, { labelSmoothing: Number(attributes.smoothing ?? 0), ...reducing(attributes) }),
  ),
  mse_loss: two((x, y, attributes) => nn.meanSquaredError(x, y, reducing(attributes))),
  bce_with_logits: two((x, y, attributes) => nn.binaryCrossEntropyWithLogits(x, y, reducing(attributes))),
  kl_div: two((x, y) => nn.klDivergence(ct.logSoftmax(x), ct.softmax(y))),
  l1_loss: two((x, y) => nn.meanAbsoluteError(x, y)),
  huber_loss: two((x, y, attributes) => nn.huberLoss(x, y, { delta: numberOf(attributes, 'delta') })),
  svdvals: one(ct.singularValues),
  nuclear_norm: one(ct.nuclearNorm),
  eigvalsh: one(ct.eigvalsh),
  eigh: ([x]) => (x === undefined ? null : ct.eigh(x)),
  svd: ([x]) => (x === undefined ? null : ct.svd(x)),
  qr: ([x]) => (x === undefined ? null : ct.qr(x)),
  cholesky: one(ct.cholesky),
  solve: two(ct.solve),
  solve_triangular: two((x, y) => ct.triangularSolve(x, y)),
  inv: one(ct.inv),
  det: one(ct.det),
  logdet: one((x) => ct.slogdet(x)[1]),
}

const variance = (x: Tensor, attributes: Attributes): Tensor => {
  const { axes, keepDims } = axesOf(attributes)
  return ct.variance(x, axes, { keepDims, correction: numberOf(attributes, 'correction') })
}
