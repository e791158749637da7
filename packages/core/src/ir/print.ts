import { printAval } from '../aval.js'
import type { Atom, Equation, IR, Var } from './ir.js'

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

/** As JavaScript writes it, but for -0, which is another number than 0. */
export const printNumber = (x: number): string => (Object.is(x, -0) ? '-0' : String(x))

const printWith = (ir: IR, indent: string): string => {
  const name = namer()
  const binder = (v: Var): string => `${name(v)}:${printAval(v.aval)}`
  const atom = (a: Atom): string => (a.kind === 'var' ? name(a) : `${printNumber(a.value)}:${a.aval.dtype}`)
  const line = ({ primitive, inputs, attrs, results }: Equation): string => {
    const given = inputs.map(atom)
    const settings = primitive.attrs.print(attrs, (inner) => `\n${printWith(inner, `${indent}    `)}`)
    return [results.map(binder).join(' '), '=', primitive.name + settings, ...given].join(' ')
  }
  const head = `{ lambda ${ir.inputs.map(binder).join(' ')} .`
  const body = ir.equations.map((equation, i) => `${indent}  ${i === 0 ? 'let' : '   '} ${line(equation)}`)
  return [indent + head, ...body, `${indent}  in ( ${ir.outputs.map(atom).join(' ')} ) }`].join('\n')
}

/**
 * The program as text. Equal programs give equal texts, whatever the ids of their variables.
 *
 * @example
 * printIR(makeIR((x) => mul(x, x))(array([1, 2])))
 * // => { lambda a:f32[2] .
 * //      let b:f32[2] = mul a a
 * //      in ( b ) }
 */
export const printIR = (ir: IR): string => printWith(ir, '')
