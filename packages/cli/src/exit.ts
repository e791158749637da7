import { type EdgeError, exitCodeOf } from '@cotangent/prelude'

/** What the process answers. */
export const exitCodes = { done: 0, failed: 1, badInput: 2, interrupted: 130, terminated: 143 } as const

/** Prints an error's message and sets the exit code; the stack of a wrong program only where asked for. */
export const endWith = (error: EdgeError, debug: boolean): void => {
  process.stderr.write(`${error.message}\n`)
  if (debug && error._tag === 'WrongProgram' && error.cause.stack !== undefined) {
    process.stderr.write(`${error.cause.stack}\n`)
  }
  process.exitCode = exitCodeOf(error)
}
