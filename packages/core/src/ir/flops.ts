import { sizeOf } from '../aval.js'
import type { IR } from './ir.js'

/** Floating-point operations of one run, as the primitives count them; an inlined program counts every call. */
export const countFlops = (ir: IR): number =>
  ir.equations.reduce((total, { primitive, inputs, attrs, results }) => {
    const body = primitive.properties.body?.(attrs)
    if (body !== undefined) return total + countFlops(body)
    const avals = results.map((v) => v.aval)
    const count = primitive.properties.flops
    if (count === undefined) return total + avals.reduce((n, { shape }) => n + sizeOf(shape), 0)
    return (
      total +
      count.call(
        primitive.properties,
        inputs.map((atom) => atom.aval),
        avals,
        attrs,
      )
    )
  }, 0)
