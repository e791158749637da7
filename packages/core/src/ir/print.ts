import { printAval } from '../aval.js'
import { printLine } from '../trace/callSite.js'
import type { Atom, Equation, IR, Origin, Var } from './ir.js'
import { printNumber, printText } from './settings.js'

/** `a, b, ..., z, aa, ab, ...` in order of first appearance, so that equal programs print alike. */
const namer = (): ((v: Var) => string) => {
  const names = new Map<number, string>()
  const spell = (n: number): string =>
    (n < 26 ? '' : spell(Math.floor(n / 26) - 1)) + String.fromCharCode(97 + (n % 26))
  return (v) => {
    const known = names.get(v.id)
    if (known !== undefined) return known
    const name = spell(names.size)
    names.set(v.id, name)
    return name
  }
}

/** `model.ts:3:14, in penalty, backward of log`: as much of it as is known. */
export const printOrigin = ({ site, scope, pass, of }: Origin): string => {
  const line = site?.line ?? null
  return [
    ...(line === null ? [] : [printLine(line)]),
    ...(scope.length === 0 ? [] : [`in ${scope.map(printText).join('/')}`]),
    ...(pass === 'forward' ? [] : [of === null ? pass : `${pass} of ${of}`]),
  ].join(', ')
}

/** How a program is printed. */
export interface PrintOptions {
  /** Behind every equation, where it comes from: the caller's line, its scopes, and what it is the derivative of. */
  readonly sources?: boolean
}

const printWith = (ir: IR, indent: string, sources: boolean): string => {
  const name = namer()
  const binder = (v: Var): string => `${name(v)}:${printAval(v.aval)}`
  const atom = (a: Atom): string => (a.kind === 'var' ? name(a) : `${printNumber(a.value)}:${a.aval.dtype}`)
  const line = ({ primitive, inputs, attrs, results, origin }: Equation): string => {
    const given = inputs.map(atom)
    const settings = primitive.attrs.print(attrs, (inner) => `\n${printWith(inner, `${indent}    `, sources)}`)
    const comment = sources && origin !== undefined ? printOrigin(origin) : ''
    return [
      results.map(binder).join(' '),
      '=',
      primitive.name + settings,
      ...given,
      ...(comment === '' ? [] : [` # ${comment}`]),
    ].join(' ')
  }
  const head = `{ lambda ${ir.inputs.map(binder).join(' ')} .`
  const body = ir.equations.map((equation, i) => `${indent}  ${i === 0 ? 'let' : '   '} ${line(equation)}`)
  return [indent + head, ...body, `${indent}  in ( ${ir.outputs.map(atom).join(' ')} ) }`].join('\n')
}

/**
 * The program as text. Equal programs give equal texts, whatever the ids of their variables; `parseIR` reads it back.
 *
 * @example
 * printIR(makeIR((x) => mul(x, x))(array([1, 2])))
 * // => { lambda a:f32[2] .
 * //      let b:f32[2] = mul a a
 * //      in ( b ) }
 */
export const printIR = (ir: IR, { sources = false }: PrintOptions = {}): string => printWith(ir, '', sources)
