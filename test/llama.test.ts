import { cast, evalIR, makeIR, treeMap } from '@cotangent/core'
import { describe, it } from 'vitest'
import { type EvaluateLlama, expectLlamaAgreement, referenceLlamas } from './support/referenceLlama.js'

/** f64 where it is floating. */
const widened = <T>(tree: T): T => treeMap((x) => (x.dtype === 'f32' ? cast(x, 'f64') : x), tree)

const evaluations: Readonly<Record<string, EvaluateLlama>> = {
  'in f32': (f, params, batch) => f(params, batch),
  'as a program in f64': (f, params, batch) => f(widened(params), widened(batch)),
  'an f32 program evaluated in f64': (f, params, batch) =>
    evalIR(makeIR(f)(params, batch), [params, batch], { floats: 'f64' }),
}

describe.each(referenceLlamas)('%s, %s, agrees with transformers', (...reference) => {
  it.each(Object.entries(evaluations))('%s', (_, evaluate) => expectLlamaAgreement(reference, evaluate))
})
