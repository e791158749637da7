import { type Engine, makeIR, planStages, prepareIR, type Tensor } from '@cotangent/core'
import type { Subject } from '../primitiveLaws/law.js'
import type { Case } from '../primitives/case.js'

/** Who computes a primitive's equation on an engine. */
export type ComputedBy =
  /** A lowering of the engine's own. */
  | 'own'
  /** The lowerings of what it decomposes into. */
  | 'decomposed'
  /** The reference evaluator, before or between the engine's programs. */
  | 'host'
  /** Nobody: it is inlined or dropped, or a transform has taken it away. */
  | 'gone'

const placesIn = (subject: Subject, engine: Engine, { apply, operands }: Case): readonly ComputedBy[] => {
  const traced = makeIR((xs: readonly Tensor[]) => [...apply(xs)])(operands)
  const ready = prepareIR(traced, (primitive) => engine.lowers(primitive))
  const stages = planStages(ready, (equation) => engine.runs(equation))
  const found = stages.flatMap(({ where, ir }) =>
    ir.equations
      .filter(({ primitive }) => primitive.name === subject.name)
      .map((): ComputedBy => (where === 'host' ? 'host' : 'own')),
  )
  if (found.length > 0) return found
  return traced.equations.some(({ primitive }) => primitive.name === subject.name) && subject.facts().decomposes
    ? ['decomposed']
    : ['gone']
}

/**
 * Who computes a primitive on an engine, over its ordinary cases: several where shapes or dtypes decide.
 *
 * @example placesOf(subjectOf('randomBits'), referenceEngine()) // => ['host']
 */
export const placesOf = (subject: Subject, engine: Engine): readonly ComputedBy[] => {
  const found = new Set(subject.facts().cases.flatMap((c) => placesIn(subject, engine, c)))
  const known = [...found].filter((place) => place !== 'gone')
  return known.length > 0 ? known.toSorted() : ['gone']
}
