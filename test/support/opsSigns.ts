/* What is unique up to signs: columns of factors, turned as those of the reference data. */
import type { Tensor } from '@cotangent/core'
import * as ct from '@cotangent/core'

/** The signs, in a row, that make columns point as the expected ones do. */
const signsOf = (columns: Tensor, expected: Tensor): Tensor =>
  ct.stopGradient(ct.sign(ct.sum(ct.mul(columns, expected), -2, { keepDims: true })))

export type Aligned = (ys: readonly Tensor[], expected: readonly Tensor[]) => readonly Tensor[]

/** Columns of the first result and rows of the last are turned together. */
const byColumns: Aligned = ([q, ...rest], [expected]) => {
  const last = rest.at(-1)
  if (q === undefined || last === undefined || expected === undefined) return []
  const signs = signsOf(q, expected)
  return [ct.mul(q, signs), ...rest.slice(0, -1), ct.mul(last, ct.matrixTranspose(signs))]
}

/** What is unique up to signs, with those of the expected results. */
export const freeSigns: Readonly<Record<string, Aligned>> = {
  eigh: ([w, v], [, expected]) =>
    w === undefined || v === undefined || expected === undefined ? [] : [w, ct.mul(v, signsOf(v, expected))],
  svd: byColumns,
  qr: byColumns,
}
