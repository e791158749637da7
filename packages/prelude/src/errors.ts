import { escapeForTerminal, escapeLines } from './escapeForTerminal.js'
import { E, type TE } from './fp.js'

/** What every error value of the edges has: a tag to switch on and a message to print. */
interface Tagged<Tag extends string> {
  readonly _tag: Tag
  /** What must hold, what was received, what to do; safe to print on a terminal. */
  readonly message: string
}

/** One field of a decoded value that is not as it must be; all three texts are safe to print. */
export interface FieldFault {
  /** Where in the value, as `layers[3].query`; empty for the value itself. */
  readonly path: string
  readonly expected: string
  readonly received: string
}

/** A value (a file's content, an argument) that does not decode; one entry of `faults` per field. */
export interface BadInput extends Tagged<'BadInput'> {
  readonly file: string | undefined
  readonly faults: readonly FieldFault[]
}

/** A configuration whose fields decode one by one but contradict each other, or ask for what is not supported. */
export interface BadConfig extends Tagged<'BadConfig'> {
  readonly file: string | undefined
  readonly faults: readonly FieldFault[]
}

/** A command line option that is unknown, repeated or has a bad value. */
export interface BadOption extends Tagged<'BadOption'> {
  readonly option: string
}

/** A file that is not there, is no regular file, or may not be read. */
export interface MissingFile extends Tagged<'MissingFile'> {
  readonly file: string
  /** The system's code, such as ENOENT or EACCES; empty where there is none. */
  readonly code: string
}

/** Tensors that a model needs and a container lacks. */
export interface MissingTensor extends Tagged<'MissingTensor'> {
  readonly file: string | undefined
  readonly names: readonly string[]
}

/** A tensor whose shape or dtype is another than its reader needs. */
export interface WrongShape extends Tagged<'WrongShape'> {
  readonly file: string | undefined
  readonly tensor: string
  readonly expected: string
  readonly received: string
}

/** A container (safetensors and its index) that breaks its own format. */
export interface BadContainer extends Tagged<'BadContainer'> {
  readonly file: string
  /** Which law of the format is broken, in a few words. */
  readonly reason: string
  readonly tensor: string | undefined
}

/** An engine that cannot be started on this machine. */
export interface EngineUnavailable extends Tagged<'EngineUnavailable'> {
  readonly engine: string
}

/** A place for output that cannot be used; found before work starts. */
export interface OutputRefused extends Tagged<'OutputRefused'> {
  readonly path: string
}

/** A place for output that another run is using. */
export interface OutputBusy extends Tagged<'OutputBusy'> {
  readonly path: string
}

/** A write that failed while running, such as a disk that filled up. */
export interface WriteFailed extends Tagged<'WriteFailed'> {
  readonly path: string
  readonly code: string
}

/** A program that the core refused: what `attempt` makes of a thrown error. */
export interface WrongProgram extends Tagged<'WrongProgram'> {
  /** The name of the thrown error's class, such as ShapeError. */
  readonly name: string
  /** The thrown error itself, whose stack is worth showing under `--debug`. */
  readonly cause: Error
}

/** A training step whose loss is not finite. */
export interface NonFinite extends Tagged<'NonFinite'> {
  readonly term: string
  readonly step: number
}

/** Every error that an edge gives as a value. */
export type EdgeError =
  | BadInput
  | BadConfig
  | BadOption
  | MissingFile
  | MissingTensor
  | WrongShape
  | BadContainer
  | EngineUnavailable
  | OutputRefused
  | OutputBusy
  | WriteFailed
  | WrongProgram
  | NonFinite

/** The three parts of a message. */
export interface MessageParts {
  /** What must hold, as a sentence; begins with the file, option or function it is about. */
  readonly must: string
  /** What was received instead; lines are set under each other. */
  readonly received: string
  /** What the reader can do about it. */
  readonly todo: string
}

const indented = (label: string, text: string): string =>
  `  ${label.padEnd(10)}${text.split('\n').join(`\n${' '.repeat(12)}`)}`

/**
 * A message of three parts, free of control characters.
 *
 * @example threeParts({ must: 'rank must be above 0.', received: '0', todo: 'give a rank' })
 * // => 'rank must be above 0.\n  received  0\n  to do     give a rank'
 */
export const threeParts = ({ must, received, todo }: MessageParts): string =>
  escapeLines([must, indented('received', received), indented('to do', todo)].join('\n'))

// A message with thousands of lines helps nobody: the first ones and a count do.
const shownFaults = 20

/** A fault as one line, `path: expected E, received R`. */
export const faultLine = ({ path, expected, received }: FieldFault): string =>
  `${path === '' ? '' : `${path}: `}expected ${expected}, received ${received}`

const faultLines = (faults: readonly FieldFault[]): string => {
  const lines = faults.slice(0, shownFaults).map(faultLine)
  return (faults.length > shownFaults ? [...lines, `and ${faults.length - shownFaults} more`] : lines).join('\n')
}

const counted = (n: number): string =>
  n === 1 ? 'a value is not as it must be' : `${n} values are not as they must be`

const about = (file: string | undefined): string => (file === undefined ? '' : `${escapeForTerminal(file)}: `)

/**
 * The error for a value that does not decode.
 *
 * @example
 * badInput([{ path: 'rank', expected: 'a whole number above 0', received: '-1' }], 'study.yaml').message
 * // => study.yaml: a value is not as it must be.
 * //      received  rank: expected a whole number above 0, received -1
 * //      to do     correct what is listed in study.yaml
 */
export const badInput = (faults: readonly FieldFault[], file?: string): BadInput => ({
  _tag: 'BadInput',
  file,
  faults,
  message: threeParts({
    must: `${about(file)}${counted(faults.length)}.`,
    received: faultLines(faults),
    todo: file === undefined ? 'correct what is listed' : `correct what is listed in ${escapeForTerminal(file)}`,
  }),
})

/** The error for a configuration that contradicts itself or asks for what is not supported. */
export const badConfig = (faults: readonly FieldFault[], todo: string, file?: string): BadConfig => ({
  _tag: 'BadConfig',
  file,
  faults,
  message: threeParts({ must: `${about(file)}this configuration cannot be used.`, received: faultLines(faults), todo }),
})

/** The error for one command line option. */
export const badOption = (option: string, parts: MessageParts): BadOption => ({
  _tag: 'BadOption',
  option,
  message: threeParts(parts),
})

/** The error for a file that cannot be opened or is no regular file. */
export const missingFile = (file: string, received: string, todo: string, code = ''): MissingFile => ({
  _tag: 'MissingFile',
  file,
  code,
  message: threeParts({ must: `${escapeForTerminal(file)}: must be a file that can be read.`, received, todo }),
})

const shownNames = 10

/**
 * The error for tensors that are not in a container.
 *
 * @param names what was needed, as the container would call it
 * @param nearNames a near miss per name where there is one (see `nearest`)
 */
export const missingTensor = (
  names: readonly string[],
  file: string | undefined,
  nearNames: ReadonlyMap<string, string> = new Map(),
): MissingTensor => ({
  _tag: 'MissingTensor',
  file,
  names,
  message: threeParts({
    must: `${about(file)}every tensor that the model needs must be there.`,
    received: `${names.length} missing:\n${[
      ...names.slice(0, shownNames).map((name) => {
        const near = nearNames.get(name)
        return escapeForTerminal(name) + (near === undefined ? '' : ` (there is ${escapeForTerminal(near)})`)
      }),
      ...(names.length > shownNames ? [`and ${names.length - shownNames} more`] : []),
    ].join('\n')}`,
    todo: 'check that the weights and the configuration belong to the same model',
  }),
})

/** The error for a tensor of another shape or dtype than needed; `expected` and `received` as `F32[32,64]`. */
export const wrongShape = (
  tensor: string,
  expected: string,
  received: string,
  file?: string,
  todo = 'check that the weights and the configuration belong to the same model',
): WrongShape => ({
  _tag: 'WrongShape',
  file,
  tensor,
  expected,
  received,
  message: threeParts({ must: `${about(file)}${escapeForTerminal(tensor)} must be ${expected}.`, received, todo }),
})

/** The error for a container that breaks its format; `reason` is the law, `received` what stood there. */
export const badContainer = (file: string, reason: string, received: string, tensor?: string): BadContainer => ({
  _tag: 'BadContainer',
  file,
  reason,
  tensor,
  message: threeParts({
    must: `${escapeForTerminal(file)}: ${tensor === undefined ? '' : `tensor "${escapeForTerminal(tensor, 80)}": `}${reason}.`,
    received,
    todo: 'fetch or write the file again: it is damaged, cut short, or of another format',
  }),
})

/** The error for an engine that does not start here. */
export const engineUnavailable = (engine: string, received: string, todo: string): EngineUnavailable => ({
  _tag: 'EngineUnavailable',
  engine,
  message: threeParts({
    must: `engine "${escapeForTerminal(engine)}" must be usable on this machine.`,
    received,
    todo,
  }),
})

/** The error for an output folder or file that cannot be used, found before work starts. */
export const outputRefused = (path: string, parts: MessageParts): OutputRefused => ({
  _tag: 'OutputRefused',
  path,
  message: threeParts(parts),
})

/** The error for an output folder that another run holds. */
export const outputBusy = (path: string, received: string): OutputBusy => ({
  _tag: 'OutputBusy',
  path,
  message: threeParts({
    must: `${escapeForTerminal(path)}: one run at a time may write here.`,
    received,
    todo: 'wait for that run to end, stop it, or give another output folder',
  }),
})

/** The error for a write that failed part-way; what stood there before is untouched. */
export const writeFailed = (path: string, received: string, code = ''): WriteFailed => ({
  _tag: 'WriteFailed',
  path,
  code,
  message: threeParts({
    must: `${escapeForTerminal(path)}: must be written as a whole.`,
    received,
    todo: 'make room or repair the disk and run again: what was there before is unchanged',
  }),
})

/** The error for a loss that stopped being finite. */
export const nonFinite = (term: string, step: number, received: string): NonFinite => ({
  _tag: 'NonFinite',
  term,
  step,
  message: threeParts({
    must: `the term "${escapeForTerminal(term)}" must stay finite.`,
    received: `${received} at step ${step}`,
    todo: 'lower the learning rate or the weight of this term, or look at the batch of this step',
  }),
})

/**
 * The border to the core, which throws at wrong programs: the only place where its errors are caught.
 *
 * @returns Right of what `f` gives, or Left with the thrown error as `cause`; what is no Error is thrown on
 * @example attempt(() => 1 + 1) // => { _tag: 'Right', right: 2 }
 */
export const attempt = <A>(f: () => A): E.Either<WrongProgram, A> => {
  try {
    return E.right(f())
  } catch (cause) {
    return E.left(wrongProgram(cause))
  }
}

/**
 * `attempt` for what answers later, such as a compiled function.
 *
 * @example attemptTask(() => Promise.resolve(1))
 */
export const attemptTask =
  <A>(f: () => Promise<A>): TE.TaskEither<WrongProgram, A> =>
  async () => {
    try {
      return E.right(await f())
    } catch (cause) {
      return E.left(wrongProgram(cause))
    }
  }

const wrongProgram = (cause: unknown): WrongProgram => {
  if (!(cause instanceof Error)) throw cause
  return { _tag: 'WrongProgram', name: cause.name, cause, message: escapeLines(cause.message) }
}

/** A thrown edge error, for scripts that prefer a throw to an Either. */
export class EdgeFailure extends Error {
  override readonly name = 'EdgeFailure'
  constructor(readonly error: EdgeError) {
    super(error.message)
  }
}

/**
 * The value of a Right; a Left is thrown as `EdgeFailure`. For the top of a script.
 *
 * @throws EdgeFailure with the error's message
 * @example getOrThrow(E.right(1)) // => 1
 */
export const getOrThrow = <A>(result: E.Either<EdgeError, A>): A => {
  if (result._tag === 'Left') throw new EdgeFailure(result.left)
  return result.right
}

const whileRunning: ReadonlySet<EdgeError['_tag']> = new Set(['WriteFailed', 'NonFinite', 'WrongProgram'])

/**
 * The exit code of a command that ends with this error: 2 where the input was wrong, 1 where running failed.
 *
 * @example exitCodeOf(writeFailed('out', 'the disk is full')) // => 1
 */
export const exitCodeOf = (error: EdgeError): 1 | 2 => (whileRunning.has(error._tag) ? 1 : 2)
