/*
 * Mutants of a primitive: its record with one rule changed, in one operand. The wrappers know nothing of the primitive;
 * where a rule is absent there is nothing to change.
 */
import { type AnyPrimitive, type DType, isFloating, type PrimitiveName, type Tensor } from '@cotangent/core'
import type { Subject } from '../primitiveLaws/law.js'
import { batchChanges, type Change, derivativeChanges, resultChanges, termDropped, wrongAxis } from './changes.js'

/** The rules that are changed. */
export type MutatedRule = 'jvp' | 'transpose' | 'batch'

/** A record with one fault. */
export interface Mutant {
  /** As in "mul jvp[0] sign flipped"; unique. */
  readonly name: string
  readonly primitive: PrimitiveName
  readonly rule: MutatedRule
  readonly patch: Partial<AnyPrimitive>
}

type List = readonly (Tensor | null)[]

const changed = (change: Change, x: Tensor | null): Tensor | null => (x === null ? null : change.of(x))

const at = <T>(list: readonly T[], index: number, change: (x: T) => T): readonly T[] =>
  list.map((x, i) => (i === index ? change(x) : x))

const isList = (x: Tensor | List): x is List => Array.isArray(x)

/** The tangent that one operand adds; or, for a rule of all operands, that it brings. */
const jvpMutant = (primitive: AnyPrimitive, index: number, change: Change): Partial<AnyPrimitive> | null => {
  const { jointJvp } = primitive
  if (jointJvp !== null) {
    const apply: typeof jointJvp.apply = (primals, tangents, attrs) =>
      jointJvp.apply(
        primals,
        at(tangents, index, (dx) => (change === termDropped ? null : changed(change, dx))),
        attrs,
      )
    return { jointJvp: { ...jointJvp, apply } }
  }
  const rule = primitive.jvp(index)
  if (typeof rule !== 'function') return null
  const jvp: AnyPrimitive['jvp'] = (i) =>
    i !== index
      ? entries.jvp(i)
      : (...args) => {
          const part = rule(...args)
          return isList(part) ? part.map((dy) => changed(change, dy)) : change.of(part)
        }
  const entries = { jvp: primitive.jvp.bind(primitive) }
  return { jvp }
}

/** The cotangent of one operand. */
const transposeMutant = (primitive: AnyPrimitive, index: number, change: Change): Partial<AnyPrimitive> | null => {
  const { jointTranspose } = primitive
  if (jointTranspose !== null) {
    const apply: typeof jointTranspose.apply = (cts, operands, linear, attrs) =>
      at(jointTranspose.apply(cts, operands, linear, attrs), index, (ct) =>
        change === termDropped ? null : changed(change, ct),
      )
    return { jointTranspose: { ...jointTranspose, apply } }
  }
  const rule = primitive.transpose(index)
  if (typeof rule !== 'function') return null
  const before = primitive.transpose.bind(primitive)
  return { transpose: (i) => (i === index ? (...args) => change.of(rule(...args)) : before(i)) }
}

/** One operand as the batch rule sees it; `null`: what the rule gives. */
const batchMutant = (primitive: AnyPrimitive, index: number | null, change: Change): Partial<AnyPrimitive> => {
  const before = primitive.batch.bind(primitive)
  return {
    batch: (operands, mapped, attrs, size, axisName) => {
      const given = operands.map((x, i) => (i === index && mapped[i] === true ? change.of(x) : x))
      const results = before(given, mapped, attrs, size, axisName)
      return 'reason' in results || index !== null ? results : results.map((y) => change.of(y))
    },
  }
}

const someFloat = (dtypes: ReadonlySet<DType>): boolean => [...dtypes].some(isFloating)

/** Whether a change of results shows in any of these dtypes. */
const shows = (change: Change, dtypes: ReadonlySet<DType>): boolean =>
  [...dtypes].some((dtype) => (change.name === 'times 1.01' ? isFloating(dtype) : dtype !== 'u32'))

/** All mutants of a primitive, as far as its equations in the law's cases have operands to be wrong in. */
export const mutantsOf = ({ name, primitive, facts }: Subject): readonly Mutant[] => {
  const { equationOperands: operands, equationRanks: ranks, equationResults: results } = facts()
  const make = (rule: MutatedRule, where: string, change: Change, patch: Partial<AnyPrimitive> | null): Mutant[] =>
    patch === null ? [] : [{ name: `${name} ${rule}${where} ${change.name}`, primitive: name, rule, patch }]
  const ofDerivative = [...operands.entries()]
    .filter(([, dtypes]) => someFloat(dtypes))
    .flatMap(([i]) =>
      derivativeChanges.flatMap((change) => [
        ...make('jvp', `[${i}]`, change, jvpMutant(primitive, i, change)),
        ...make('transpose', `[${i}]`, change, transposeMutant(primitive, i, change)),
      ]),
    )
  if (operands.length === 0) return []
  return [
    ...ofDerivative,
    ...[...operands.keys()].flatMap((i) =>
      batchChanges
        .filter((change) => change !== wrongAxis || (ranks[i] ?? 0) > 0) // the batch axis of scalars is their only one
        .flatMap((change) => make('batch', `[${i}]`, change, batchMutant(primitive, i, change))),
    ),
    ...resultChanges
      .filter((change) => shows(change, results))
      .flatMap((change) => make('batch', '', change, batchMutant(primitive, null, change))),
  ]
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Runs a function while a record has the fault; the record is as before afterwards. */
export const withMutant = <T>(primitive: AnyPrimitive, { patch }: Mutant, body: () => T): T => {
  const record: Writable<AnyPrimitive> = primitive // border: the records of the registry are changed in place, for a while
  const before = { ...primitive }
  try {
    Object.assign(record, patch)
    return body()
  } finally {
    Object.assign(record, before)
  }
}
