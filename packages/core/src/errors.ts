/** What a message says: what must hold, what was received, what to do. */
export interface Explanation {
  /** The public function as the caller wrote it. */
  readonly op: string
  /** What must hold. */
  readonly expected: string
  /** What was received, with names and avals. */
  readonly received: string
  /** How to mend it. */
  readonly todo: string
}

/** Where this package and the others of Cotangent lie beside each other. */
const own = new URL('../..', import.meta.url).pathname

const isFrame = (line: string): boolean => line.startsWith('    at ')

const isOwn = (frame: string): boolean => frame.includes(own) && !/\.(test|laws)\./.test(frame)

/** Drops the frames of these packages, and those of JavaScript's own functions above the caller, who then comes first. */
const callersFrames = (stack: string | undefined): string | undefined => {
  if (stack === undefined) return undefined
  const lines = stack.split('\n').filter((line) => !(isFrame(line) && isOwn(line)))
  const caller = lines.findIndex((line) => isFrame(line) && !line.includes('(<anonymous>)') && !line.includes('node:'))
  return caller < 0
    ? stack
    : [...lines.slice(0, caller).filter((line) => !isFrame(line)), ...lines.slice(caller)].join('\n')
}

/** How many frames of these packages may lie above the caller's. */
const depth = 60

/** A wrong program. Each subclass is one kind of mistake; fields carry what the text says. */
export abstract class ProgramError extends Error {
  abstract readonly _tag: string
  readonly op: string
  readonly expected: string
  readonly received: string
  readonly todo: string

  constructor({ op, expected, received, todo }: Explanation) {
    super(`${op}: ${expected}\n  received  ${received}\n  to do     ${todo}`)
    this.op = op
    this.expected = expected
    this.received = received
    this.todo = todo
    this.name = new.target.name
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = depth
    Error.captureStackTrace?.(this, new.target)
    Error.stackTraceLimit = limit
    const stack = callersFrames(this.stack)
    if (stack !== undefined) this.stack = stack
  }

  /** The page that explains this kind of mistake, with examples: a file of the repository. */
  get page(): string {
    return `docs/errors/${this._tag}.md`
  }
}

/** Shapes that do not fit together. */
export class ShapeError extends ProgramError {
  readonly _tag = 'ShapeError'
}

/** Element types that do not fit together, or an op that has no meaning for a dtype. */
export class DTypeError extends ProgramError {
  readonly _tag = 'DTypeError'
}

/** An axis that does not exist, or is named twice. */
export class AxisError extends ProgramError {
  readonly _tag = 'AxisError'
}

/** An index outside the axis it points into. */
export class IndexError extends ProgramError {
  readonly _tag = 'IndexError'
}

/** Two pytrees of different structure, or a leaf that is no tensor. */
export class TreeMismatchError extends ProgramError {
  readonly _tag = 'TreeMismatchError'
}

/** A traced value used after its trace ended, or its data read while tracing. */
export class LeakedTracerError extends ProgramError {
  readonly _tag = 'LeakedTracerError'
}

/** A derivative or batching rule that a primitive does not have. */
export class MissingRuleError extends ProgramError {
  readonly _tag = 'MissingRuleError'
}

/** A donated or device tensor read on the host. */
export class BufferError extends ProgramError {
  readonly _tag = 'BufferError'
}

/** A call with arguments it cannot take: a wrong option, a value out of range, something that is no tensor. */
export class ArgumentError extends ProgramError {
  readonly _tag = 'ArgumentError'
}

/** A text that is not what it should be. */
export class ParseError extends ProgramError {
  readonly _tag = 'ParseError'

  constructor(
    explanation: Explanation,
    /** Where the fault is, counted from 1. */
    readonly line: number,
    readonly column: number,
  ) {
    super(explanation)
  }
}
