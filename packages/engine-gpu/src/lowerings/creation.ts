/* Arrays that depend on nothing: made once, when the program is loaded. */
import { type AttrsOf, range } from '@cotangent/core'
import { dataValue } from '../program/value.js'
import type { Lowering, LoweringsOf } from './lowering.js'

const iota: Lowering<AttrsOf<'iota'>> = (_, { length }) => dataValue(range(length))

const constant: Lowering<AttrsOf<'constant'>> = (_, { values }) => dataValue(values)

export const creationLowerings: LoweringsOf<'iota' | 'constant'> = { iota, constant }
