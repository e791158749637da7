/*
 * Where the caller called: the first frame outside of these packages. Taking the stack is quick, writing it out is not;
 * so an equation keeps the stack, and it is written out when somebody asks.
 */
import type { Origin, SourceLine } from '../ir/ir.js'

/** Where this package and the others of Cotangent lie beside each other. */
const packages = new URL('../../..', import.meta.url).pathname

const isOwn = (file: string): boolean =>
  (file.includes(packages) || file.includes('/node_modules/@cotangent/')) && !/\.(test|laws)\./.test(file)

const isCore = (file: string): boolean => file.includes(`${packages}core/`) || file.includes('/@cotangent/core/')

interface Frame {
  readonly function: string | null
  readonly file: string
  readonly line: number
  readonly column: number
}

/** How a file's name begins, so that a bracket in a function's name is not taken for the one before it. */
const file = String.raw`(?<file>(?:[a-z][\w+.-]*:|\/|[A-Z]:\\).*?):(?<line>\d+):(?<column>\d+)`

/** `    at layer (file:///home/me/model.ts:3:14)`, in V8's form; `layer@http://host/model.js:3:14` in others. */
const forms = [
  new RegExp(String.raw`^\s*at (?:async )?(?<name>.*) \(${file}\)$`),
  new RegExp(String.raw`^\s*at (?:async )?${file}$`),
  new RegExp(`^(?<name>[^@]*)@${file}$`),
  /^\s*at (?:(?<name>.*) \()?(?<file>[\w.]+):(?<line>\d+):(?<column>\d+)\)?$/, // typed at a prompt
]

const frameIn = (text: string): Frame | null => {
  const found = forms.map((form) => form.exec(text)).find((each) => each !== null)
  const { name, file: path, line, column } = found?.groups ?? {}
  if (path === undefined || path.startsWith('node:')) return null
  return {
    // a method's class, and what an anonymous function was assigned to, do not count
    function: name?.replace(/^(?:new |Object\.|Module\.)/, '').replace(/ \[as .*\]$/, '') || null,
    file: (path.startsWith('file://') ? decodeURI(path.slice('file://'.length)) : path).replace(/\?.*$/, ''),
    line: Number(line),
    column: Number(column),
  }
}

const shortened = (file: string): string => {
  const here = typeof process === 'object' && typeof process.cwd === 'function' ? `${process.cwd()}/` : ''
  return here !== '' && file.startsWith(here) ? file.slice(here.length) : file
}

const lineIn = (stack: string): SourceLine | null => {
  const frames = stack.split('\n').flatMap((text) => frameIn(text) ?? [])
  const caller = frames.findIndex((frame) => !isOwn(frame.file))
  const own = caller < 0 ? frames : frames.slice(0, caller)
  // of core only the function that was called from outside of it
  const outer = own.findIndex((frame) => !isCore(frame.file))
  const called = own.slice(outer < 0 ? -1 : Math.max(0, outer - 1))
  const via = called.flatMap((frame, i) =>
    frame.function === null || (i > 0 && isCore(frame.file)) ? [] : [frame.function],
  )
  // a stack deeper than what was kept: the outermost frame there is
  const place = frames[caller] ?? frames.at(-1)
  return place === undefined ? null : { ...place, file: shortened(place.file), via: [...new Set(via)] }
}

/** How many frames are kept: some 10 lie between a layer of nn and its equation, and as many between a model and a layer. */
const depth = 32

/** A place in the caller's code, written out when it is first read. */
export class CallSite {
  #stack: Error | null
  #line: SourceLine | null = null

  constructor(stack: Error) {
    this.#stack = stack
  }

  get line(): SourceLine | null {
    if (this.#stack !== null) {
      this.#line = lineIn(this.#stack.stack ?? '')
      this.#stack = null // lets go of the functions it holds
    }
    return this.#line
  }
}

/** Where the function that is running was called from. */
export const callSite = (): CallSite => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = depth
  const site = new CallSite(new Error())
  Error.stackTraceLimit = limit
  return site
}

/** `model.ts:3:14` */
export const printLine = ({ file, line, column }: SourceLine): string => `${file}:${line}:${column}`

/** ` at model.ts:3:14`, or nothing where that is not known. */
export const printPlace = (origin: Origin | undefined): string => {
  const line = origin?.site?.line ?? null
  return line === null ? '' : ` at ${printLine(line)}`
}
