import type { PrimitiveName } from '@cotangent/core'
import { primitiveLaws, subjects } from '../primitiveLaws/index.js'

/** What a law says of a primitive on an engine: that it must hold, or why it says nothing. */
export interface LawCell {
  readonly primitive: PrimitiveName
  readonly law: string
  /** The name of the engine it is checked on. */
  readonly engine: string
  readonly answer: true | string
}

/**
 * Every primitive, law and engine: laws of records are checked on the reference evaluator, laws of engines on each.
 *
 * @param engines names of the engines besides the reference evaluator
 * @example lawTable(['onnx']).filter(({ answer }) => answer !== true).length > 0 // => true
 */
export const lawTable = (engines: readonly string[]): readonly LawCell[] =>
  subjects.flatMap((subject) =>
    primitiveLaws.flatMap((law) =>
      (law.on === 'reference' ? ['reference'] : ['reference', ...engines]).map((engine) => ({
        primitive: subject.name,
        law: law.name,
        engine,
        answer: law.applies(subject),
      })),
    ),
  )
