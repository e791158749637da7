/* What the search for NaN finds, as data and as text. */
import { type Aval, printAval } from '../aval.js'
import type { Pass, SourceLine } from '../ir/ir.js'
import { printNumber } from '../ir/settings.js'
import { printLine } from '../trace/callSite.js'

/** A place in a tensor: an index for each axis, `null` for a whole axis. */
export type Place = readonly (number | null)[]

/** A value that an operation took. */
export interface OperandReport extends Aval {
  /** The part of it that is shown: what belongs to the bad element, as far as its shape tells. */
  readonly at: Place
  /** The first elements of that part. */
  readonly values: readonly number[]
  /** Least and largest of its finite elements; `null` if there is none. */
  readonly range: readonly [number, number] | null
  /** Where its infinity came from, if it has one. */
  readonly infinity: NaNReport | null
}

/** A program that the operation stands in: the body of a loop, a branch, a function under `jit` or `checkpoint`. */
export interface Enclosing {
  /** The primitive that holds the program. */
  readonly op: string
  /** Which of its programs, and which run of it: `step 3`, `branch 1`; empty where there is one run of one. */
  readonly place: string
  readonly source: SourceLine | null
}

/** The first operation whose result has NaN (or an infinity) though none of its operands has; or an argument with one. */
export interface NaNReport {
  readonly kind: 'operation' | 'argument' | 'captured'
  readonly found: 'NaN' | 'infinity'
  /** The primitive; of an argument its path, `params.layers[3].query`. */
  readonly op: string
  readonly result: Aval
  /** The first bad element. */
  readonly index: readonly number[]
  readonly value: number
  /** How many elements are bad. */
  readonly count: number
  readonly operands: readonly OperandReport[]
  /** The caller's line. */
  readonly source: SourceLine | null
  readonly pass: Pass
  /** The primitive whose derivative it belongs to. */
  readonly derivativeOf: string | null
  /** The scopes it was made in, outermost first; among them the term of an objective. */
  readonly scopes: readonly string[]
  /** The programs it stands in, outermost first. */
  readonly within: readonly Enclosing[]
}

const passes: Readonly<Record<Pass, string>> = {
  forward: 'the forward pass',
  derivative: 'a derivative',
  backward: 'the backward pass',
}

const printPlace = (at: Place): string => `[${at.map((i) => i ?? ':').join(',')}]`

const located = (source: SourceLine | null): string => (source === null ? '' : ` at ${printLine(source)}`)

const shown = (x: number): string => printNumber(Number.isFinite(x) ? Number(x.toPrecision(6)) : x)

/** `log at model.ts:3:14`, `the argument x` */
const whereOf = ({ kind, op, source }: NaNReport): string =>
  kind === 'operation'
    ? `${op}${located(source)}`
    : kind === 'argument'
      ? `the argument ${op}`
      : 'a value that the function closes over'

const operandText = ({ at, values, range, infinity, ...aval }: OperandReport): string => {
  const whole = at.length > 0 && at.every((i) => i === null)
  const place = at.length === 0 || whole ? '' : ` at ${printPlace(at)}`
  const spread =
    values.length > 1 && range !== null ? `; its finite elements are from ${shown(range[0])} to ${shown(range[1])}` : ''
  const origin = infinity === null ? '' : `, infinite since ${whereOf(infinity)}`
  return `${printAval(aval)}${place}: ${values.map(shown).join(', ')}${origin}${spread}`
}

/**
 * What `findNaN` found, as text: where, from which values, on which line.
 *
 * @example explainNaN(report)
 */
export const explainNaN = (report: NaNReport): string => {
  const { kind, found, op, result, index, value, count, operands, source, pass, derivativeOf, scopes, within } = report
  const size = result.shape.reduce((n, length) => n * length, 1)
  const bad = `${printAval(result)}, ${shown(value)}${index.length === 0 ? '' : ` at ${printPlace(index)}`}, ${count} of ${size} elements`
  if (kind !== 'operation') {
    return `${found} in ${whereOf(report)}: ${bad}`
  }
  const rows: readonly (readonly [string, string])[] = [
    ['result', bad],
    ...operands.map((operand, i): readonly [string, string] => [i === 0 ? 'operands' : '', operandText(operand)]),
    ...(source === null || source.via.every((name) => name === op)
      ? []
      : [['through', source.via.join(' < ')] as const]),
    ...(scopes.length === 0 ? [] : [['scope', scopes.join(' / ')] as const]),
    ...within.map((each, i): readonly [string, string] => [
      i === 0 ? 'within' : '',
      `${each.op}${each.place === '' ? '' : `, ${each.place}`}${located(each.source)}`,
    ]),
  ]
  const of = derivativeOf === null ? '' : ` of ${derivativeOf}`
  return [
    `${found} in ${passes[pass]}${of}: ${op}${located(source)}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(9)} ${text}`),
  ].join('\n')
}
