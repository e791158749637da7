import type { Aval } from '../aval.js'
import type { AnyPrimitive } from '../primitives/primitive.js'

/** A name bound once: by the program's inputs or by one equation. */
export interface Var {
  readonly kind: 'var'
  readonly id: number
  readonly aval: Aval
}

/** A scalar held by value. */
export interface Literal {
  readonly kind: 'literal'
  readonly value: number
  readonly aval: Aval
}

export type Atom = Var | Literal

/** `results = primitive[attrs] inputs` */
export interface Equation {
  readonly primitive: AnyPrimitive
  readonly inputs: readonly Atom[]
  readonly attrs: unknown
  readonly results: readonly Var[]
}

/**
 * A program as data: straight-line equations, each variable bound once and before its use.
 * Nothing is captured: what a traced function closed over became an input (see `Traced`).
 */
export interface IR {
  readonly inputs: readonly Var[]
  readonly equations: readonly Equation[]
  readonly outputs: readonly Atom[]
}

let lastId = 0

/** A variable with an id no other variable of this process has. */
export const freshVar = (aval: Aval): Var => ({ kind: 'var', id: ++lastId, aval })
