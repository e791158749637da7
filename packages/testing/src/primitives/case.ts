import {
  type AttrsOf,
  bind,
  type HostTensor,
  type Primitive,
  type PrimitiveName,
  primitives,
  printAval,
  printIR,
} from '@cotangent/core'
import type * as fc from 'fast-check'
import { exact, type Tolerance } from '../compare/tolerance.js'
import type { ListFunction } from '../oracle.js'

/** A primitive with legal operands and settings. */
export interface Case {
  readonly primitive: PrimitiveName
  readonly operands: readonly HostTensor[]
  readonly apply: ListFunction
  /** What in the results is unique, where they are not (eigenvectors up to sign). */
  readonly observe: ListFunction
  /** How far an f32 engine may be from the reference evaluator. */
  readonly tolerance: Tolerance
  /** What it must give, by other primitives: for those that hold a program or live under a vmap. */
  readonly definition?: ListFunction
  /** The function of one example, for those that live under a vmap with the axis `examples`; `apply` if absent. */
  readonly example?: ListFunction
  /** The case in one line, for messages. */
  toString(): string
}

/** How the derivative is tested. */
export type Derivative =
  /** The rules give the derivative: they agree with central differences, to second order. */
  | 'true'
  /** The rules say 0 whatever the function does (stopGradient). */
  | 'zero'
  /** Backwards only (customVjp); to first order. */
  | 'backwards'
  /** Forwards only (a loop of unknown length): jvp, to any order; a backward derivative is refused. */
  | 'forwards'

/** Everything the laws and the conformance suite need to try one primitive. */
export interface PrimitiveGenerator {
  /** Inside of the domain and away from kinks, so that derivatives are smooth. */
  readonly tame: fc.Arbitrary<Case>
  /** Whatever an engine may be fed: ties, zeros, subnormals, overflow. */
  readonly hostile: fc.Arbitrary<Case>
  /** On i32 (and bool, where elements are only moved), for primitives that take them. */
  readonly integers?: fc.Arbitrary<Case>
  readonly derivative: Derivative
  /** Cases that are linear in all floating operands together, for primitives whose programs may be. */
  readonly linear?: fc.Arbitrary<Case>
  /** The part of a law's examples that is tried: below 1 where a case is a whole program; 1 if absent. */
  readonly share?: number
  /** Laws that do not apply for a reason that the record cannot know, by their names. */
  readonly inapplicable?: Readonly<Record<string, string>>
}

/** Border: the registry is a record of primitives of different attributes; the name says which. */
const primitiveOf = <N extends PrimitiveName>(name: N): Primitive<AttrsOf<N>> =>
  primitives[name] as unknown as Primitive<AttrsOf<N>>

interface CaseOptions {
  readonly tolerance?: Tolerance
  readonly observe?: ListFunction
  /** In place of the bare primitive, where its public function makes the operands legal first. */
  readonly apply?: ListFunction
}

/** A case that applies a primitive as tracing would, without the shortcuts of its public function. */
export const caseOf = <N extends PrimitiveName>(
  name: N,
  operands: readonly HostTensor[],
  attrs: AttrsOf<N>,
  { tolerance = exact, observe = (results) => results, apply }: CaseOptions = {},
): Case => {
  const primitive = primitiveOf(name)
  return {
    primitive: name,
    operands,
    apply: apply ?? ((xs) => bind(primitive, xs, attrs)),
    observe,
    tolerance,
    toString: () => describe(name, primitive.attrs.print(attrs, printIR), operands),
  }
}

export const describe = (name: string, settings: string, operands: readonly HostTensor[]): string =>
  `${name}${settings} ${operands.map((x) => `${printAval(x.aval)} ${JSON.stringify(x.toArray())}`).join(' ')}`
