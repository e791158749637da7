import { bytesOf, type Equation, type IR, sizeOf, type Var } from '@cotangent/core'

const bytesOfVar = ({ aval }: Var): number => sizeOf(aval.shape) * bytesOf[aval.dtype]

const programsOf = ({ primitive, attrs }: Equation): readonly IR[] => primitive.properties.programs?.of(attrs) ?? []

/** Bytes of the intermediate values that are alive together at the worst place of a program, one step of a loop included. */
export const peakBytes = (ir: IR): number => {
  const last = new Map<number, number>()
  for (const [i, { inputs }] of ir.equations.entries()) {
    for (const atom of inputs) if (atom.kind === 'var') last.set(atom.id, i)
  }
  const dying = new Map<number, number>()
  const inner = new Map(ir.equations.flatMap(({ results }) => results.map((v) => [v.id, v] as const)))
  for (const [id, i] of last) {
    const v = inner.get(id)
    if (v !== undefined) dying.set(i, (dying.get(i) ?? 0) + bytesOfVar(v))
  }
  let [alive, peak] = [0, 0]
  for (const [i, equation] of ir.equations.entries()) {
    const { results } = equation
    alive += results.reduce((total, v) => total + bytesOfVar(v), 0)
    peak = Math.max(peak, alive + Math.max(0, ...programsOf(equation).map(peakBytes)))
    alive -= dying.get(i) ?? 0
  }
  return peak
}
