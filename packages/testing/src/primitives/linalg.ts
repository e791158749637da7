/* Cases of eigh and singularValues: matrices built from known values, well apart, for the derivative; anything for engines. */
import {
  eigh,
  expandDims,
  type HostTensor,
  matmul,
  matrixTranspose,
  mul,
  type PrimitiveName,
  type Tensor,
  tensor,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { equalRows, rankOne, tensorOf } from '../arbitraries/tensors.js'
import { between, tameValue } from '../arbitraries/values.js'
import type { Tolerance } from '../compare/tolerance.js'
import { mapData } from '../oracle.js'
import { type Case, caseOf, type PrimitiveGenerator } from './case.js'

/** Rows of an orthogonal matrix of side n: a product of plane rotations. */
const orthogonal = (n: number, angles: readonly number[]): number[][] => {
  const q = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => Number(i === j)))
  let next = 0
  for (let p = 0; p < n; p++) {
    for (let r = p + 1; r < n; r++) {
      const angle = angles[next++ % Math.max(1, angles.length)] ?? 0
      const [c, s] = [Math.cos(angle), Math.sin(angle)]
      for (const row of q) {
        const [a, b] = [row[p] ?? 0, row[r] ?? 0]
        row[p] = c * a - s * b
        row[r] = s * a + c * b
      }
    }
  }
  return q
}

/** Σ_k left[i][k] values[k] right[j][k] */
const composed = (left: number[][], values: readonly number[], right: number[][]): HostTensor =>
  tensor(
    Float32Array.from(
      left.flatMap((row) =>
        right.map((other) => values.reduce((total, value, k) => total + (row[k] ?? 0) * value * (other[k] ?? 0), 0)),
      ),
    ),
    [left.length, right.length],
  )

const angles = fc.array(between(-1.5, 1.5), { minLength: 6, maxLength: 6 })

/** n numbers, each at least 1/2 above the one before. */
const spaced = (n: number, start: number) =>
  fc.array(between(0.5, 2), { minLength: n, maxLength: n, size: 'max' }).map((gaps) => {
    let value = start
    return gaps.map((gap) => (value += gap))
  })

const sides = fc.constantFrom(2, 3, 1, 5)

const symmetricTame = sides.chain((n) =>
  fc.tuple(angles, spaced(n, -3)).map(([a, values]) => composed(orthogonal(n, a), values, orthogonal(n, a))),
)

/** Symmetric, with positive eigenvalues well apart. */
export const positiveDefinite = sides.chain((n) =>
  fc.tuple(angles, spaced(n, 0.3)).map(([a, values]) => composed(orthogonal(n, a), values, orthogonal(n, a))),
)

/** With singular values away from 0 and from each other. */
export const rectangularTame = fc
  .tuple(sides, sides)
  .chain(([m, n]) => fc.tuple(fc.constant([m, n] as const), angles, angles, spaced(Math.min(m, n), 0.3)))
  .map(([[m, n], a, b, values]) => composed(orthogonal(m, a), values, orthogonal(n, b)))

/** An error relative to the largest result: what an orthogonal transformation keeps. */
const ofLargest = (largest: number, share: number): Tolerance => ({
  reason: `${share} of the largest: rotations keep the norm`,
  allowed: () => share * largest,
})

/** Eigenvalues and v diag(w) vᵀ as large as the matrix; v vᵀ is 1. */
const ofEigen = (size: number): Tolerance => ({
  reason: '2e-5 of the norm: rotations keep it',
  allowed: (_, __, result) => 2e-5 * (result === 2 ? 1 : size),
})

const norm = (x: HostTensor): number => Math.hypot(...x.data)

/** Eigenvectors are unique up to sign, and less where eigenvalues coincide: v diag(w) vᵀ is unique. */
const rebuilt = ([w, v]: readonly Tensor[]): readonly Tensor[] =>
  w === undefined || v === undefined
    ? []
    : [w, matmul(mul(v, expandDims(w, -2)), matrixTranspose(v)), matmul(v, matrixTranspose(v))]

const eigenCase = (a: HostTensor): Case =>
  caseOf('eigh', [a], {}, { apply: (xs) => xs.flatMap(eigh), observe: rebuilt, tolerance: ofEigen(norm(a)) })

const singularCase = (x: HostTensor): Case => caseOf('singularValues', [x], {}, { tolerance: ofLargest(norm(x), 1e-6) })

/** (x + xᵀ) / 2 of a square matrix. */
const symmetrised = (x: HostTensor): HostTensor => {
  const n = x.shape[0] ?? 0
  const at = (i: number, j: number): number => x.data[i * n + j] ?? 0
  return tensor(
    Float32Array.from(x.data, (_, place) => {
      const [i, j] = [Math.floor(place / n), place % n]
      return (at(Math.min(i, j), Math.max(i, j)) + at(Math.max(i, j), Math.min(i, j))) / 2
    }),
    [n, n],
  )
}

const zeroValue = fc.constant(0)
const matrix = (m: number, n: number): fc.Arbitrary<HostTensor> =>
  fc.oneof(
    { arbitrary: tensorOf([m, n]), weight: 3 },
    { arbitrary: rankOne([m, n]), weight: 1 },
    { arbitrary: equalRows([m, n]), weight: 1 },
    { arbitrary: tensorOf([m, n], zeroValue), weight: 1 },
    { arbitrary: tensorOf([m, n], fc.constantFrom(0, 1)), weight: 1 },
  )

const scaledBy = (x: HostTensor, factor: number): HostTensor => mapData(x, (value) => value * factor)

const scaled = fc
  .tuple(sides, sides, fc.constantFrom(1, 1, 1e-20, 1e15))
  .chain(([m, n, scale]) => fc.tuple(matrix(m, n), fc.constant(scale)))
  .map(([x, scale]) => scaledBy(x, scale))

export const linalgGenerators = {
  eigh: {
    tame: symmetricTame.map(eigenCase),
    hostile: fc
      .oneof(
        symmetricTame,
        fc
          .tuple(sides, fc.constantFrom(1, 1, 1e-25, 1e25))
          .chain(([n, scale]) => matrix(n, n).map((x) => scaledBy(x, scale)))
          .map(symmetrised),
      )
      .map(eigenCase),
    derivative: 'true',
    share: 0.5,
  },
  singularValues: {
    tame: rectangularTame.map(singularCase),
    hostile: fc.oneof(rectangularTame, scaled).map(singularCase),
    derivative: 'true',
    share: 0.5,
  },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

/** Square matrices for tests of eigh alone: random, clustered, rank-deficient and zero ones of side n. */
export const symmetricArbitrary = (n: number): fc.Arbitrary<HostTensor> =>
  fc.oneof(
    tensorOf([n, n], tameValue).map(symmetrised),
    matrix(n, n).map(symmetrised),
    fc
      .tuple(angles, fc.array(fc.constantFrom(0, 1, 1, 1.0000001, 3), { minLength: n, maxLength: n, size: 'max' }))
      .map(([a, values]) => composed(orthogonal(n, a), values, orthogonal(n, a))),
  )
