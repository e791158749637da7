import {
  type Atom,
  allocate,
  basicPrimitives,
  composedPrimitives,
  type Equation,
  expandEquations,
  HostTensor,
  type IR,
  makeIR,
  shareCommon,
} from '@cotangent/core'

/** What the derivative of gelu computes besides: `erf(x · √½)`. */
const scaledErf = (ir: IR): ReadonlySet<number> => {
  const { mul, erf } = basicPrimitives
  const producers = new Map<number, Equation>()
  for (const equation of ir.equations) for (const v of equation.results) producers.set(v.id, equation)
  const producerOf = (atom: Atom | undefined): Equation | undefined =>
    atom?.kind === 'var' ? producers.get(atom.id) : undefined
  return new Set(
    ir.equations.flatMap(({ primitive, inputs }) => {
      const scale = primitive === erf ? producerOf(inputs[0]) : undefined
      return scale?.primitive === mul ? scale.inputs.flatMap((atom) => (atom.kind === 'var' ? [atom.id] : [])) : []
    }),
  )
}

/**
 * gelu x  ->  x · Φ(x), Φ written out, where the program computes the same error function for the derivative of gelu.
 *
 * The error function takes seven times as long as the rest, so it is worth more to have it once than to have gelu in
 * one operator.
 */
export const shareGelu = (ir: IR): IR => {
  const known = scaledErf(ir)
  const { gelu } = composedPrimitives
  const expanded = expandEquations(ir, ({ primitive, inputs: [x], attrs }) => {
    if (primitive !== gelu || x?.kind !== 'var' || !known.has(x.id)) return null
    const { shape, dtype } = x.aval
    const like = new HostTensor(allocate(dtype, 0), shape, dtype) // only its shape and dtype are looked at
    const written = makeIR((operand: HostTensor) => primitive.decompose([operand], attrs) ?? [])(like)
    // where it comes from is where gelu does
    return { ...written, equations: written.equations.map(({ origin: _, ...equation }) => equation) }
  })
  return expanded.equations.length === ir.equations.length ? ir : shareCommon(expanded)
}
