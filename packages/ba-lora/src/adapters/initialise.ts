/*
 * How an adapter starts, as pure functions of a weight. Axes: in, out, r (rank).
 */
import {
  ArgumentError,
  foldIn,
  printAval,
  ShapeError,
  scalar,
  type Tensor,
  tensor,
  uniform,
  zeros,
} from '@cotangent/core'
import type { LowRank } from '@cotangent/nn'
import { randomisedTopSingular, type TopSingular, topSingular } from './topSingular.js'

/**
 * Makes an adapter for a weight [out, in].
 *
 * @param index which of the adapted weights it is, from 0: for a key of its own
 */
export type AdapterInit = (weight: Tensor, index: number) => LowRank

/** What every adapter needs to know. */
export interface AdapterSettings {
  /** r */
  readonly rank: number
  /** α: what the adapter adds is scaled by α / r. */
  readonly alpha: number
}

const checked = (
  op: string,
  weight: Tensor,
  { rank, alpha }: AdapterSettings,
): readonly [out: number, inner: number] => {
  const [out, inner] = weight.shape
  if (weight.rank !== 2 || weight.dtype !== 'f32' || out === undefined || inner === undefined) {
    throw new ShapeError({
      op,
      expected: 'an adapter goes on a matrix [out, in] of f32.',
      received: printAval(weight.aval),
      todo: 'select weights of linear layers only',
    })
  }
  if (!(Number.isInteger(rank) && rank > 0 && rank <= Math.min(out, inner))) {
    throw new ArgumentError({
      op,
      expected: 'the rank must be a whole number from 1 to the smaller side of the weight.',
      received: `rank ${rank}, weight ${printAval(weight.aval)}`,
      todo: 'lower the rank, or leave this weight out',
    })
  }
  if (!(alpha > 0 && Number.isFinite(alpha))) {
    throw new ArgumentError({
      op,
      expected: 'alpha must be a number above 0.',
      received: `alpha ${alpha}`,
      todo: 'alpha = rank gives the scale 1',
    })
  }
  return [out, inner]
}

/**
 * LoRA: W + α/r · B A, where A is uniform on ±1/√in (Kaiming's with a = √5, as in PEFT) and B = 0, so that it starts as
 * the weight itself.
 *
 * @param settings key u32[2], not used elsewhere
 * @throws ShapeError, ArgumentError for a weight that is no matrix, or a rank that does not fit it
 * @see arXiv 2106.09685
 * @example adapt(params, (path) => path.endsWith('query.weight'), lora({ rank: 8, alpha: 16, key: key(0) }))
 */
export const lora =
  (settings: AdapterSettings & { readonly key: Tensor }): AdapterInit =>
  (weight, index) => {
    const [out, inner] = checked('lora', weight, settings)
    const { rank, alpha, key } = settings
    const bound = 1 / Math.sqrt(inner)
    return {
      base: weight,
      a: uniform(foldIn(key, index), [rank, inner], -bound, bound),
      b: zeros([out, rank]),
      scale: scalar(alpha / rank),
    }
  }

/** Up to this smaller side PiSSA decomposes exactly; beyond it, it needs a key. */
export const exactSide = 512

/** An adapter's settings, and those of its decomposition. */
export interface PissaSettings extends AdapterSettings {
  /** u32[2], not used elsewhere: for weights whose smaller side is above 512. */
  readonly key?: Tensor
  /** Power iterations of the randomised decomposition; 16 by default. */
  readonly iterations?: number
}

const decompose = (weight: Tensor, index: number, { rank, key, iterations = 16 }: PissaSettings): TopSingular => {
  const [m = 0, n = 0] = weight.shape
  const x = Float64Array.from(weight.data)
  if (Math.min(m, n) <= exactSide) return topSingular(x, m, n, rank)
  if (key === undefined) {
    throw new ArgumentError({
      op: 'pissa',
      expected: `a weight whose smaller side is above ${exactSide} needs a key.`,
      received: printAval(weight.aval),
      todo: 'pissa({ rank, alpha, key: key(0) }): its decomposition is randomised',
    })
  }
  return randomisedTopSingular(x, m, n, rank, { key: foldIn(key, index), iterations })
}

/**
 * PiSSA: the adapter starts from the r largest singular values. With W = U S Vᵀ and the scale c = α/r,
 *
 *     A = √(S_r / c) V_rᵀ,   B = U_r √(S_r / c)
 *
 * The weight W stays whole and frozen, and the adapter counts as c (B A - B0 A0), where A0, B0 are its start. So it begins
 * exactly as W, and without the adapter it is W again: the teacher is in the same parameters. The frozen part of PiSSA,
 * the residual, is W - c B0 A0.
 *
 * @throws ShapeError, ArgumentError for a weight that is no matrix, a rank that does not fit it, or a missing key
 * @see arXiv 2404.02948
 * @example adapt(params, (path) => path.endsWith('query.weight'), pissa({ rank: 8, alpha: 8 }))
 */
export const pissa =
  (settings: PissaSettings): AdapterInit =>
  (weight, index) => {
    const [out, inner] = checked('pissa', weight, settings)
    const { rank, alpha } = settings
    const scale = alpha / rank
    const { u, s, v } = decompose(weight, index, settings)
    const roots = s.map((value) => Math.sqrt(value / scale))
    const a = new Float32Array(rank * inner)
    const b = new Float32Array(out * rank)
    for (let r = 0; r < rank; r++) {
      const root = roots[r] ?? 0
      for (let j = 0; j < inner; j++) a[r * inner + j] = root * (v[j * rank + r] ?? 0)
      for (let i = 0; i < out; i++) b[i * rank + r] = root * (u[i * rank + r] ?? 0)
    }
    const [start, end] = [tensor(a, [rank, inner]), tensor(b, [out, rank])]
    return { base: weight, a: start, b: end, scale: scalar(scale), a0: start, b0: end }
  }
