/* Cases of decompositions: matrices built from known values, well apart, for the derivative; singular ones for values. */
import { cholesky, type HostTensor, type PrimitiveName } from '@cotangent/core'
import * as fc from 'fast-check'
import { hostileTensor } from '../arbitraries/tensors.js'
import { type Case, caseOf, type PrimitiveGenerator } from './case.js'
import { positiveDefinite } from './linalg.js'

const sides = fc.constantFrom(2, 1, 3)

const hostileSquare = sides.chain((n) => hostileTensor([n, n]))

// the primitive takes symmetric matrices: its public function makes them
const choleskyCase = (a: HostTensor): Case => caseOf('cholesky', [a], {}, { apply: (xs) => xs.map((x) => cholesky(x)) })

export const factorGenerators = {
  cholesky: {
    tame: positiveDefinite.map(choleskyCase),
    hostile: fc.oneof(positiveDefinite, hostileSquare).map(choleskyCase),
    derivative: 'true',
    share: 0.5,
  },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>
