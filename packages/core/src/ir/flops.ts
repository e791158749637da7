import { sizeOf } from '../aval.js'
import type { Equation, IR } from './ir.js'

/** Floating-point operations of one equation, as its primitive counts them; of an inlined program, those of the program. */
export const equationFlops = ({ primitive, inputs, attrs, results }: Equation): number => {
  const { properties } = primitive
  const body = properties.body?.(attrs)
  if (body !== undefined) return countFlops(body)
  const avals = results.map((v) => v.aval)
  if (properties.flops === undefined) return avals.reduce((n, { shape }) => n + sizeOf(shape), 0)
  return properties.flops(
    inputs.map((atom) => atom.aval),
    avals,
    attrs,
  )
}

/** Floating-point operations of one run; an inlined program counts every call. */
export const countFlops = (ir: IR): number =>
  ir.equations.reduce((total, equation) => total + equationFlops(equation), 0)
