/* A law as data: what it says of a primitive, whom it applies to, and how it is checked. */
import type { AnyPrimitive, Engine, PrimitiveName } from '@cotangent/core'
import type { PrimitiveGenerator } from '../primitives/case.js'
import type { Runs } from '../runs.js'
import type { Facts } from './facts.js'

/** A primitive with its test data, and what follows from both. */
export interface Subject {
  readonly name: PrimitiveName
  readonly primitive: AnyPrimitive
  readonly generator: PrimitiveGenerator
  /** Found from its cases when they are first needed. */
  readonly facts: () => Facts
}

/** The part of a record that a law can find wrong. */
export type Rule = 'evaluate' | 'jvp' | 'transpose' | 'batch' | 'decompose'

interface About {
  /** A few words; unique. */
  readonly name: string
  /** What must hold, as a formula where there is one. */
  readonly statement: string
  /** How far off it may be, and why. */
  readonly tolerance: string
  /** How many examples are tried by default: fewer where each is dear. */
  readonly examples: number
  /** The rules it can find wrong: which laws are asked first about a change of one. */
  readonly about: readonly Rule[]
  /** Whether it says anything of this primitive; if not, why. */
  applies(subject: Subject): true | string
}

/** A law of the record, checked on the reference evaluator. */
export interface RecordLaw extends About {
  readonly on: 'reference'
  /** @throws LawError with the smallest case that breaks it */
  check(subject: Subject, runs: Runs): void
}

/** How an engine is compared with the reference evaluator. */
export interface EngineSettings {
  /** Multiplies every tolerance that is not exact; 1 by default. */
  readonly slack?: number
  /** `'any'`: where the right result is NaN or infinite, the engine may answer anything. `'equal'` by default. */
  readonly nonFinite?: 'equal' | 'any'
}

/** A law of engines: what one computes agrees with the reference evaluator. */
export interface EngineLaw extends About {
  readonly on: 'every engine'
  /** @throws LawError with the smallest case that breaks it */
  check(subject: Subject, engine: Engine, runs: Runs, settings?: EngineSettings): Promise<void>
}

/** A law that primitives are held to. */
export type PrimitiveLaw = RecordLaw | EngineLaw
