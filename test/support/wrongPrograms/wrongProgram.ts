import type { ProgramError } from '@cotangent/core'

/** A program that must be refused: the class of its error, and what runs it. */
export type WrongProgram = readonly [kind: abstract new (...args: never[]) => ProgramError, run: () => unknown]

/** Wrong programs, by what is wrong with them. */
export type WrongPrograms = Readonly<Record<string, WrongProgram>>
