/* The generators of all primitives: a new primitive without one does not compile. */
import type { PrimitiveName } from '@cotangent/core'
import type { PrimitiveGenerator } from './case.js'
import { controlGenerators } from './control.js'
import { convolutionGenerators } from './convolution.js'
import { customGenerators } from './custom.js'
import { piecewiseGenerators, smoothGenerators } from './elementwise.js'
import { factorGenerators } from './factors.js'
import { hostGenerators, structuralGenerators, tableGenerators } from './host.js'
import { indexingGenerators } from './indexing.js'
import { contractionGenerators, layoutGenerators } from './layout.js'
import { linalgGenerators } from './linalg.js'
import { rowGenerators } from './rows.js'
import { systemGenerators } from './systems.js'

const table = {
  ...smoothGenerators,
  ...piecewiseGenerators,
  ...layoutGenerators,
  ...indexingGenerators,
  ...contractionGenerators,
  ...convolutionGenerators,
  ...rowGenerators,
  ...linalgGenerators,
  ...systemGenerators,
  ...factorGenerators,
  ...tableGenerators,
  ...hostGenerators,
  ...structuralGenerators,
  ...controlGenerators,
  ...customGenerators,
} satisfies { readonly [N in PrimitiveName]: PrimitiveGenerator }

/** Test data for each primitive, by name. */
export const primitiveGenerators: Readonly<Record<PrimitiveName, PrimitiveGenerator>> = table
