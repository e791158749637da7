/* Encoder layers, one after the other or as one scan over their stacked weights. Axes: batch, seq, embed. */
import {
  add,
  key as keyOf,
  mul,
  normal,
  ones,
  reshape,
  scan,
  slice,
  splitKeys,
  stack,
  type Tensor,
  treeMap,
  zeros,
} from '@cotangent/core'
import { activations, attention, dropout, type LayerNormParams, layerNorm, linear } from '@cotangent/nn'

/** A linear map with a plain weight. */
interface Dense {
  readonly [name: string]: Tensor
  readonly weight: Tensor
  readonly bias: Tensor
}

/** One layer's weights; stacked, each has the layers in front. */
export interface Layer {
  readonly query: Dense
  readonly key: Dense
  readonly value: Dense
  readonly mix: Dense
  readonly first: LayerNormParams
  readonly wide: Dense
  readonly narrow: Dense
  readonly second: LayerNormParams
}

const dense = (seed: number, to: number, from: number): Dense => ({
  weight: mul(normal(keyOf(seed), [to, from]), 0.4 / Math.sqrt(from)),
  bias: mul(normal(keyOf(seed + 1000), [to]), 0.05),
})

const norm = (width: number): LayerNormParams => ({ weight: ones([width]), bias: zeros([width]) })

/** Layers with weights of their own. */
export const encoderLayers = (count: number, width: number): readonly Layer[] =>
  Array.from({ length: count }, (_, i) => ({
    query: dense(10 * i + 1, width, width),
    key: dense(10 * i + 2, width, width),
    value: dense(10 * i + 3, width, width),
    mix: dense(10 * i + 4, width, width),
    first: norm(width),
    wide: dense(10 * i + 5, 4 * width, width),
    narrow: dense(10 * i + 6, width, 4 * width),
    second: norm(width),
  }))

/** Their weights, one behind the other along a new first axis. */
export const stacked = ([first, ...others]: readonly Layer[]): Layer => {
  if (first === undefined) throw new Error('there are no layers')
  return treeMap((...parts) => stack(parts), first, ...others)
}

/** One layer's part of stacked weights. */
export const layerAt = (layers: Layer, i: number): Layer =>
  treeMap(
    (x) => reshape(slice(x, [i, ...x.shape.slice(1).map(() => 0)], [i + 1, ...x.shape.slice(1)]), x.shape.slice(1)),
    layers,
  )

const rate = 0.1
const eps = 1e-5

/** [batch, seq, embed] -> the same. `key` is for dropout. */
export const encoderLayer = (params: Layer, x: Tensor, heads: number, key: Tensor | null): Tensor => {
  const [batch = 0, seq = 0, width = 0] = x.shape
  const keys = key === null ? null : splitKeys(key, 2)
  const keyAt = (i: number): Tensor | null => keys && reshape(slice(keys, [i, 0], [i + 1, 2]), [2])
  const apart = (y: Tensor): Tensor => reshape(y, [batch, seq, heads, width / heads])
  const context = attention(
    apart(linear(params.query, x)),
    apart(linear(params.key, x)),
    apart(linear(params.value, x)),
    { dropout: { rate, key: keyAt(0) } },
  )
  const attended = layerNorm(params.first, add(linear(params.mix, reshape(context, x.shape)), x), eps)
  const inner = activations.gelu(linear(params.wide, attended))
  return layerNorm(params.second, add(dropout(keyAt(1), rate, linear(params.narrow, inner)), attended), eps)
}

/** All layers, written out. `keys` [layers, 2]. */
export const unrolled = (layers: readonly Layer[], x: Tensor, heads: number, keys: Tensor | null): Tensor =>
  layers.reduce(
    (h, layer, i) => encoderLayer(layer, h, heads, keys && reshape(slice(keys, [i, 0], [i + 1, 2]), [2])),
    x,
  )

/** All layers, as one loop over their stacked weights. */
export const scanned = (layers: Layer, x: Tensor, heads: number, keys: Tensor | null): Tensor =>
  keys === null
    ? scan((h: Tensor, layer: Layer) => [encoderLayer(layer, h, heads, null), null] as const, x, layers)[0]
    : scan(
        (h: Tensor, [layer, key]: readonly [Layer, Tensor]) => [encoderLayer(layer, h, heads, key), null] as const,
        x,
        [layers, keys] as const,
      )[0]
