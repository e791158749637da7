/*
 * A model's parameters are listed once, by a function that asks for each of them: by name, shape and start. What the
 * function is given decides what comes out: random numbers, tensors of a file, or a list of names.
 */
import {
  foldIn,
  hashText,
  iota,
  mul,
  normal,
  notEqual,
  ones,
  reshape,
  type Shape,
  type Tensor,
  where,
  zeros,
} from '@cotangent/core'
import type { EmbeddingParams, LayerNormParams, LinearParams, RmsNormParams } from '@cotangent/nn'

/** How a parameter begins: normal with mean 0 (a row of zeros where `zeroRow` says so), all 0 or all 1. */
export type Start =
  | { readonly kind: 'normal'; readonly zeroRow?: number }
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }

/** Gives one parameter. The name is the one in a file of weights, such as `bert.pooler.dense.weight`. */
export type MakeParameter = (name: string, shape: Shape, start: Start) => Tensor

/** Weight [out, in] and bias [out] of a linear map. */
export const linearParams = (
  make: MakeParameter,
  name: string,
  out: number,
  inside: number,
): Required<LinearParams> => ({
  weight: make(`${name}.weight`, [out, inside], { kind: 'normal' }),
  bias: make(`${name}.bias`, [out], { kind: 'zeros' }),
})

/** As `linearParams`, the bias only where the model has one. */
export const projectionParams = (
  make: MakeParameter,
  name: string,
  out: number,
  inside: number,
  bias: boolean,
): LinearParams =>
  bias ? linearParams(make, name, out, inside) : { weight: make(`${name}.weight`, [out, inside], { kind: 'normal' }) }

/** Weight [width] of an RMS norm. */
export const rmsNormParams = (make: MakeParameter, name: string, width: number): RmsNormParams => ({
  weight: make(`${name}.weight`, [width], { kind: 'ones' }),
})

/** Weight and bias [width] of a layer norm. */
export const layerNormParams = (make: MakeParameter, name: string, width: number): LayerNormParams => ({
  weight: make(`${name}.weight`, [width], { kind: 'ones' }),
  bias: make(`${name}.bias`, [width], { kind: 'zeros' }),
})

/** A table [rows, width]; the row of the padding token, if any, begins at 0. */
export const embeddingParams = (
  make: MakeParameter,
  name: string,
  rows: number,
  width: number,
  padding: number | null = null,
): EmbeddingParams => ({
  weight: make(
    `${name}.weight`,
    [rows, width],
    padding === null ? { kind: 'normal' } : { kind: 'normal', zeroRow: padding },
  ),
})

/**
 * Random starts, as transformers' `_init_weights`: normal with the given deviation, biases 0, norms 1 and 0. Each
 * parameter has a key of its own, by its name, so it does not depend on which others are made.
 *
 * @param key u32[2]
 * @param deviation standard deviation of weights and tables; transformers' `initializer_range`
 */
export const randomParameters =
  (key: Tensor, deviation: number): MakeParameter =>
  (name, shape, start) => {
    if (start.kind === 'zeros') return zeros(shape)
    if (start.kind === 'ones') return ones(shape)
    const drawn = mul(normal(foldIn(key, Number.parseInt(hashText(name).slice(0, 8), 16)), shape), deviation)
    if (start.zeroRow === undefined) return drawn
    const kept = reshape(notEqual(iota(shape[0] ?? 0), start.zeroRow), [-1, 1])
    return where(kept, drawn, 0)
  }
