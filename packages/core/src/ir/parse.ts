/*
 * Programs from texts, as printIR writes them:
 *
 *   program  = '{' 'lambda' binder* '.' ['let' equation+] 'in' '(' atom* ')' '}'
 *   equation = binder+ '=' primitive ['[' (key '=' value)* ']'] atom*
 *   binder   = name ':' dtype '[' lengths ']'
 *   atom     = name | number ':' dtype
 *   value    = number | word | "text" | '(' values ')' | '{' (key '=' value)* '}' | program
 */
import { nearest } from '@cotangent/prelude'
import { type Aval, aval, type DType, dtypes } from '../aval.js'
import { primitives as registry } from '../primitives/index.js'
import { checkEquation } from './check.js'
import { type AnyPrimitive, type Atom, freshVar, type IR, type Var } from './ir.js'
import { parseOrigin } from './parseOrigin.js'
import { parseSettings } from './parseSettings.js'
import { Reader } from './reader.js'

const name = /[a-z]+/y
const number = /-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Infinity|NaN)(?=:)/y
const dtype = /[a-z]\w*/y

/** What a program's text is read with. */
export interface ParseOptions {
  /** Primitives of one's own, by name, besides those of the registry. */
  readonly primitives?: Readonly<Record<string, AnyPrimitive>>
}

type Table = ReadonlyMap<string, AnyPrimitive>

const parseDType = (reader: Reader): DType => {
  const at = reader.at
  const found = reader.need(dtype, 'a dtype')
  return dtypes.find((each) => each === found) ?? reader.fail(`a dtype is one of ${dtypes.join(', ')}.`, at)
}

const parseAval = (reader: Reader): Aval => {
  const type = parseDType(reader)
  reader.need(/\[/y, 'the lengths of its axes, as [2,3],')
  const shape: number[] = []
  while (reader.peek(/\d/y) !== null) {
    shape.push(Number(reader.need(/\d+/y, 'a length')))
    if (reader.take(/,/y) === null) break
  }
  reader.need(/\]/y, 'a closing ]')
  return aval(shape, type)
}

class Scope {
  readonly #bound = new Map<string, Var>()

  constructor(readonly reader: Reader) {}

  bind(): Var {
    const { reader } = this
    const at = reader.at
    const called = reader.need(name, 'the name of a variable')
    if (this.#bound.has(called)) reader.fail(`a variable is bound once, and ${called} is already.`, at)
    reader.need(/:/y, 'a colon and an aval')
    const variable = freshVar(parseAval(reader))
    this.#bound.set(called, variable)
    return variable
  }

  atom(): Atom {
    const { reader } = this
    const at = reader.at
    const value = reader.take(number)
    if (value !== null) {
      reader.need(/:/y, 'a colon and a dtype')
      return { kind: 'literal', value: Number(value), aval: aval([], parseDType(reader)) }
    }
    const called = reader.need(name, 'a variable or a number')
    return this.#bound.get(called) ?? reader.fail(`a variable is bound before it is used, and ${called} is not.`, at)
  }
}

const binderFollows = (reader: Reader): boolean => reader.peek(/[a-z]+\s*:/y) !== null
const endFollows = (reader: Reader): boolean => reader.peek(/in\s*\(/y) !== null

const parsePrimitive = (reader: Reader, table: Table): AnyPrimitive => {
  const at = reader.at
  const called = reader.need(/[A-Za-z_]\w*/y, 'the name of a primitive')
  const found = table.get(called)
  if (found !== undefined) return found
  const near = nearest(called, [...table.keys()])
  return reader.fail(
    `there must be a primitive here, and ${called} is none.`,
    at,
    near === undefined ? 'give primitives of your own in the option primitives' : `did you mean ${near}?`,
  )
}

/** The message of what was thrown by a shape rule that looks at settings it was not made for. */
const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

const parseEquation = (reader: Reader, scope: Scope, table: Table) => {
  const results: Var[] = []
  const start = reader.at
  do results.push(scope.bind())
  while (binderFollows(reader))
  reader.need(/=/y, 'the sign =')
  const at = reader.at
  const primitive = parsePrimitive(reader, table)
  const settings =
    reader.peek(/\[/y) === null ? new Map<string, unknown>() : parseSettings(reader, () => parseProgram(reader, table))
  const attrs = ((): unknown => {
    try {
      return primitive.attrs.parse(settings)
    } catch (thrown) {
      return reader.fail(`the settings of ${primitive.name} must be complete: ${reasonOf(thrown)}.`, at)
    }
  })()
  const inputs: Atom[] = []
  while (!binderFollows(reader) && !endFollows(reader) && reader.peek(/[a-z]|-?\d|-?Infinity:|NaN:/y) !== null) {
    inputs.push(scope.atom())
  }
  const origin = parseOrigin(reader.comment)
  const equation = { primitive, inputs, attrs, results, ...(origin === null ? {} : { origin }) }
  try {
    checkEquation(equation)
  } catch (thrown) {
    reader.fail(`an equation must fit its operands and settings: ${reasonOf(thrown)}.`, start)
  }
  return equation
}

const parseProgram = (reader: Reader, table: Table): IR => {
  const scope = new Scope(reader)
  reader.need(/\{/y, 'a program, which begins with {,')
  reader.need(/lambda\b/y, 'the word lambda')
  const inputs: Var[] = []
  while (binderFollows(reader)) inputs.push(scope.bind())
  reader.need(/\./y, 'another input, as a:f32[2], or a dot')
  const equations: IR['equations'][number][] = []
  if (reader.take(/let\b(?!\s*:)/y) !== null) {
    do equations.push(parseEquation(reader, scope, table))
    while (binderFollows(reader))
  }
  reader.need(/in\b(?=\s*\()/y, 'another equation, an operand, or the word in and the results')
  reader.need(/\(/y, 'an opening (')
  const outputs: Atom[] = []
  while (reader.peek(/\)/y) === null) outputs.push(scope.atom())
  reader.need(/\)/y, 'a closing )')
  reader.need(/\}/y, 'a closing }')
  return { inputs, equations, outputs }
}

/**
 * The program that a text shows, as `printIR` writes it. It prints and evaluates as the one that was printed.
 *
 * @throws ParseError with line and column, for a text that is no program
 * @example
 * const program = parseIR('{ lambda a:f32[2] . let b:f32[2] = mul a a in ( b ) }')
 * evaluateIR(program, [array([3, 4])]).map(({ data }) => data) // => [[9, 16]]
 */
export const parseIR = (text: string, { primitives = {} }: ParseOptions = {}): IR => {
  const reader = new Reader('parseIR', text)
  reader.skip()
  const ir = parseProgram(reader, new Map(Object.entries({ ...registry, ...primitives })))
  if (reader.at < text.length) reader.fail('nothing may stand behind a program.')
  return ir
}
