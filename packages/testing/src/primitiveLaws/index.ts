/* The laws that every primitive is held to, as a table; and the primitives of the registry as their subjects. */
import { type PrimitiveName, primitives } from '@cotangent/core'
import { primitiveGenerators } from '../primitives/index.js'
import { lawRuns, type Runs } from '../runs.js'
import { batchLaws } from './batching.js'
import { derivativeLaws } from './derivatives.js'
import { engineLaws } from './engines.js'
import { type Facts, factsOf } from './facts.js'
import type { PrimitiveLaw, RecordLaw, Subject } from './law.js'
import { linearLaws } from './linear.js'
import { valueLaws } from './values.js'

export { engineLaws }

/** Laws of a primitive's record, checked on the reference evaluator; cheap ones first. */
export const recordLaws: readonly RecordLaw[] = [...valueLaws, ...batchLaws, ...derivativeLaws, ...linearLaws]

/**
 * All laws of primitives. A law that does not apply to one says why.
 *
 * @example primitiveLaws.filter(({ applies }) => applies(subjectOf('floor')) !== true).map(({ name }) => name)
 */
export const primitiveLaws: readonly PrimitiveLaw[] = [...recordLaws, ...engineLaws]

const known = new Map<PrimitiveName, Facts>()

/** A primitive of the registry, as laws look at it. */
export const subjectOf = (name: PrimitiveName): Subject => {
  const [primitive, generator] = [primitives[name], primitiveGenerators[name]]
  return {
    name,
    primitive,
    generator,
    facts: () => {
      const facts = known.get(name) ?? factsOf(primitive, generator)
      known.set(name, facts)
      return facts
    },
  }
}

/** How many examples of a law are tried on a primitive, and from which seed. */
export const runsOf = (law: PrimitiveLaw, { generator }: Subject): Runs =>
  lawRuns(Math.max(1, Math.round(law.examples * (generator.share ?? 1))))

/** All primitives of the registry. */
export const subjects: readonly Subject[] = (Object.keys(primitives) as PrimitiveName[]).map(subjectOf)
