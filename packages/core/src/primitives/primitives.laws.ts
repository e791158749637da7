/* The laws of every primitive in the registry, on the reference evaluator. From a fixed seed, unless told otherwise. */
import { recordLaws, runsOf, subjects } from '@cotangent/testing'
import { describe, test } from 'vitest'

describe.each(subjects)('$name', (subject) => {
  for (const law of recordLaws) {
    if (law.applies(subject) === true) test(law.name, () => law.check(subject, runsOf(law, subject)))
  }
})
