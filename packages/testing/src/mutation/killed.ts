/* Whether the laws notice that a rule of a primitive is wrong. */

import { recordLaws } from '../primitiveLaws/index.js'
import type { RecordLaw, Subject } from '../primitiveLaws/law.js'
import { type Mutant, withMutant } from './mutants.js'

/** Examples of each law: first a few of all, then more of all, so that most mutants fall to a cheap one. */
const rounds = [8, 120] as const

/** The laws that apply; those about the changed rule first. */
const lawsFor = (subject: Subject, { rule }: Mutant): readonly RecordLaw[] => {
  const laws = recordLaws.filter(({ applies }) => applies(subject) === true)
  return [...laws.filter(({ about }) => about.includes(rule)), ...laws.filter(({ about }) => !about.includes(rule))]
}

const breaks = (subject: Subject, law: RecordLaw, numRuns: number, seed: number): boolean => {
  try {
    law.check(subject, { numRuns, seed, includeErrorInReport: true, endOnFailure: true })
    return false
  } catch {
    return true
  }
}

/** Whether a law holds for the primitive as it is, asked once; one that does not says nothing of mutants. */
const sound = (subject: Subject, seed: number): ((law: RecordLaw, numRuns: number) => boolean) => {
  const known = new Map<string, boolean>()
  return (law, numRuns) => {
    const key = `${law.name} ${numRuns}`
    const holds = known.get(key) ?? !breaks(subject, law, numRuns, seed)
    known.set(key, holds)
    return holds
  }
}

/** A mutant, and the law that notices it; `null` where it survives all of them. */
export interface Verdict {
  readonly mutant: Mutant
  readonly killer: string | null
}

/**
 * Tries mutants of one primitive, one at a time, until a law breaks.
 *
 * @throws Error naming a law that the primitive breaks without any fault
 */
export const judged = (subject: Subject, mutants: readonly Mutant[], seed: number): readonly Verdict[] => {
  const isSound = sound(subject, seed)
  return mutants.map((mutant) => {
    const found = killerOf(subject, mutant, seed)
    if (found !== null && !isSound(found.law, found.numRuns)) {
      throw new Error(`${subject.name} breaks "${found.law.name}" without any fault; npm test says how`)
    }
    return { mutant, killer: found?.law.name ?? null }
  })
}

/** The law that notices a mutant, and the number of examples it was given. */
const killerOf = (
  subject: Subject,
  mutant: Mutant,
  seed: number,
): { readonly law: RecordLaw; readonly numRuns: number } | null => {
  const laws = lawsFor(subject, mutant)
  return withMutant(subject.primitive, mutant, () => {
    for (const numRuns of rounds) {
      const law = laws.find((each) => breaks(subject, each, numRuns, seed))
      if (law !== undefined) return { law, numRuns }
    }
    return null
  })
}
