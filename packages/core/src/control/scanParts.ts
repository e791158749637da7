/* What a scan's attributes are, and how they divide its operands. */
import type { IR } from '../ir/ir.js'
import type { Flags } from '../transforms/heldPrograms.js'

export interface ScanAttrs {
  readonly body: IR
  readonly length: number
  /** From the last step to the first; ys keep their places. */
  readonly reverse: boolean
  /** How many operands come first that are the same at every step. */
  readonly constants: number
  /** How many operands follow that go from step to step. */
  readonly carry: number
}

/** A scan's operands, its body's inputs, or what belongs to them, by their part in it. */
export interface Parts<T> {
  readonly constants: readonly T[]
  readonly carry: readonly T[]
  readonly xs: readonly T[]
}

export const partsOf = <T>(items: readonly T[], { constants, carry }: ScanAttrs): Parts<T> => ({
  constants: items.slice(0, constants),
  carry: items.slice(constants, constants + carry),
  xs: items.slice(constants + carry),
})

/** Which are not `null`. */
export const present = (items: readonly unknown[]): Flags => items.map((item) => item !== null)

/** How many flags have the value. */
export const count = (flags: Flags, value: boolean): number => flags.filter((flag) => flag === value).length
