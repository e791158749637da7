/* Cases of linear systems: well-conditioned matrices for derivatives; singular and hostile ones for values. */
import {
  add,
  eye,
  type HostTensor,
  matmul,
  mul,
  type PrimitiveName,
  type Shape,
  sizeOf,
  solve,
  tensor,
  tril,
  triu,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { hostileTensor, tensorOf } from '../arbitraries/tensors.js'
import { awayFromZero, between } from '../arbitraries/values.js'
import { type Case, caseOf, type PrimitiveGenerator } from './case.js'

/** Leading axes, side, and columns of the right side. */
const sizes = fc.record({
  lead: fc.constantFrom<Shape>([], [], [2]),
  n: fc.constantFrom(2, 1, 3),
  m: fc.constantFrom(1, 2),
})

/** The same numbers, with others on the diagonals. */
const withDiagonal = (x: HostTensor, diagonal: readonly number[]): HostTensor => {
  const n = x.shape[x.shape.length - 1] ?? 1
  let next = 0
  return tensor(
    Float32Array.from(x.data, (value, place) => {
      const [i, j] = [Math.floor(place / n) % n, place % n]
      return i === j ? (diagonal[next++] ?? 1) : value
    }),
    x.shape,
  )
}

/** Matrices with a diagonal away from 0: small numbers elsewhere. */
const conditioned = (shape: Shape): fc.Arbitrary<HostTensor> => {
  const count = sizeOf(shape.slice(0, -1))
  return fc
    .tuple(
      tensorOf(shape, between(-1.5, 1.5)),
      fc.array(awayFromZero(1, 3), { minLength: count, maxLength: count, size: 'max' }),
    )
    .map(([x, diagonal]) => withDiagonal(x, diagonal))
}

/** A matrix (of the arbitrary) and right sides, by the shape of both. */
const systems = (
  matrix: (shape: Shape) => fc.Arbitrary<HostTensor>,
  right: (shape: Shape) => fc.Arbitrary<HostTensor>,
): fc.Arbitrary<readonly [HostTensor, HostTensor]> =>
  sizes.chain(({ lead, n, m }) => fc.tuple(matrix([...lead, n, n]), right([...lead, n, m])))

const triangle = fc.record({ lower: fc.boolean(), transposed: fc.boolean(), unit: fc.boolean() })

const triangular = (operands: ReturnType<typeof systems>): fc.Arbitrary<Case> =>
  fc.tuple(operands, triangle).map(([both, attrs]) => caseOf('triangularSolve', both, attrs))

const solveCase = (both: readonly [HostTensor, HostTensor]): Case => caseOf('solve', both, {})

/** [n, n] numbers from a few. */
const chosen = (n: number, ...values: readonly number[]): fc.Arbitrary<HostTensor> =>
  tensorOf([n, n], fc.constantFrom(...values))

/**
 * Right sides of a fixed matrix on which elimination is exact, and that of its transpose: L U, where no pivot is smaller
 * than what stands below it or beside it, and all are powers of 2.
 */
const exactSystem: fc.Arbitrary<Case> = fc
  .constantFrom(2, 1, 3)
  .chain((n) => fc.tuple(chosen(n, 0, 0.5, -0.5), chosen(n, 0, 1, -1), chosen(n, 2, -2, 1), tensorOf([n, 2])))
  .map(([below, above, pivots, b]) => {
    const one = eye(b.shape[0] ?? 1)
    const a = matmul(add(tril(below, -1), one), add(triu(above, 1), mul(pivots, one)))
    return caseOf('solve', [b], {}, { apply: (xs) => xs.map((x) => solve(a, x)) })
  })

const ofMatrix = (name: 'det' | 'cofactor' | 'slogdet'): PrimitiveGenerator => {
  const cases = (matrix: (shape: Shape) => fc.Arbitrary<HostTensor>): fc.Arbitrary<Case> =>
    sizes.chain(({ lead, n }) => matrix([...lead, n, n])).map((a) => caseOf(name, [a], {}))
  return { tame: cases(conditioned), hostile: cases(hostileTensor), derivative: 'true', share: 0.5 }
}

export const systemGenerators = {
  triangularSolve: {
    tame: triangular(systems(conditioned, tensorOf)),
    hostile: triangular(systems(hostileTensor, hostileTensor)),
    derivative: 'true',
    share: 0.5,
  },
  solve: {
    tame: systems(conditioned, tensorOf).map(solveCase),
    hostile: systems(hostileTensor, hostileTensor).map(solveCase),
    linear: exactSystem,
    derivative: 'true',
    share: 0.5,
  },
  det: ofMatrix('det'),
  cofactor: ofMatrix('cofactor'),
  slogdet: ofMatrix('slogdet'),
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>
