/* A training step of an encoder, each layer under a checkpoint or not. Axes: batch, seq, embed. */
import {
  add,
  checkpoint,
  key,
  mean,
  mul,
  normal,
  ones,
  reshape,
  split,
  square,
  sub,
  type Tensor,
  valueAndGrad,
  zeros,
} from '@cotangent/core'
import { activations, attention, type LayerNormParams, type LinearParams, layerNorm, linear } from '@cotangent/nn'
import { adamw, applyUpdates, globalNorm } from '@cotangent/optim'

export interface EncoderShape {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly batch: number
  readonly seq: number
}

type Layer = {
  readonly query: LinearParams
  readonly key: LinearParams
  readonly value: LinearParams
  readonly out: LinearParams
  readonly up: LinearParams
  readonly down: LinearParams
  readonly first: LayerNormParams
  readonly second: LayerNormParams
}

const encoderLayer =
  ({ heads }: EncoderShape) =>
  (params: Layer, x: Tensor): Tensor => {
    const [batch = 0, seq = 0, width = 0] = x.shape
    const perHead = (part: LinearParams): Tensor => reshape(linear(part, x), [batch, seq, heads, width / heads])
    const mixed = attention(perHead(params.query), perHead(params.key), perHead(params.value))
    const attended = layerNorm(params.first, add(x, linear(params.out, reshape(mixed, [batch, seq, width]))), 1e-6)
    const inner = activations.gelu(linear(params.up, attended))
    return layerNorm(params.second, add(attended, linear(params.down, inner)), 1e-6)
  }

const initLayer = (random: Tensor, { width }: EncoderShape): Layer => {
  const keys = split(random, 6)
  const dense = (i: number, rows: number, columns: number): LinearParams => ({
    weight: mul(normal(keys[i] ?? random, [rows, columns]), 0.05),
    bias: zeros([rows]),
  })
  const norm: LayerNormParams = { weight: ones([width]), bias: zeros([width]) }
  return {
    query: dense(0, width, width),
    key: dense(1, width, width),
    value: dense(2, width, width),
    out: dense(3, width, width),
    up: dense(4, 4 * width, width),
    down: dense(5, width, 4 * width),
    first: norm,
    second: norm,
  }
}

/**
 * The step with AdamW as a pure function, and its first arguments.
 *
 * @param order of the layers' parameters in the tree: as the layers run, or the other way round
 */
export const encoderStep = (shape: EncoderShape, isCheckpointed: boolean, order: 'first' | 'last') => {
  const layer = isCheckpointed ? checkpoint(encoderLayer(shape)) : encoderLayer(shape)
  const params = split(key(0), shape.layers).map((random) => initLayer(random, shape))
  const [x, target] = [1, 2].map((i) => normal(key(i), [shape.batch, shape.seq, shape.width]))
  if (x === undefined || target === undefined) throw new Error('unreachable')
  const inOrder = (some: readonly Layer[]): readonly Layer[] => (order === 'first' ? some : some.toReversed())
  const optimizer = adamw({ learningRate: 1e-3 })
  const loss = (some: readonly Layer[], input: Tensor, wanted: Tensor): Tensor =>
    mean(
      square(
        sub(
          inOrder(some).reduce((y, one) => layer(one, y), input),
          wanted,
        ),
      ),
    )
  const step = (some: readonly Layer[], state: ReturnType<typeof optimizer.init>, input: Tensor, wanted: Tensor) => {
    const [value, gradient] = valueAndGrad(loss)(some, input, wanted)
    const [updates, next] = optimizer.update(gradient, state, some)
    return { params: applyUpdates(some, updates), state: next, value, slope: globalNorm(gradient) }
  }
  return { step, args: [inOrder(params), optimizer.init(params), x, target] as const }
}
