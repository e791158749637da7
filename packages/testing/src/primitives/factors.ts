/* Cases of decompositions: matrices built from known values, well apart, for the derivative; singular ones for values. */
import { cholesky, type HostTensor, type PrimitiveName, tensor } from '@cotangent/core'
import * as fc from 'fast-check'
import { hostileTensor } from '../arbitraries/tensors.js'
import { type Case, caseOf, type PrimitiveGenerator } from './case.js'
import { positiveDefinite, rectangularTame } from './linalg.js'

const sides = fc.constantFrom(2, 1, 3)

const hostileMatrix = fc.tuple(sides, sides).chain((shape) => hostileTensor(shape))
const hostileSquare = sides.chain((n) => hostileTensor([n, n]))

/** Rows for columns where there are fewer rows. */
const tall = (x: HostTensor): HostTensor => {
  const [m = 0, n = 0] = x.shape
  if (m >= n) return x
  return tensor(
    Float32Array.from(x.data, (_, place) => x.data[(place % m) * n + Math.floor(place / m)] ?? 0),
    [n, m],
  )
}

// the primitive takes symmetric matrices: its public function makes them
const choleskyCase = (a: HostTensor): Case => caseOf('cholesky', [a], {}, { apply: (xs) => xs.map((x) => cholesky(x)) })

const qrCase = (a: HostTensor): Case => caseOf('qr', [tall(a)], {})

const svdCase = (x: HostTensor): Case => caseOf('svd', [x], {})

const pinvCase = ([a, rtol]: readonly [HostTensor, number]): Case => caseOf('pinv', [a], { rtol })

const pinvOf = (matrices: fc.Arbitrary<HostTensor>): fc.Arbitrary<Case> =>
  fc.tuple(matrices, fc.constantFrom(0, 1e-6, 1e-3)).map(pinvCase)

export const factorGenerators = {
  cholesky: {
    tame: positiveDefinite.map(choleskyCase),
    hostile: fc.oneof(positiveDefinite, hostileSquare).map(choleskyCase),
    derivative: 'true',
    share: 0.5,
  },
  qr: {
    tame: rectangularTame.map(qrCase),
    hostile: hostileMatrix.map(qrCase),
    derivative: 'true',
    share: 0.5,
  },
  svd: {
    tame: rectangularTame.map(svdCase),
    hostile: hostileMatrix.map(svdCase),
    derivative: 'true',
    share: 0.5,
  },
  pinv: {
    tame: pinvOf(rectangularTame),
    hostile: pinvOf(hostileMatrix),
    derivative: 'true',
    share: 0.5,
  },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>
