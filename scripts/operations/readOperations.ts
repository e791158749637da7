/* Operations as their declarations and doc comments have them. */
import { selfChecking } from '../../test/support/examples.js'
import { makeProgram, type PublicName, publicNames } from '../../test/support/publicApi.js'
import { type Family, families } from './families.js'

/** The packages that the table is about. */
export const operationPackages = ['core', 'nn', 'optim'] as const

/** A package of operations. */
export type OperationPackage = (typeof operationPackages)[number]

/** An operation of the table. */
export interface Operation extends PublicName {
  readonly from: OperationPackage
  readonly family: string
  /** The first example that states a value; `null` where none does. */
  readonly example: string | null
}

/** All values that a package exports, by name. */
export type PublicValues = Readonly<Record<OperationPackage, ReadonlyMap<string, PublicName>>>

/** Reads what the packages export. */
export const readPublicValues = (): PublicValues => {
  const program = makeProgram([])
  const valuesOf = (name: OperationPackage): ReadonlyMap<string, PublicName> =>
    new Map(publicNames(program, name).flatMap((each) => (each.isValue ? [[each.name, each] as const] : [])))
  return { core: valuesOf('core'), nn: valuesOf('nn'), optim: valuesOf('optim') }
}

const statesValue = (example: string): boolean => selfChecking(example).checked > 0

/** The operations of a family that are exported, in its order. */
const operationsOfFamily = (values: PublicValues, family: Family): readonly Operation[] =>
  operationPackages.flatMap((from) =>
    (family[from] ?? []).flatMap((name) => {
      const found = values[from].get(name)
      if (found === undefined) return []
      return [{ ...found, from, family: family.title, example: found.examples.find(statesValue) ?? null }]
    }),
  )

/** The operations of the table, family by family. */
export const operationsOf = (values: PublicValues): readonly Operation[] =>
  families.flatMap((family) => operationsOfFamily(values, family))
